/** Attempts at the first connection of a session: how many, how often, and which failure the user reads. */
import { nextDelayMs } from './backoff.ts';
import type { ConnectionError } from './networkErrors.ts';
import type { Recovery } from './recovery.ts';

const MAX_TRIES = 3;

export class FirstAttempts {
  readonly #deadlineMs: number;
  readonly #random: () => number;
  #count = 0;
  /** Of one kind: with the handle of another process, or without. */
  #tries = 0;
  #reason: ConnectionError | undefined;

  constructor(deadlineMs: number, random: () => number) {
    this.#deadlineMs = deadlineMs;
    this.#random = random;
  }

  /** The number of the attempt that begins. */
  begin(): number {
    this.#count += 1;
    this.#tries += 1;
    return this.#count;
  }

  /**
   * Milliseconds until the next attempt.
   *
   * @throws ConnectionError where there is none.
   */
  next(error: ConnectionError, recovery: Recovery, nowMs: number): number {
    if (recovery === 'fresh') {
      this.#tries = 0;
      return 0;
    }
    const delayMs = nextDelayMs(this.#count, this.#random);
    const again =
      recovery === 'resume' &&
      error.kind !== 'quota' &&
      error.code !== 'timeout' &&
      this.#tries < MAX_TRIES &&
      nowMs + delayMs < this.#deadlineMs;
    // What was left of the time for one more attempt tells less than how the last one failed.
    if (!again) throw (error.code === 'timeout' && this.#reason) || error;
    this.#reason = error;
    return delayMs;
  }
}
