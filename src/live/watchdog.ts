/** 10 s without an answer: a model may choose to stay silent, and a network may be gone without a word. */
import type { Link } from './keeping.ts';
import type { Clock } from './timers.ts';

const NO_ANSWER_MS = 10_000;
const NO_PONG_MS = 30_000;

export type WatchdogHandlers = {
  /** Where an answer would come from. */
  link(): Link | undefined;
  /** Somebody is there, and silent. */
  onSilent(): void;
  /** Nobody is there. */
  onDead(): void;
};

export class Watchdog {
  readonly #clock: Clock;
  readonly #handlers: WatchdogHandlers;
  #cancelTimer: () => void = () => {};
  /** The sign of life that is waited for; whoever speaks meanwhile does not begin it anew. */
  #question: object | undefined;

  constructor(clock: Clock, handlers: WatchdogHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** An utterance is over. */
  watch(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(NO_ANSWER_MS, () => void this.#ask());
  }

  /** An answer has come, or there is nobody to ask. */
  cancel(): void {
    this.#cancelTimer();
    this.#question = undefined;
  }

  async #ask(): Promise<void> {
    const link = this.#handlers.link();
    if (!link || this.#question) return;
    const question = {};
    this.#question = question;
    const alive = await link.isAlive(NO_PONG_MS);
    if (this.#question !== question) return;
    this.#question = undefined;
    if (this.#handlers.link() !== link) return;
    if (alive) this.#handlers.onSilent();
    else this.#handlers.onDead();
  }
}
