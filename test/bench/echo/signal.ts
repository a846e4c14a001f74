/** Sound for the echo bench: repeatable noise, convolution, levels. 16 kHz mono floats, full scale 1. */
import { RealFft } from '../../../src/audio/fft.ts';

export const RATE = 16_000;

/** Numbers from 0 to 1, the same for the same seed (xorshift). */
export function randomOf(seed: number): () => number {
  let state = (Math.imul(seed, 2_654_435_761) ^ 0x9e37_79b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 0x1_0000_0000;
  };
}

export function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}

export function powerOf(sound: ArrayLike<number>, from = 0, to = sound.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += sound[i]! * sound[i]!;
  return sum / Math.max(1, to - from);
}

export const dB = (power: number): number => 10 * Math.log10(power + 1e-14);
export const fromDb = (db: number): number => 10 ** (db / 20);

/** The same sound at a mean level of `dbfs`. */
export function atLevel(sound: Float32Array, dbfs: number): Float32Array {
  const gain = fromDb(dbfs) / Math.sqrt(powerOf(sound) + 1e-14);
  return sound.map((sample) => sample * gain);
}

/** Overlap-add; as long as `sound`. */
export function convolve(sound: Float32Array, response: Float32Array): Float32Array {
  const size = 2 ** Math.ceil(Math.log2(2 * response.length));
  const step = size - response.length;
  const fft = new RealFft(size);
  const bins = size / 2 + 1;
  const [hRe, hIm, re, im] = Array.from({ length: 4 }, () => new Float64Array(bins)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const time = new Float64Array(size);
  time.set(response);
  fft.forward(time, hRe, hIm);
  const out = new Float32Array(sound.length);
  for (let at = 0; at < sound.length; at += step) {
    time.fill(0);
    time.set(sound.subarray(at, at + step));
    fft.forward(time, re, im);
    for (let k = 0; k < bins; k++) {
      const real = re[k]! * hRe[k]! - im[k]! * hIm[k]!;
      im[k] = re[k]! * hIm[k]! + im[k]! * hRe[k]!;
      re[k] = real;
    }
    fft.inverse(re, im, time);
    for (let i = 0; i < size && at + i < out.length; i++) out[at + i] = out[at + i]! + time[i]!;
  }
  return out;
}

/** Read by a clock that runs `ppm` too fast: sinc interpolation over 32 samples. */
export function drifted(sound: Float32Array, ppm: number): Float32Array {
  if (ppm === 0) return sound;
  const half = 16;
  return sound.map((_, i) => {
    const at = i * (1 + ppm / 1e6);
    const whole = Math.floor(at);
    const part = at - whole;
    let sum = 0;
    for (let j = 1 - half; j <= half; j++) {
      const x = part - j;
      const sinc = Math.abs(x) < 1e-9 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      sum += (sound[whole + j] ?? 0) * sinc * Math.cos((Math.PI * x) / (2 * half + 2)) ** 2;
    }
    return sum;
  });
}
