/** Which sample came when: sound arrives in pieces, each a little late, and the least late one tells. */

/** Samples that were captured: none can come before it was recorded, so the earliest piece is right. */
export class CaptureTimeline {
  readonly #perMs: number;
  #samples = 0;
  #startMs = Number.POSITIVE_INFINITY;

  constructor(rateHz: number) {
    this.#perMs = rateHz / 1000;
  }

  /** `count` more samples are here at `nowMs`. */
  push(count: number, nowMs: number): void {
    this.#samples += count;
    this.#startMs = Math.min(this.#startMs, nowMs - this.#samples / this.#perMs);
  }

  /** The sample, with fractions, that was captured at `atMs`. */
  sampleAt(atMs: number): number {
    return (atMs - this.#startMs) * this.#perMs;
  }
}

/** Samples that have sounded, by the word of a device whose reports are early and late: the median of them. */
export class RenderTimeline {
  readonly #perMs: number;
  #samples = 0;
  readonly #startsMs: number[] = [];

  constructor(rateHz: number) {
    this.#perMs = rateHz / 1000;
  }

  /** `count` more samples have sounded, the first of them at `atMs`. */
  push(count: number, atMs: number): void {
    this.#startsMs.push(atMs - this.#samples / this.#perMs);
    this.#samples += count;
  }

  /** When the first sample sounded; undefined before anything has. */
  get startMs(): number | undefined {
    const sorted = this.#startsMs.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }
}
