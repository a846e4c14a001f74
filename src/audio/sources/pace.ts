/** Turns frames that are there at once into frames that come as if they were spoken now. */
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { INPUT_FORMAT, msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';

export type PaceOptions = { signal: AbortSignal; format?: PcmFormat; clock?: Clock };

/**
 * Gives each frame at the moment its sound begins, counted from the first one: a late timer is caught up
 * with and never adds up. Frames that come late themselves (a live pipe) move the count, so that what was
 * missed is not sent in a burst. Ends, without an error, when `signal` aborts; give the source the same one.
 */
export async function* pace(
  frames: AsyncIterable<Uint8Array>,
  { signal, format = INPUT_FORMAT, clock = systemClock }: PaceOptions,
): AsyncGenerator<Uint8Array> {
  let dueMs = clock.nowMs();
  for await (const frame of frames) {
    const waitMs = dueMs - clock.nowMs();
    if (waitMs > 0) await sleep(waitMs, signal, clock);
    if (signal.aborted) return;
    if (waitMs < -LATE_INPUT_MS) dueMs = clock.nowMs();
    yield frame;
    dueMs += msOfBytes(format, frame.byteLength);
  }
}

/** Beyond this it is the input that was late, and not our timer. */
const LATE_INPUT_MS = 1000;

/** Settles after `ms`, or when `signal` aborts. Never rejects. */
export function sleep(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
  });
}
