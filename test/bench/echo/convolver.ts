/** Convolution with a long response as sound comes: overlap-save in partitions. */
import { RealFft } from '../../../src/audio/fft.ts';

const BLOCK = 128;
const BINS = BLOCK + 1;

export class StreamingConvolver {
  readonly #fft = new RealFft(2 * BLOCK);
  readonly #partitions: number;
  readonly #hRe: Float64Array;
  readonly #hIm: Float64Array;
  readonly #xRe: Float64Array;
  readonly #xIm: Float64Array;
  readonly #frame = new Float64Array(2 * BLOCK);
  readonly #re = new Float64Array(BINS);
  readonly #im = new Float64Array(BINS);
  readonly #time = new Float64Array(2 * BLOCK);
  #newest = 0;
  #in: number[] = [];
  /** Made and not given yet; a block of silence to begin with. */
  #out: number[] = Array.from({ length: BLOCK }, () => 0);

  constructor(response: Float32Array) {
    this.#partitions = Math.ceil(response.length / BLOCK);
    const size = this.#partitions * BINS;
    [this.#hRe, this.#hIm, this.#xRe, this.#xIm] = [0, 0, 0, 0].map(
      () => new Float64Array(size),
    ) as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (let p = 0; p < this.#partitions; p++) {
      this.#time.fill(0);
      this.#time.set(response.subarray(p * BLOCK, (p + 1) * BLOCK));
      this.#fft.forward(this.#time, this.#re, this.#im);
      this.#hRe.set(this.#re, p * BINS);
      this.#hIm.set(this.#im, p * BINS);
    }
  }

  /** As many samples as go in come out, a block later. */
  push(sound: Float32Array): Float32Array {
    for (const sample of sound) {
      this.#in.push(sample);
      if (this.#in.length === BLOCK) this.#block();
    }
    return Float32Array.from(this.#out.splice(0, sound.length));
  }

  #block(): void {
    this.#frame.copyWithin(0, BLOCK);
    this.#frame.set(this.#in, BLOCK);
    this.#in = [];
    this.#fft.forward(this.#frame, this.#re, this.#im);
    this.#newest = (this.#newest + this.#partitions - 1) % this.#partitions;
    this.#xRe.set(this.#re, this.#newest * BINS);
    this.#xIm.set(this.#im, this.#newest * BINS);
    this.#re.fill(0);
    this.#im.fill(0);
    for (let p = 0; p < this.#partitions; p++) {
      const x = ((this.#newest + p) % this.#partitions) * BINS;
      const h = p * BINS;
      for (let k = 0; k < BINS; k++) {
        const [a, b] = [this.#xRe[x + k]!, this.#xIm[x + k]!];
        const [c, d] = [this.#hRe[h + k]!, this.#hIm[h + k]!];
        this.#re[k] = this.#re[k]! + a * c - b * d;
        this.#im[k] = this.#im[k]! + a * d + b * c;
      }
    }
    this.#fft.inverse(this.#re, this.#im, this.#time);
    for (let i = BLOCK; i < 2 * BLOCK; i++) this.#out.push(this.#time[i]!);
  }
}
