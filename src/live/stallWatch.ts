/**
 * Notices an answer that stops half-way: nothing more of it comes, though all of its sound would have been played and
 * the connection is alive.
 */
import type { Link } from './keeping.ts';
import type { Clock } from './timers.ts';

const STALLED_MS = 10_000;
const NO_PONG_MS = 30_000;

export type StallHandlers = {
  /** Where the rest would come from. */
  link(): Link | undefined;
  /** A call that waits for its result may take as long as it likes. */
  isCalling(): boolean;
  onStalled(): void;
  /** The connection answers no ping. */
  onDead(): void;
};

export class StallWatch {
  readonly #clock: Clock;
  readonly #handlers: StallHandlers;
  #cancelTimer: (() => void) | undefined;
  /** When the sound that has come would have been played. Sound comes faster than it is played. */
  #soundEndsMs = 0;
  /** The ping that is under way. */
  #question: object | undefined;

  constructor(clock: Clock, handlers: StallHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** Something of the answer has come, with so much sound. */
  heard(soundMs: number): void {
    const nowMs = this.#clock.nowMs();
    this.#soundEndsMs = Math.max(nowMs, this.#soundEndsMs) + soundMs;
    this.#question = undefined;
    this.#watch(this.#soundEndsMs - nowMs + STALLED_MS);
  }

  /** Restarts the time. False: nothing of an answer has come yet. */
  restart(): boolean {
    if (!this.#cancelTimer) return false;
    this.heard(0);
    return true;
  }

  /** The answer is over. */
  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#question = undefined;
    this.#soundEndsMs = 0;
  }

  #watch(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(delayMs, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const link = this.#handlers.link();
    if (!link) return;
    if (this.#handlers.isCalling()) return this.#watch(STALLED_MS);
    const question = {};
    this.#question = question;
    const isAlive = await link.isAlive(NO_PONG_MS);
    if (this.#question !== question || this.#handlers.link() !== link) return;
    this.cancel();
    if (isAlive) this.#handlers.onStalled();
    else this.#handlers.onDead();
  }
}
