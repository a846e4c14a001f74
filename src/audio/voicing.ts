/**
 * Whether sound is voiced in the phonetician's sense: repeating at the pitch of a voice, and which pitch. A clap, a cough or a
 * slammed door is as loud as speech and a voice activity detector takes it for such, but nothing in it
 * repeats. Normalised autocorrelation of the last 40 ms, 8 kHz, above about 300 Hz: a thud's own low
 * tone is filtered out, while the harmonics of a voice still repeat at its pitch.
 */
import { summit } from './estimate.ts';
import { BYTES_PER_SAMPLE } from './format.ts';
import { viewOf } from './pcm.ts';

const RATE_HZ = 8000;
/** 66 to 400 Hz. */
const MIN_LAG = 20;
const MAX_LAG = 120;
const FRAME = 160;
const WINDOW = FRAME;
/** Three high-passes of first order, each with its corner near 300 Hz at 8 kHz. */
const STAGES = 3;
const HIGH_PASS = 0.8;
/** Measured on flite's and espeak-ng's voices (voiced: 0.6 and more) against bursts made with sox (below 0.5). */
const VOICED = 0.55;
/** RMS of a frame, in units of a 16-bit sample, below which nothing is judged. */
const QUIET = 30;

export class VoicingDetector {
  readonly #samples = new Float32Array(FRAME * 2);
  /** For each lag. */
  readonly #likeness = new Float64Array(MAX_LAG + 2);
  /** Last input and output of each stage. */
  readonly #memory = new Float32Array(STAGES * 2);

  /** One frame of 20 ms, 16 kHz mono s16le. */
  push(frame: Uint8Array): void {
    const samples = this.#samples;
    samples.copyWithin(0, FRAME);
    const view = viewOf(frame);
    for (let i = 0; i < FRAME; i++) {
      const at = i * 2 * BYTES_PER_SAMPLE;
      const whole = at + 2 * BYTES_PER_SAMPLE <= frame.byteLength;
      // Every second sample is left out; the mean of two is filter enough for pitch.
      const mean = whole ? (view.getInt16(at, true) + view.getInt16(at + 2, true)) / 2 : 0;
      samples[FRAME + i] = this.#highPass(mean);
    }
  }

  /** Hz, of the last frame; undefined when it does not repeat. Reckoned when it is asked for. */
  get pitchHz(): number | undefined {
    const { lag, likeness } = this.#best();
    return likeness > VOICED ? RATE_HZ / lag : undefined;
  }

  #highPass(sample: number): number {
    const memory = this.#memory;
    let value = sample;
    for (let stage = 0; stage < STAGES * 2; stage += 2) {
      const out = HIGH_PASS * (memory[stage + 1]! + value - memory[stage]!);
      memory[stage] = value;
      memory[stage + 1] = out;
      value = out;
    }
    return value;
  }

  /** Where the last 20 ms are most like what was that much earlier, between samples, and how like, 0 to 1. */
  #best(): { lag: number; likeness: number } {
    const samples = this.#samples;
    const start = samples.length - WINDOW;
    let energy = 0;
    for (let i = start; i < samples.length; i++) energy += samples[i]! * samples[i]!;
    if (energy < WINDOW * QUIET * QUIET) return { lag: MIN_LAG, likeness: 0 };
    const likeness = this.#likeness;
    let best = MIN_LAG;
    for (let lag = MIN_LAG - 1; lag <= MAX_LAG + 1; lag++) {
      let product = 0;
      let earlier = 0;
      for (let i = start; i < samples.length; i++) {
        const before = samples[i - lag]!;
        product += samples[i]! * before;
        earlier += before * before;
      }
      likeness[lag] = product / Math.sqrt(energy * earlier + 1);
      if (lag <= MAX_LAG && likeness[lag]! > likeness[best]!) best = lag;
    }
    const shift = summit(likeness[best - 1]!, likeness[best]!, likeness[best + 1]!);
    return { lag: best + shift, likeness: likeness[best]! };
  }
}
