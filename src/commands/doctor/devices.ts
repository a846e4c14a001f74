/** Sound server, recorder and player: each by opening it, and what each says of the device that it uses. */
import { openPlayer, openRecorder } from '../../audio/backends.ts';
import type { OpenDeviceOptions, TriedBackend } from '../../audio/backends.ts';
import { findDevices } from '../../audio/devices/choose.ts';
import type { SoundSystem } from '../../audio/devices/choose.ts';
import type { Device, Direction } from '../../audio/devices/device.ts';
import { listDevices } from '../../audio/devices/list.ts';
import { outputOf } from '../../audio/devices/run.ts';
import type { AudioSink } from '../../audio/ports.ts';
import type { RecorderSource } from '../../audio/sources/recorder.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import { loudspeakerOptions, microphoneOptions } from '../chosenDevices.ts';
import type { CommandContext } from '../context.ts';
import { failed, type Check, type Fix } from './check.ts';
import { fixesFor } from './fixes.ts';
import type { System, SystemKind } from './system.ts';

/** What came of opening a recorder or a player. */
export type Opened<Handle> = {
  direction: Direction;
  tried: readonly TriedBackend[];
  handle?: Handle;
  error?: GemliveError;
  /** The one that opened. */
  backend?: TriedBackend;
  /** What it uses, where that can be listed. */
  device?: Device;
  /** The real ones of its direction beside it. */
  others?: readonly Device[];
};

export function openInput(
  context: CommandContext,
  signal: AbortSignal,
): Promise<Opened<RecorderSource>> {
  return opening('input', openRecorder, microphoneOptions(context, signal));
}

export function openOutput(
  context: CommandContext,
  signal: AbortSignal,
): Promise<Opened<AudioSink>> {
  return opening('output', openPlayer, loudspeakerOptions(context, signal));
}

/** @throws only what `signal` says, and bugs. */
async function opening<Handle>(
  direction: Direction,
  open: (options: OpenDeviceOptions) => Promise<Handle>,
  options: OpenDeviceOptions,
): Promise<Opened<Handle>> {
  const tried: TriedBackend[] = [];
  try {
    const handle = await open({ ...options, onTried: (backend) => tried.push(backend) });
    const backend = tried.at(-1);
    const devices = await devicesOf(direction, backend?.system, options);
    return { direction, tried, handle, ...(backend && { backend }), ...devices };
  } catch (error) {
    if (!(error instanceof GemliveError)) throw error;
    return { direction, tried, error };
  }
}

async function devicesOf(
  direction: Direction,
  system: SoundSystem | undefined,
  { device: wanted, environment }: OpenDeviceOptions,
): Promise<Pick<Opened<unknown>, 'device' | 'others'>> {
  if (system === undefined) return {};
  const list = await listDevices(system, direction, environment);
  if (list.failure !== undefined) return {};
  const { devices } = list;
  const device =
    wanted === undefined
      ? devices.find(({ isDefault }) => isDefault)
      : findDevices(wanted, devices)[0];
  const others = devices.filter((one) => one !== device && !one.isMonitor);
  return { ...(device && { device }), others };
}

// ---- the sound server ---------------------------------------------------------------------------

export type SoundServer = {
  /** `PulseAudio 16.1`, `PulseAudio (on PipeWire 0.3.65) 15.0.0`. */
  name?: string;
  failure?: string;
};

/** Asked by `pactl`, which comes with parec and pacat. */
export async function askSoundServer({ childEnv }: CommandContext): Promise<SoundServer> {
  const info = await outputOf('pactl', ['info'], childEnv);
  if (info.failure !== undefined) return { failure: info.failure };
  const field = (name: string): string =>
    new RegExp(`^${name}: (.*)$`, 'm').exec(info.text)?.[1] ?? '';
  const name = `${field('Server Name')} ${field('Server Version')}`.trim();
  return { name: name.replace(/^pulseaudio /, 'PulseAudio ') };
}

const REACHED_BY: Record<SoundSystem, string> = {
  pulse: 'a sound server that speaks PulseAudio (pactl is not there to name it)',
  pipewire: 'PipeWire',
  alsa: 'ALSA, without a sound server',
  decibri: 'the sound system of this machine',
  avfoundation: 'AVFoundation',
  dshow: 'DirectShow',
};

/** There is nothing to ask. */
const OWN_SYSTEMS: Partial<Record<SystemKind, string>> = {
  macos: 'Core Audio',
  windows: 'Windows audio',
};

