/** PulseAudio's devices, or PipeWire's by its Pulse face: what `pactl` says, which comes with parec and pacat. */
import type { ChildEnvironment } from '../subprocess.ts';
import { listOf } from './device.ts';
import type { Device, DeviceList, Direction } from './device.ts';
import { outputOf } from './run.ts';

const MONITOR = '.monitor';
const WORDS = { input: ['sources', 'Source'], output: ['sinks', 'Sink'] } as const;

export async function listPulse(
  direction: Direction,
  environment: ChildEnvironment,
): Promise<DeviceList> {
  const [plural, singular] = WORDS[direction];
  const [list, info] = await Promise.all([
    outputOf('pactl', ['list', plural], environment),
    outputOf('pactl', ['info'], environment),
  ]);
  if (list.failure !== undefined) return { failure: `pactl: ${list.failure}` };
  const byDefault = info.failure === undefined ? defaultIn(info.text, singular) : undefined;
  return listOf(parsePulse(list.text, singular, byDefault));
}

/** `text`: of `pactl list sources`. Its JSON came later, and is none in some languages. */
export function parsePulse(
  text: string,
  singular: 'Source' | 'Sink',
  byDefault: string | undefined,
): Device[] {
  const devices: Device[] = [];
  for (const block of text.split(new RegExp(`^${singular} #\\d+$`, 'm')).slice(1)) {
    const field = (name: string): string | undefined =>
      new RegExp(`^\\t${name}: (.*)$`, 'm').exec(block)?.[1];
    const id = field('Name');
    if (id === undefined) continue;
    const volume = /(\d+)%/.exec(field('Volume') ?? '')?.[1];
    devices.push({
      id,
      name: field('Description') ?? id,
      isDefault: id === byDefault,
      isMonitor: (field('Monitor of Sink') ?? 'n/a') !== 'n/a',
      muted: field('Mute') === 'yes',
      ...(volume !== undefined && { volumePercent: Number(volume) }),
    });
  }
  return devices;
}

const defaultIn = (info: string, singular: 'Source' | 'Sink'): string | undefined =>
  new RegExp(`^Default ${singular}: (.*)$`, 'm').exec(info)?.[1];

/** `source` gives what the default sink plays. Where nobody can say, a monitor is taken for one. */
export async function isDefaultSinkMonitor(
  source: string,
  environment: ChildEnvironment,
): Promise<boolean> {
  if (!source.endsWith(MONITOR)) return false;
  const info = await outputOf('pactl', ['info'], environment);
  if (info.failure !== undefined) return true;
  return defaultIn(info.text, 'Sink') === source.slice(0, -MONITOR.length);
}
