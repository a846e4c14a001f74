/** Time as a parameter: the one thing that tests replace. */

export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Runs `work` once after `delayMs`; the result cancels it. */
  after(delayMs: number, work: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
};
