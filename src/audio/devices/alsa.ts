/** ALSA's devices: what `arecord -L` and `aplay -L` say, less what nobody means. */
import type { ChildEnvironment } from '../subprocess.ts';
import { listOf } from './device.ts';
import type { Device, DeviceList, Direction } from './device.ts';
import { outputOf } from './run.ts';

/** Whole devices; `plughw` changes rates, as `hw` does not. Every card also goes by ten other names. */
const SERVERS = ['default', 'pipewire', 'pulse'];
const CARD = /^plughw:/;

export async function listAlsa(
  direction: Direction,
  environment: ChildEnvironment,
): Promise<DeviceList> {
  const program = direction === 'input' ? 'arecord' : 'aplay';
  const list = await outputOf(program, ['-L'], environment);
  if (list.failure !== undefined) return { failure: `${program}: ${list.failure}` };
  return listOf(parseAlsa(list.text));
}

/** Names stand at the margin, their descriptions below them, indented. */
export function parseAlsa(text: string): Device[] {
  const devices: Device[] = [];
  for (const block of text.split(/^(?=\S)/m)) {
    const [id = '', ...about] = block.trimEnd().split('\n');
    if (!SERVERS.includes(id) && !CARD.test(id)) continue;
    // The last line of a card is the same for all: "Hardware device with all software conversions".
    const [first = id] = about.map((line) => line.trim()).filter((line) => line !== '');
    devices.push({ id, name: first, isDefault: id === 'default', isMonitor: false });
  }
  return devices;
}
