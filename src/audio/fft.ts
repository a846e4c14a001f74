/**
 * The discrete Fourier transform of a real frame, and back. A frame of N samples goes through a complex
 * transform of N / 2 (radix 2, decimation in time), as in every text book: Press et al., Numerical Recipes,
 * 12.3. Nothing is allocated after construction.
 */

export class RealFft {
  /** Samples of a frame. */
  readonly size: number;
  readonly #half: number;
  readonly #re: Float64Array;
  readonly #im: Float64Array;
  /** exp(-2πi k / size), k up to a half. */
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #reversed: Uint16Array;

  /** `size`: a power of two from 4 to 131072. */
  constructor(size: number) {
    const half = size / 2;
    const bits = Math.log2(half);
    if (!Number.isInteger(bits) || bits < 1 || bits > 16) throw new RangeError(`no frame: ${size}`);
    this.size = size;
    this.#half = half;
    this.#re = new Float64Array(half);
    this.#im = new Float64Array(half);
    this.#cos = Float64Array.from({ length: half + 1 }, (_, k) =>
      Math.cos((2 * Math.PI * k) / size),
    );
    this.#sin = Float64Array.from(
      { length: half + 1 },
      (_, k) => -Math.sin((2 * Math.PI * k) / size),
    );
    this.#reversed = new Uint16Array(half);
    for (let i = 1; i < half; i++)
      this.#reversed[i] = (this.#reversed[i >> 1]! >> 1) | ((i & 1) << (bits - 1));
  }

  /** `time`: `size` samples. `re`, `im`: size / 2 + 1 bins. No factor. */
  forward(time: ArrayLike<number>, re: Float64Array, im: Float64Array): void {
    const half = this.#half;
    const a = this.#re;
    const b = this.#im;
    for (let i = 0; i < half; i++) {
      const from = this.#reversed[i]!;
      a[i] = time[2 * from]!;
      b[i] = time[2 * from + 1]!;
    }
    this.#butterflies();
    re[0] = a[0]! + b[0]!;
    im[0] = 0;
    re[half] = a[0]! - b[0]!;
    im[half] = 0;
    for (let k = 1; k < half; k++) {
      const m = half - k;
      const evenRe = (a[k]! + a[m]!) / 2;
      const evenIm = (b[k]! - b[m]!) / 2;
      const oddRe = (b[k]! + b[m]!) / 2;
      const oddIm = (a[m]! - a[k]!) / 2;
      const c = this.#cos[k]!;
      const s = this.#sin[k]!;
      re[k] = evenRe + oddRe * c - oddIm * s;
      im[k] = evenIm + oddRe * s + oddIm * c;
    }
  }

  /** The inverse of {@link forward}: `size` samples into `time`. */
  inverse(re: Float64Array, im: Float64Array, time: Float64Array): void {
    const half = this.#half;
    const a = this.#re;
    const b = this.#im;
    // Swapping real and imaginary before and after turns the forward transform into the backward one.
    for (let i = 0; i < half; i++) {
      const k = this.#reversed[i]!;
      const m = half - k;
      const evenRe = (re[k]! + re[m]!) / 2;
      const evenIm = (im[k]! - im[m]!) / 2;
      const diffRe = (re[k]! - re[m]!) / 2;
      const diffIm = (im[k]! + im[m]!) / 2;
      const c = this.#cos[k]!;
      const s = -this.#sin[k]!;
      const oddRe = diffRe * c - diffIm * s;
      const oddIm = diffRe * s + diffIm * c;
      b[i] = evenRe - oddIm;
      a[i] = evenIm + oddRe;
    }
    this.#butterflies();
    for (let i = 0; i < half; i++) {
      time[2 * i] = b[i]! / half;
      time[2 * i + 1] = a[i]! / half;
    }
  }

  #butterflies(): void {
    const half = this.#half;
    const a = this.#re;
    const b = this.#im;
    for (let i = 0; i < half; i += 2) {
      const re = a[i + 1]!;
      const im = b[i + 1]!;
      a[i + 1] = a[i]! - re;
      b[i + 1] = b[i]! - im;
      a[i] = a[i]! + re;
      b[i] = b[i]! + im;
    }
    for (let span = 2; span < half; span *= 2) {
      const step = this.size / (2 * span);
      for (let j = 0; j < span; j++) {
        const c = this.#cos[j * step]!;
        const s = this.#sin[j * step]!;
        for (let i = j; i < half; i += 2 * span) {
          const o = i + span;
          const re = a[o]! * c - b[o]! * s;
          const im = a[o]! * s + b[o]! * c;
          a[o] = a[i]! - re;
          b[o] = b[i]! - im;
          a[i] = a[i]! + re;
          b[i] = b[i]! + im;
        }
      }
    }
  }
}
