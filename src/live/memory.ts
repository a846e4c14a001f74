/** The handle of the newest state to come back to, and when it is given up. */
import type { ConnectionError } from './networkErrors.ts';
import { isVerdict, recoveryFrom, type Recovery } from './recovery.ts';

/** A session that has to begin again so soon will not do better the third time. */
const FRESH_AGAIN_MS = 60_000;
/** A session that the server closes so early may have been resumed in a state that it cannot bear. */
const SHORT_LIFE_MS = 10_000;
const MAX_SHORT_LIVES = 3;

/** A session that was ready and is lost. */
export type Loss = {
  /** It was resumed with this handle. */
  resumedWith: string | undefined;
  lifeMs: number;
  /** What the user said has ended a session before: this loss, too, comes of it, and not of the handle. */
  isSuspected: boolean;
};

export class Memory {
  #handle: string | undefined;
  /** Of this handle: connections that the server closed in answer to it, and sessions that ended soon. */
  #refusals = 0;
  #shortLives = 0;
  #freshAtMs = Number.NEGATIVE_INFINITY;

  get handle(): string | undefined {
    return this.#handle;
  }

  /** The server can take the session up again from this state. */
  keep(handle: string): void {
    if (handle !== this.#handle) [this.#refusals, this.#shortLives] = [0, 0];
    this.#handle = handle;
  }

  /** What follows a connection that did not come about. `shown`: the handle of its setup, if it sent one. */
  afterAttempt(error: ConnectionError, shown: string | undefined, nowMs: number): Recovery {
    if (shown === undefined) return recoveryFrom(error, 'opening');
    const recovery = recoveryFrom(error, this.#refusals > 0 ? 'resuming again' : 'resuming');
    // The server gave a newer handle in the same breath.
    if (shown !== this.#handle) return recovery === 'end' ? 'end' : 'resume';
    if (isVerdict(error)) this.#refusals += 1;
    if (recovery === 'fresh') this.#forget(nowMs);
    return recovery;
  }

  /** What follows the loss of a session. */
  afterLoss(error: ConnectionError, loss: Loss, nowMs: number): Recovery {
    const { resumedWith, lifeMs, isSuspected } = loss;
    const hasHandle = this.#handle !== undefined;
    if (lifeMs >= SHORT_LIFE_MS) [this.#refusals, this.#shortLives] = [0, 0];
    const recovery = recoveryFrom(error, hasHandle ? 'ready' : 'ready without a handle');
    if (recovery === 'end') return 'end';
    if (isSuspected) return 'resume';
    if (hasHandle && resumedWith === this.#handle && lifeMs < SHORT_LIFE_MS && isVerdict(error)) {
      this.#shortLives += 1;
    }
    const isSpent = this.#shortLives >= MAX_SHORT_LIVES;
    if (recovery === 'resume' && !isSpent) return 'resume';
    const again = nowMs - this.#freshAtMs < FRESH_AGAIN_MS;
    this.#forget(nowMs);
    return hasHandle || !again ? 'fresh' : 'end';
  }

  #forget(nowMs: number): void {
    this.#handle = undefined;
    this.#freshAtMs = nowMs;
  }
}
