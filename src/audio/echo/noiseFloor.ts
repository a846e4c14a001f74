/**
 * Power of the room's own noise in each bin, by minimum statistics: speech and echo come and go, noise is
 * what is there between them. R. Martin: Noise power spectral density estimation based on optimal smoothing
 * and minimum statistics. IEEE Transactions on Speech and Audio Processing 9 (2001), without the optimal
 * smoothing.
 */
import { BINS, FRAME } from './geometry.ts';

const SMOOTH_KEPT = 0.8;
/** Blocks of a part, and parts that are looked back over: 2.3 s. */
const PART_BLOCKS = 24;
const PARTS = 12;
/** The least of so many smoothed powers is that much below their mean. */
const BIAS = 1.9;
/** A smoothed power is hardly ever that much above its mean. */
const LIKE_NOISE = 2;

export class NoiseFloor {
  /** Power of the noise in each bin. */
  readonly power = new Float64Array(BINS);
  readonly #smooth = new Float64Array(BINS);
  /** Least of the present part, and of each part before it (a ring). */
  readonly #least = new Float64Array(BINS).fill(Number.POSITIVE_INFINITY);
  readonly #parts = new Float64Array(PARTS * BINS).fill(Number.POSITIVE_INFINITY);
  /** Blocks of the present part in which the bin was to be trusted. */
  readonly #trusted = new Uint16Array(BINS);
  readonly #part = new Uint8Array(BINS);
  #blocks = 0;

  /** Mean square of a sample of it. */
  get meanSquare(): number {
    let sum = 0;
    for (let k = 0; k < BINS; k++) sum += this.power[k]!;
    // By Parseval: half of the bins of a frame, whose window halves its power.
    return (4 * sum) / FRAME ** 2;
  }

  /**
   * `power`: of the block that is to be looked at; `echo`: what of it may be echo. A bin in which that is not
   * little can make the floor lower, but not raise it. Digital silence is no room's noise.
   */
  update(power: Float64Array, echo: Float64Array): void {
    if (power.every((one) => one === 0)) return;
    const first = this.#blocks === 0;
    if (this.#blocks < PART_BLOCKS) this.#blocks++;
    for (let k = 0; k < BINS; k++) {
      const now = power[k]!;
      const smooth = first ? now : SMOOTH_KEPT * this.#smooth[k]! + (1 - SMOOTH_KEPT) * now;
      this.#smooth[k] = smooth;
      const floor = this.power[k]!;
      if (this.#blocks < PART_BLOCKS) {
        this.power[k] = first ? now : Math.min(floor, BIAS * smooth);
        continue;
      }
      // The least of what may be echo is no less than the noise, and the most that noise can be is known.
      const isEcho = echo[k]! > smooth / 4 && smooth > LIKE_NOISE * floor;
      if (isEcho) continue;
      this.#least[k] = Math.min(this.#least[k]!, smooth);
      this.#trusted[k] = this.#trusted[k]! + 1;
      if (this.#trusted[k]! >= PART_BLOCKS) this.#endPart(k);
    }
  }

  #endPart(k: number): void {
    this.#trusted[k] = 0;
    const at = this.#part[k]!;
    this.#parts[at * BINS + k] = this.#least[k]!;
    this.#part[k] = (at + 1) % PARTS;
    this.#least[k] = Number.POSITIVE_INFINITY;
    let least = Number.POSITIVE_INFINITY;
    for (let part = 0; part < PARTS; part++) least = Math.min(least, this.#parts[part * BINS + k]!);
    this.power[k] = BIAS * least;
  }
}
