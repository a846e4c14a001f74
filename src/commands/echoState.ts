/** How well echo was cancelled in the last talk, for `gemlive devices`; a private file that nobody misses. */
import { readPrivate, stateFolder, writePrivate } from '../config/stateFile.ts';

const FILE = 'echo.json';

export type EchoState = {
  /** `Date.now()` */
  atMs: number;
  microphone: string;
  loudspeaker: string;
  echoDbfs: number;
  returnLossDb: number;
  delayMs?: number;
};

/** Undefined when there is none, or none that can be read. */
export async function lastEcho(): Promise<EchoState | undefined> {
  try {
    const state = JSON.parse((await readPrivate(stateFolder(), FILE)) ?? 'null') as unknown;
    return isState(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Never rejects: where nothing can be written, nothing is known the next time. */
export async function keepEcho(state: EchoState): Promise<void> {
  await writePrivate(stateFolder(), FILE, JSON.stringify(state)).catch(() => {});
}

function isState(state: unknown): state is EchoState {
  if (typeof state !== 'object' || state === null) return false;
  const { atMs, microphone, loudspeaker, echoDbfs, returnLossDb, delayMs } = state as EchoState;
  return (
    [atMs, echoDbfs, returnLossDb, delayMs ?? 0].every((value) => Number.isFinite(value)) &&
    [microphone, loudspeaker].every((name) => typeof name === 'string')
  );
}
