/**
 * How far the echo is behind the reference, to the block, over a second. In every block each of 32 bands is
 * louder or softer than it used to be: a word of 32 bits. Where the words of the reference, so many
 * blocks ago, are most like those of the microphone, there is the echo: distortion, loudness and the room
 * hardly matter to it, and it costs next to nothing. After the delay estimator of WebRTC's mobile canceller
 * (B. Kleijn's idea).
 */
import { MAX_DELAY_BLOCKS } from './geometry.ts';
import type { Spectrum } from './geometry.ts';

const BANDS = 32;
const BINS_PER_BAND = 2;
/** 190 Hz; 32 bands from there reach to 4.2 kHz. */
const FROM_BIN = 3;
const MEAN_KEPT = 0.984;
/** Likeness is smoothed over so many blocks in which the reference was loud. */
const LIKENESS_BLOCKS = 80;
/** Mean squares of a sample below which the reference is silence. */
const SILENCE = 1e-8;
/** Bits fewer than the mean over all delays that the best one has to differ in. */
const DEPTH_BITS = 2.5;
/** So long it has to be the best. */
const STEADY_BLOCKS = 40;
const DELAYS = MAX_DELAY_BLOCKS;

export class DelayEstimator {
  readonly #farMean = new Float64Array(BANDS);
  readonly #micMean = new Float64Array(BANDS);
  readonly #words = new Int32Array(DELAYS);
  readonly #loud = new Uint8Array(DELAYS);
  readonly #bits = new Float64Array(DELAYS).fill(BANDS / 2);
  readonly #seen = new Uint32Array(DELAYS);
  #newest = 0;
  #candidate = -1;
  #steady = 0;
  #delay: number | undefined;

  /** Blocks from the reference to its echo; undefined before it is known. */
  get blocks(): number | undefined {
    return this.#delay;
  }

  /** One block of both, as spectra, neither of them delayed. */
  update(far: Spectrum, mic: Spectrum): void {
    this.#newest = (this.#newest + DELAYS - 1) % DELAYS;
    const loudness = bandPower(far);
    this.#words[this.#newest] = word(far, this.#farMean);
    this.#loud[this.#newest] = loudness > SILENCE ? 1 : 0;
    const heard = word(mic, this.#micMean);
    let best = 0;
    let sum = 0;
    let least = Number.POSITIVE_INFINITY;
    let changed = false;
    for (let delay = 0; delay < DELAYS; delay++) {
      const at = (this.#newest + delay) % DELAYS;
      if (this.#loud[at] === 1) {
        changed = true;
        const seen = (this.#seen[delay] = this.#seen[delay]! + 1);
        const differ = ones(this.#words[at]! ^ heard);
        this.#bits[delay] =
          this.#bits[delay]! + (differ - this.#bits[delay]!) / Math.min(seen + 20, LIKENESS_BLOCKS);
      }
      const bits = this.#bits[delay]!;
      sum += bits;
      if (bits < least) {
        least = bits;
        best = delay;
      }
    }
    if (!changed) return;
    if (sum / DELAYS - least < DEPTH_BITS) {
      this.#steady = 0;
      return;
    }
    if (Math.abs(best - this.#candidate) > 1) {
      this.#candidate = best;
      this.#steady = 0;
    }
    this.#steady++;
    if (this.#steady >= STEADY_BLOCKS) this.#delay = best;
  }
}

function bandPower({ re, im }: Spectrum): number {
  let sum = 0;
  const end = FROM_BIN + BANDS * BINS_PER_BAND;
  for (let k = FROM_BIN; k < end; k++) sum += re[k]! * re[k]! + im[k]! * im[k]!;
  // By Parseval, of 256 samples, counted in half of the bins.
  return (2 * sum) / (256 * 256);
}

function word({ re, im }: Spectrum, mean: Float64Array): number {
  let bits = 0;
  for (let band = 0; band < BANDS; band++) {
    let power = 0;
    for (let i = 0; i < BINS_PER_BAND; i++) {
      const k = FROM_BIN + band * BINS_PER_BAND + i;
      power += re[k]! * re[k]! + im[k]! * im[k]!;
    }
    // The root follows speech, which is loud and soft, better than the power does.
    const level = Math.sqrt(power);
    mean[band] = MEAN_KEPT * mean[band]! + (1 - MEAN_KEPT) * level;
    if (level > mean[band]!) bits |= 1 << band;
  }
  return bits;
}

/** How many bits are set. */
function ones(value: number): number {
  let v = value - ((value >>> 1) & 0x5555_5555);
  v = (v & 0x3333_3333) + ((v >>> 2) & 0x3333_3333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
