/** Devices that are muted or turned down in the sound server: how to see it, and the command that helps. */
import type { Warning } from '../../errors.ts';
import type { ChildEnvironment } from '../subprocess.ts';
import type { SoundSystem } from './choose.ts';
import type { Device, Direction } from './device.ts';

/** `unmute` and `louder` as one command of the sound system; undefined where there is none. */
export function levelCommand(
  what: 'unmute' | 'louder',
  direction: Direction,
  system: SoundSystem | undefined,
  id: string,
): string | undefined {
  const [kind, wp] = direction === 'input' ? ['source', 'SOURCE'] : ['sink', 'SINK'];
  if (system === 'pulse')
    return what === 'unmute'
      ? `pactl set-${kind}-mute ${id} 0`
      : `pactl set-${kind}-volume ${id} 80%`;
  if (system === 'pipewire') {
    const target = `@DEFAULT_AUDIO_${wp}@`;
    return what === 'unmute' ? `wpctl set-mute ${target} 0` : `wpctl set-volume ${target} 80%`;
  }
  if (system !== 'alsa') return undefined;
  const [control, on] = direction === 'input' ? ['Capture', 'cap'] : ['Master', 'unmute'];
  return `amixer set ${control} 80% ${on}`;
}

/** What the sound server says of a device in use, and the real ones of its direction beside it. */
export type SeenDevice = { device: Device | undefined; others: readonly Device[] };

/** `id`: undefined for the default. Undefined where the sound system keeps no such state, or nobody answers. */
export async function lookAt(
  direction: Direction,
  system: SoundSystem | undefined,
  id: string | undefined,
  environment: ChildEnvironment,
): Promise<SeenDevice | undefined> {
  if (system !== 'pulse' && system !== 'pipewire') return undefined;
  const { listDevices } = await import('./list.ts');
  const list = await listDevices(system, direction, environment);
  if (list.failure !== undefined) return undefined;
  const inUse = (one: Device): boolean => (id === undefined ? one.isDefault : one.id === id);
  return {
    device: list.devices.find(inUse),
    others: list.devices.filter((one) => !inUse(one) && !one.isMonitor),
  };
}

/** Undefined: answers can be heard. */
export function speakerWarning(
  device: Device | undefined,
  system: SoundSystem | undefined,
): Warning | undefined {
  if (device === undefined) return undefined;
  const { id, muted, volumePercent } = device;
  if (muted !== true && volumePercent !== 0) return undefined;
  const hint = levelCommand(muted ? 'unmute' : 'louder', 'output', system, id);
  return {
    code: 'loudspeaker_silent',
    message: muted
      ? `the loudspeaker is muted in the sound settings (${id})`
      : `the volume of the loudspeaker is 0 in the sound settings (${id})`,
    ...(hint !== undefined && { hint }),
  };
}
