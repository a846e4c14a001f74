/**
 * The reference, read by the microphone's clock: two clocks drift apart, and the loudspeaker's is not the
 * microphone's. It is interpolated with a windowed sinc (J. O. Smith, Digital Audio Resampling; the window is
 * Kaiser's).
 */
import type { EchoFilter } from './filter.ts';
import { BLOCK, PARTITIONS } from './geometry.ts';

/** Samples on either side that a sample between two is made of. */
const HALF = 16;
const TAPS = 2 * HALF;
/** Places between two samples for which the weights are known; between those they are as on a line. */
const PHASES = 128;
const KAISER_BETA = 8;
/** The longest delay, the filter's length, and a margin for clocks that drift. */
const SIZE = 1 << 15;
/** From the newest sample to the next one that is read: at first, and at least. */
const FIRST = HALF + 8;
const LEAST = HALF;

const WEIGHTS = weights();

export class FarLine {
  readonly #ring = new Float64Array(SIZE);
  readonly #block = new Float64Array(BLOCK);
  #end = 0;
  /** From the newest sample to the next that is read. */
  #behind = FIRST;
  /** How much faster than the microphone's the reference's clock runs, as a share. */
  rate = 0;

  /** From now on it is read so many samples later, or earlier. Returns by how many it is: it may be too early. */
  delay(samples: number): number {
    const before = this.#behind;
    this.#behind = Math.max(LEAST, before + samples);
    return this.#behind - before;
  }

  /** From now on it is read as at the beginning: as early as can be. */
  restart(): void {
    this.#behind = FIRST;
    this.rate = 0;
  }

  /** A block, as told. */
  push(block: Float64Array): void {
    for (let i = 0; i < BLOCK; i++) this.#ring[(this.#end + i) % SIZE] = block[i]!;
    this.#end += BLOCK;
    this.#behind += BLOCK;
  }

  /** From the newest sample of the next block to the newest there is. */
  get behind(): number {
    return this.#behind - BLOCK;
  }

  /** The microphone's clock is so far ahead that there is nothing left to read. */
  get isEmpty(): boolean {
    return this.behind < LEAST;
  }

  /** All that the filter remembers is read again: it has been {@link delay}ed. */
  refill(filter: EchoFilter): void {
    filter.moved();
    this.#behind += (PARTITIONS + 1) * BLOCK * (1 + this.rate);
    for (let i = 0; i <= PARTITIONS; i++) {
      this.read(this.#block);
      filter.remember(this.#block);
    }
  }

  /** The next block. */
  read(out: Float64Array): void {
    const step = 1 + this.rate;
    let at = this.#end - this.#behind;
    for (let i = 0; i < BLOCK; i++) {
      out[i] = this.#between(at);
      at += step;
    }
    this.#behind -= BLOCK * step;
  }

  #between(at: number): number {
    const whole = Math.floor(at);
    const place = (at - whole) * PHASES;
    const phase = Math.floor(place);
    const part = place - phase;
    const from = phase * TAPS;
    let sum = 0;
    let next = 0;
    // Positions before the beginning are zeros of the ring.
    const first = whole + 1 - HALF + 2 * SIZE;
    for (let j = 0; j < TAPS; j++) {
      const sample = this.#ring[(first + j) % SIZE]!;
      sum += sample * WEIGHTS[from + j]!;
      next += sample * WEIGHTS[from + TAPS + j]!;
    }
    return sum + part * (next - sum);
  }
}

/** For each phase the weights of the samples from HALF - 1 before to HALF after. */
function weights(): Float64Array {
  const out = new Float64Array((PHASES + 1) * TAPS);
  for (let phase = 0; phase <= PHASES; phase++)
    for (let j = 0; j < TAPS; j++) {
      const x = phase / PHASES - (j + 1 - HALF);
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      const window = bessel(KAISER_BETA * Math.sqrt(Math.max(0, 1 - (x / HALF) ** 2)));
      out[phase * TAPS + j] = (Math.abs(sinc) < 1e-12 ? 0 : sinc) * (window / bessel(KAISER_BETA));
    }
  return out;
}

/** The modified Bessel function of the first kind, of order 0. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let n = 1; n < 40; n++) sum += term *= (x / (2 * n)) ** 2;
  return sum;
}
