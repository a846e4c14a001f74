/** Capped exponential back-off: 0.25 s doubling to 5 s, each shortened by up to half at random. */
const FIRST_MS = 250;
const CAP_MS = 5_000;

/** `attempt` counts from 1. `random` gives 0 ≤ x < 1. */
export function nextDelayMs(attempt: number, random: () => number): number {
  const fullMs = Math.min(CAP_MS, FIRST_MS * 2 ** (attempt - 1));
  return fullMs * (1 - random() / 2);
}
