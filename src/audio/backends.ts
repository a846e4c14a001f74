/**
 * Which program plays and which records on this machine: found by opening the best ones in turn, never by
 * the name of the platform or what /proc says. Measurements behind the ranking: docs/architecture.md.
 */
import { usageError } from '../errors.ts';
import type { Warning } from '../errors.ts';
import { nothingOpened, OpenFailure } from './backends/failures.ts';
import { commandPlayer, PLAYERS } from './backends/players.ts';
import { commandRecorder, RECORDERS } from './backends/recorders.ts';
import { deviceChooser, soundSystemOf } from './devices/choose.ts';
import { lookAt, speakerWarning } from './devices/level.ts';
import type { DeviceChooser, NamedProgram, SoundSystem } from './devices/choose.ts';
import { OUTPUT_FORMAT } from './format.ts';
import type { PcmFormat } from './format.ts';
import type { AudioSink } from './ports.ts';
import { PlayerSink } from './sinks/player.ts';
import { RecoveringSink } from './sinks/recovering.ts';
import type { RecorderSource } from './sources/recorder.ts';
import type { ChildEnvironment } from './subprocess.ts';

export type OpenDeviceOptions = {
  /** One backend and no other. */
  name?: string;
  /** A line for the shell, instead of any backend: it reads or writes raw s16le mono of our rate. */
  command?: string;
  /** Its name, part of it, its number in the list, or as the backend calls it; absent: the system's default. */
  device?: string;
  /** Each backend that was tried, in order, the last one of them with success if there is any. */
  onTried?: (backend: TriedBackend) => void;
  /** What the program sees: give it no secrets. Only `command` keeps the language that stands in it. */
  environment: ChildEnvironment;
  /** Calls off the opening. */
  signal?: AbortSignal;
};

export type TriedBackend = { name: string; system: SoundSystem | undefined; failure?: string };

export const PLAYER_NAMES: readonly string[] = PLAYERS.map(({ name }) => name);
export const RECORDER_NAMES: readonly string[] = [...new Set(RECORDERS.map(({ name }) => name))];

export type OpenPlayerOptions = OpenDeviceOptions & { format?: PcmFormat };

/** A lost player is looked for alone at first: another one could take the device from a sound server that starts. */
const SAME_PLAYER_MS = 3000;

/**
 * The best player that opens; when it is lost, the best one that opens then. Throws GemliveError: `no_player`
 * (no program) or `no_device` (exit 4), `usage` for a name that is none; or what `signal` says.
 */
export async function openPlayer(options: OpenPlayerOptions): Promise<AudioSink> {
  const choose = deviceChooser('output', options);
  const first = await openBestPlayer(options, choose);
  const refuseDummy = !first.onDummy;
  let last = first;
  const reopen = async (signal: AbortSignal, sinceMs: number): Promise<PlayerSink> => {
    const name = sinceMs < SAME_PLAYER_MS ? last.backend : options.name;
    const { name: _, ...rest } = options;
    last = await openBestPlayer(
      { ...rest, ...(name !== undefined && { name }), signal },
      choose,
      refuseDummy,
    );
    return last;
  };
  const inspect = async (): Promise<Warning | undefined> => {
    const system = soundSystemOf({ name: last.backend });
    const seen = await lookAt('output', system, last.device ?? options.device, options.environment);
    return speakerWarning(seen?.device, system);
  };
  return new RecoveringSink(first, reopen, { inspect });
}

function openBestPlayer(
  options: OpenPlayerOptions,
  choose: DeviceChooser,
  refuseDummy = false,
): Promise<PlayerSink> {
  const { format = OUTPUT_FORMAT, signal } = options;
  const players = options.command === undefined ? PLAYERS : [commandPlayer(options.command)];
  return firstThatOpens('player', players, options, async (program) => {
    const device = await choose(program);
    return PlayerSink.open(
      { program, format, refuseDummy, ...childOptions(options, device) },
      signal,
    );
  });
}

/**
 * The best recorder that gives sound; should it vanish, it is looked for. Throws like {@link openPlayer}, with
 * `no_recorder`.
 */
export async function openRecorder(options: OpenDeviceOptions): Promise<RecorderSource> {
  const { openRecoveringSource } = await import('./sources/recovering.ts');
  const { command } = options;
  const recorders = command === undefined ? RECORDERS : [commandRecorder(command)];
  const choose = deviceChooser('input', options);
  return firstThatOpens('recorder', recorders, options, async (program) => {
    const device = await choose(program);
    return openRecoveringSource({ program, ...childOptions(options, device) }, options.signal);
  });
}

async function firstThatOpens<Program extends NamedProgram, Device>(
  kind: 'player' | 'recorder',
  programs: readonly Program[],
  { name, command, device: wanted, onTried }: OpenDeviceOptions,
  open: (program: Program) => Promise<Device>,
): Promise<Device> {
  const any = name === undefined || command !== undefined;
  const candidates = any ? programs : programs.filter((one) => one.name === name);
  if (candidates.length === 0) {
    const known = [...new Set(programs.map((program) => program.name))].join(', ');
    throw usageError(`unknown ${kind} "${name}"`, `one of: ${known}`);
  }
  const failures: OpenFailure[] = [];
  for (const program of candidates) {
    const tried = { name: program.name, system: soundSystemOf(program) };
    try {
      const device = await open(program);
      onTried?.(tried);
      return device;
    } catch (error) {
      if (!(error instanceof OpenFailure)) throw error;
      failures.push(error);
      onTried?.({ ...tried, failure: error.message });
    }
  }
  throw nothingOpened(kind, failures, { isCommand: command !== undefined, wanted });
}

function childOptions(
  { environment }: OpenDeviceOptions,
  device: string | undefined,
): {
  device?: string;
  environment: ChildEnvironment;
} {
  return { ...(device === undefined ? {} : { device }), environment };
}
