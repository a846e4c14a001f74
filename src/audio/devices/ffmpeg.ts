/**
 * The microphones of macOS and Windows by ffmpeg, which lists them on stderr. Written from its documentation
 * and from published output; never run on either.
 */
import type { ChildEnvironment } from '../subprocess.ts';
import { listOf } from './device.ts';
import type { Device, DeviceList } from './device.ts';
import { outputOf } from './run.ts';

type Driver = 'avfoundation' | 'dshow';

const INPUTS = { avfoundation: '', dshow: 'dummy' } as const;

export async function listFfmpeg(
  driver: Driver,
  environment: ChildEnvironment,
): Promise<DeviceList> {
  const args = ['-hide_banner', '-f', driver, '-list_devices', 'true', '-i', INPUTS[driver]];
  const list = await outputOf('ffmpeg', args, environment, 'stderr');
  if (list.failure !== undefined) return { failure: `ffmpeg: ${list.failure}` };
  return listOf(parseFfmpeg(list.text, driver));
}

/**
 * avfoundation: `[… @ 0x…] AVFoundation audio devices:`, then `[… @ 0x…] [0] Built-in Microphone`.
 * dshow: `[dshow @ …] DirectShow audio devices`, then ` "Microphone (…)"`; since ffmpeg 5 without that
 * heading, but ` "Microphone (…)" (audio)`. A line `Alternative name "…"` may follow.
 */
export function parseFfmpeg(text: string, driver: Driver): Device[] {
  const devices: Device[] = [];
  let inAudio = false;
  for (const line of text.split('\n')) {
    const said = /^\[[^\]]* @ [^\]]*\]\s*(.*)$/.exec(line)?.[1] ?? '';
    const heading = /\b(audio|video) devices\b/.exec(said)?.[1];
    if (heading !== undefined) {
      inAudio = heading === 'audio';
      continue;
    }
    const entry =
      driver === 'avfoundation'
        ? /^\[\d+\] (?<name>.+)$/.exec(said)?.groups
        : /^"(?<name>.+)"(?: \((?<kinds>[a-z, ]+)\))?$/.exec(said)?.groups;
    const name = entry?.['name'];
    if (name === undefined) continue;
    const kinds = entry?.['kinds'];
    if (kinds === undefined ? inAudio : kinds.includes('audio'))
      devices.push({ id: name, name, isDefault: false, isMonitor: false });
  }
  return devices;
}
