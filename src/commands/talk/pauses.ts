/** Pauses in the voice where its sound came too late: told when they are heard as a fault, not each. */

const MINUTE_MS = 60_000;
const WORTH_TELLING = 3;

export class Pauses {
  #total = 0;
  /** When pauses were seen, one entry each. */
  #seenMs: number[] = [];
  #toldMs = Number.NEGATIVE_INFINITY;

  /** `total`: underruns since the sink was opened. Returns what to say, at most once a minute. */
  turnEnded(total: number, nowMs: number): string | undefined {
    const fresh = Math.max(0, total - this.#total);
    this.#total = total;
    this.#seenMs = this.#seenMs.filter((seenMs) => nowMs - seenMs < MINUTE_MS);
    for (let pause = 0; pause < fresh; pause++) this.#seenMs.push(nowMs);
    const count = this.#seenMs.length;
    if (fresh === 0 || count < WORTH_TELLING || nowMs - this.#toldMs < MINUTE_MS) return undefined;
    this.#toldMs = nowMs;
    this.#seenMs = [];
    return `the voice paused ${count} times: the network, or this machine, is slow`;
  }
}
