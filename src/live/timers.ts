/** Time as a parameter, and timers that end together. */

export type Clock = {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Runs `work` once after `delayMs`; the result cancels it. */
  after(delayMs: number, work: () => void): () => void;
};

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
};

export class Timers {
  readonly #clock: Clock;
  #cancelTimers: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(delayMs: number, work: () => void): void {
    this.#cancelTimers.push(this.#clock.after(delayMs, work));
  }

  cancelAll(): void {
    for (const cancel of this.#cancelTimers.splice(0)) cancel();
  }
}

/** Rejects with the reason of the signal. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
