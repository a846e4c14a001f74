/**
 * Which program plays and which records on this machine: found by opening the best ones in turn, never by
 * the name of the platform or what /proc says. Measurements behind the ranking: docs/architecture.md.
 */
import { usageError } from '../errors.ts';
import { nothingOpened, OpenFailure } from './backends/failures.ts';
import { commandPlayer, PLAYERS } from './backends/players.ts';
import { commandRecorder, RECORDERS } from './backends/recorders.ts';
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
  /** As the backend calls it; absent: the system's default. */
  device?: string;
  /** What the program sees: give it no secrets. `LC_ALL` is ours. */
  environment: ChildEnvironment;
  /** Calls off the opening. */
  signal?: AbortSignal;
};

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
  const first = await openBestPlayer(options);
  const refuseDummy = !first.onDummy;
  let last = first;
  return new RecoveringSink(first, async (signal, sinceMs) => {
    const name = sinceMs < SAME_PLAYER_MS ? last.backend : options.name;
    const { name: _, ...rest } = options;
    last = await openBestPlayer(
      { ...rest, ...(name !== undefined && { name }), signal },
      refuseDummy,
    );
    return last;
  });
}

function openBestPlayer(options: OpenPlayerOptions, refuseDummy = false): Promise<PlayerSink> {
  const { format = OUTPUT_FORMAT, signal } = options;
  const players = options.command === undefined ? PLAYERS : [commandPlayer(options.command)];
  return firstThatOpens('player', players, options, (program) =>
    PlayerSink.open({ program, format, refuseDummy, ...childOptions(options) }, signal),
  );
}

/**
 * The best recorder that gives sound; should it vanish, it is looked for. Throws like {@link openPlayer}, with
 * `no_recorder`.
 */
export async function openRecorder(options: OpenDeviceOptions): Promise<RecorderSource> {
  const { openRecoveringSource } = await import('./sources/recovering.ts');
  const { command } = options;
  const recorders = command === undefined ? RECORDERS : [commandRecorder(command)];
  return firstThatOpens('recorder', recorders, options, (program) =>
    openRecoveringSource({ program, ...childOptions(options) }, options.signal),
  );
}

async function firstThatOpens<Program extends { name: string }, Device>(
  kind: 'player' | 'recorder',
  programs: readonly Program[],
  { name, command }: OpenDeviceOptions,
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
    try {
      return await open(program);
    } catch (error) {
      if (!(error instanceof OpenFailure)) throw error;
      failures.push(error);
    }
  }
  throw nothingOpened(kind, failures, command !== undefined);
}

function childOptions({ device, environment }: OpenDeviceOptions): {
  device?: string;
  environment: ChildEnvironment;
} {
  return {
    ...(device === undefined ? {} : { device }),
    // Their reports are read: they must not come in the user's language.
    environment: { ...environment, LC_ALL: 'C' },
  };
}
