/** Time that passes when it is told to. Timers of the session are told from those of the network. */
import type { Clock } from '../../../src/live/timers.ts';

type Timer = { atMs: number; work: () => void; owner: 'session' | 'network' };

/** Lets everything that waits for a promise go on. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class FakeClock implements Clock {
  #nowMs = 0;
  /** In the order of their making. */
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, work: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + Math.max(0, delayMs), work, owner: 'session' });
  }

  network(delayMs: number, work: () => void): void {
    this.#add({ atMs: this.#nowMs + delayMs, work, owner: 'network' });
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers of the session that have neither run nor been cancelled. */
  get waiting(): number {
    return [...this.#timers].filter(({ owner }) => owner === 'session').length;
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        if (timer.atMs <= untilMs && (!next || timer.atMs < next.atMs)) next = timer;
      }
      if (!next) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.work();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}