/** `parts`: those that were wanted. */
export function soundCheck(
  server: SoundServer,
  parts: readonly Opened<unknown>[],
  system: System,
): Check {
  const name = 'sound';
  const own = OWN_SYSTEMS[system.kind];
  if (own !== undefined) return { name, status: 'ok', summary: own, facts: { server: own } };
  const opened = parts.find(({ handle }) => handle !== undefined);
  if (server.name !== undefined) {
    return { name, status: 'ok', summary: server.name, facts: { server: server.name } };
  }
  const failures = parts.flatMap(({ tried }) => tried.flatMap(({ failure }) => failure ?? []));
  if (opened) {
    const by = opened.backend?.system;
    const summary =
      by === undefined ? 'reached by a program that does not say how' : REACHED_BY[by];
    return { name, status: 'ok', summary, facts: { server: null, system: by } };
  }
  const refused = [...failures, server.failure ?? ''].some((failure) =>
    /no sound server answers/.test(failure),
  );
  if (refused) {
    return {
      name,
      status: 'fail',
      summary: 'no sound server answers',
      more: [failures.find((failure) => /no sound server/.test(failure)) ?? ''].filter(Boolean),
      facts: { server: null, failures },
      fix: fixesFor('noSoundServer', system),
      exitCode: EXIT.audio,
    };
  }
  const unknown = `no sound server was asked (pactl: ${server.failure ?? 'not installed'})`;
  return { name, status: 'skipped', summary: unknown, facts: { server: null, failures } };
}

// ---- recorder and player ------------------------------------------------------------------------

const NAMES = { input: 'recorder', output: 'player' } as const;

/** Undefined: it opened, and more has to be known of it. */
export function openingFailed(opened: Opened<unknown>, system: System): Check | undefined {
  const { direction, error, tried } = opened;
  if (error === undefined) return undefined;
  const name = NAMES[direction];
  const failures = tried.flatMap(({ failure }) => failure ?? []);
  const withFacts = (check: Check): Check => ({ ...check, facts: { ...check.facts, failures } });
  if (error.code === 'no_recorder' || error.code === 'no_player' || lacksPrograms(opened)) {
    const what = direction === 'input' ? 'records' : 'plays';
    const fix = fixesFor(direction === 'input' ? 'noRecorder' : 'noPlayer', system);
    const summary = `no program that ${what} sound was found`;
    return withFacts({ ...failed(name, error, fix), summary });
  }
  return withFacts(failed(name, error, deviceFixes(error, system)));
}

/** Empty: its own hint is the best there is, as for a device that was named. */
function deviceFixes({ code, why = '', hint = '' }: GemliveError, system: System): readonly Fix[] {
  if (code !== 'no_device' || hint.includes('gemlive devices')) return [];
  if (/no permission/.test(why)) return fixesFor('noPermission', system);
  return fixesFor(/in use by another/.test(why) ? 'deviceInUse' : 'noDevice', system);
}

/** Nothing but native modules is there, which on Linux reach no more than ALSA, and what cannot take a device. */
function lacksPrograms({ tried, error }: Opened<unknown>): boolean {
  if (process.platform !== 'linux' || error?.code !== 'no_device' || tried.length < 2) return false;
  return tried.every(
    ({ name, failure = '' }) =>
      name === 'speaker' ||
      name === 'decibri' ||
      /: (not installed|plays on the default device only)$/.test(failure),
  );
}

/** PulseAudio and PipeWire play there into nothing when there is no device. */
export const isDummy = ({ device }: Opened<unknown>): boolean =>
  device !== undefined && /^auto_null(\.monitor)?$/.test(device.id);

export function openedCheck(opened: Opened<unknown>): Check {
  const { direction, tried, backend, device } = opened;
  const failures = tried.flatMap(({ failure }) => failure ?? []);
  return {
    name: NAMES[direction],
    status: 'ok',
    summary: [backend?.name ?? 'a command of yours', shownDevice(device)]
      .filter(Boolean)
      .join(': '),
    facts: { backend: backend?.name, system: backend?.system, device, failures },
  };
}

function shownDevice(device: Device | undefined): string {
  if (device === undefined) return '';
  const { name, id, volumePercent } = device;
  const volume = volumePercent === undefined ? '' : `, ${volumePercent} %`;
  return `${name}${name === id ? '' : ` (${id})`}${volume}`;
}
