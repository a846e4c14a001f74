/** From what a user says of a device to what a backend is told: its id, its name, part of either, its number. */
import { usageError } from '../../errors.ts';
import { OpenFailure } from '../backends/failures.ts';
import type { ChildEnvironment } from '../subprocess.ts';
import type { Device, DeviceList, Direction } from './device.ts';

/** Programs of one sound system share its devices. `undefined`: it can name none. */
export type SoundSystem = 'pulse' | 'pipewire' | 'alsa' | 'decibri' | 'avfoundation' | 'dshow';

const SYSTEMS: Partial<Record<string, SoundSystem>> = {
  parec: 'pulse',
  pacat: 'pulse',
  'pw-record': 'pipewire',
  'pw-cat': 'pipewire',
  arecord: 'alsa',
  aplay: 'alsa',
  decibri: 'decibri',
  ...(process.platform === 'linux' && { speaker: 'alsa' }),
};

/** As it stands in the tables of players and recorders. */
export type NamedProgram = { name: string; driver?: string };

export function soundSystemOf({ name, driver }: NamedProgram): SoundSystem | undefined {
  if (name === 'ffmpeg') return driver as SoundSystem | undefined;
  return SYSTEMS[name];
}

/** One device, none, or several between which nobody can choose. Numbers count from 1. */
export function findDevices(wanted: string, devices: readonly Device[]): readonly Device[] {
  const exact = devices.filter(({ id, name }) => id === wanted || name === wanted);
  const byId = exact.find(({ id }) => id === wanted);
  if (byId !== undefined) return [byId];
  if (exact.length > 0) return exact;
  const numbered = /^\d{1,4}$/.test(wanted) ? devices[Number(wanted) - 1] : undefined;
  if (numbered !== undefined) return [numbered];
  const part = wanted.toLowerCase();
  const named = devices.filter(({ id, name }) => `${id}\n${name}`.toLowerCase().includes(part));
  // Who says "speakers" does not mean what can be recorded of them.
  const real = named.filter(({ isMonitor }) => !isMonitor);
  return real.length > 0 ? real : named;
}

export type DeviceChooser = (program: NamedProgram) => Promise<string | undefined>;

/**
 * What each program is told instead of `wanted`; found once for each sound system, since numbers change when
 * devices come and go. Without `wanted` nothing is listed.
 *
 * @throws from the result: GemliveError (usage) for several, OpenFailure where a sound server has none.
 */
export function deviceChooser(
  direction: Direction,
  { device: wanted, environment }: { device?: string; environment: ChildEnvironment },
): DeviceChooser {
  const found = new Map<SoundSystem, string>();
  return async (program) => {
    const system = soundSystemOf(program);
    if (wanted === undefined || system === undefined) return wanted;
    const known = found.get(system);
    if (known !== undefined) return known;
    const { listDevices } = await import('./list.ts');
    const choice = choose(
      wanted,
      program.name,
      system,
      await listDevices(system, direction, environment),
    );
    // A device that is not there yet may come.
    if (choice !== undefined) found.set(system, choice);
    return choice ?? wanted;
  };
}

function choose(
  wanted: string,
  program: string,
  system: SoundSystem,
  list: DeviceList,
): string | undefined {
  if (list.failure !== undefined) return undefined;
  const [device, ...others] = findDevices(wanted, list.devices);
  if (others.length > 0 && device !== undefined) {
    const names = [device, ...others].map(({ id, name }) => `${name} (${id})`);
    throw usageError(
      `"${wanted}" may be any of ${names.length} devices: ${names.join('; ')}`,
      'say more of its name, or its number in `gemlive devices`',
    );
  }
  // PipeWire takes the default for one that it does not know, and says nothing.
  if (
    device === undefined &&
    (system === 'pulse' || system === 'pipewire') &&
    !wanted.startsWith('@')
  )
    throw new OpenFailure(`${program}: the sound server has no such device: ${wanted}`);
  return device?.id;
}
