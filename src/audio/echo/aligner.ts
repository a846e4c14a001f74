/**
 * Where in the microphone the predicted echo is. The filter's prediction is nearly a replica of the real echo,
 * so their correlation has one sharp peak: at 0 when the filter is right, elsewhere when the loudspeaker has
 * stopped for a moment or its time was told wrong. By generalised cross-correlation with most of the spectrum's
 * shape taken out (C. Knapp, G. Carter, IEEE Transactions ASSP 24, 1976).
 */
import { summit } from '../estimate.ts';
import { RealFft } from '../fft.ts';
import { BLOCK, RATE_HZ } from './geometry.ts';

/** Samples of the prediction that are looked at, 256 ms, and of the microphone, the newest of them. */
const SIZE = 4096;
const HEARD = 2048;
const RANGE = 1600;
/** 150 Hz to 5 kHz. */
const FROM_BIN = Math.round((150 * SIZE) / RATE_HZ);
const TO_BIN = Math.round((5000 * SIZE) / RATE_HZ);
/** 0: plain correlation, 1: every frequency counts the same. */
const WHITENING = 0.8;

export class Aligner {
  readonly #fft = new RealFft(SIZE);
  readonly #mic = new Float64Array(SIZE);
  readonly #echo = new Float64Array(SIZE);
  readonly #window = Float64Array.from({ length: HEARD }, (_, i) =>
    Math.min(1, Math.sin((Math.PI * (i + 0.5)) / HEARD) * 2),
  );
  // Scratch.
  readonly #time = new Float64Array(SIZE);
  readonly #mRe = new Float64Array(SIZE / 2 + 1);
  readonly #mIm = new Float64Array(SIZE / 2 + 1);
  readonly #yRe = new Float64Array(SIZE / 2 + 1);
  readonly #yIm = new Float64Array(SIZE / 2 + 1);

  /** Samples that the echo is later than predicted (negative: earlier). */
  lag = 0;
  /** Likeness there, and at the best within a few samples of 0; 1 is the most. */
  peak = 0;
  atZero = 0;

  /** A block of the microphone and of what is predicted of it. */
  add(mic: Float64Array, echo: Float64Array): void {
    this.#mic.copyWithin(0, BLOCK);
    this.#mic.set(mic, SIZE - BLOCK);
    this.#echo.copyWithin(0, BLOCK);
    this.#echo.set(echo, SIZE - BLOCK);
  }

  /** Mean square of a sample of the prediction, and of the microphone, over the newest of them. */
  get loudness(): { echo: number; mic: number } {
    let echo = 0;
    let mic = 0;
    for (let i = SIZE - HEARD; i < SIZE; i++) {
      echo += this.#echo[i]! * this.#echo[i]!;
      mic += this.#mic[i]! * this.#mic[i]!;
    }
    return { echo: echo / HEARD, mic: mic / HEARD };
  }

  /** The prediction comes so many samples later from now on (negative: earlier); so it would have before. */
  shift(samples: number): void {
    if (samples > 0) {
      this.#echo.copyWithin(samples, 0);
      this.#echo.fill(0, 0, samples);
    } else {
      this.#echo.copyWithin(0, -samples);
      this.#echo.fill(0, SIZE + samples);
    }
  }

  /** Looks for it: sets {@link lag}, {@link peak} and {@link atZero}. */
  measure(): void {
    const time = this.#time;
    time.fill(0, 0, SIZE - HEARD);
    for (let i = 0; i < HEARD; i++)
      time[SIZE - HEARD + i] = this.#mic[SIZE - HEARD + i]! * this.#window[i]!;
    this.#fft.forward(time, this.#mRe, this.#mIm);
    this.#fft.forward(this.#echo, this.#yRe, this.#yIm);
    const sum = this.#cross();
    this.#fft.inverse(this.#mRe, this.#mIm, time);
    const scale = SIZE / 2 / (sum + 1e-30);
    let best = 0;
    for (let lag = -RANGE; lag <= RANGE; lag++) {
      const value = time[(lag + SIZE) % SIZE]!;
      if (value > time[(best + SIZE) % SIZE]!) best = lag;
    }
    this.peak = scale * time[(best + SIZE) % SIZE]!;
    this.atZero = scale * time[0]!;
    const at = (lag: number): number => time[(lag + SIZE) % SIZE]!;
    this.lag = best + summit(at(best - 1), at(best), at(best + 1));
  }

  /** The whitened cross-spectrum into m. Returns the sum of its magnitudes. */
  #cross(): number {
    let sum = 0;
    for (let k = 0; k <= SIZE / 2; k++) {
      if (k < FROM_BIN || k > TO_BIN) {
        this.#mRe[k] = 0;
        this.#mIm[k] = 0;
        continue;
      }
      const a = this.#mRe[k]!;
      const b = this.#mIm[k]!;
      const c = this.#yRe[k]!;
      const d = this.#yIm[k]!;
      const re = a * c + b * d;
      const im = b * c - a * d;
      const size = Math.sqrt(re * re + im * im);
      const weight = size > 0 ? size ** -WHITENING : 0;
      this.#mRe[k] = re * weight;
      this.#mIm[k] = im * weight;
      sum += size * weight;
    }
    return sum;
  }
}
