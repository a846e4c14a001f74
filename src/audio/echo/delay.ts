/**
 * How far the echo is behind the reference, to the block, over a second. In every block each of 32 bands is
 * louder or softer than it used to be: a word of 32 bits. Where the words of the reference, so many
 * blocks ago, are most like those of the microphone, there is the echo: distortion, loudness and the room
 * hardly matter to it, and it costs next to nothing. After the delay estimator of WebRTC's mobile canceller
 * (B. Kleijn's idea).
 */
import { MAX_DELAY_BLOCKS, MAX_EARLY_BLOCKS } from './geometry.ts';
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
/** At first, as many fewer than at any other: after half a second of words a later word may be like an earlier one. */
const AHEAD_BITS = 1.5;
const REVERBERATION_BLOCKS = 6;
/** So long it has to be the best. */
const STEADY_BLOCKS = 40;
/** It may also come so many blocks before the reference. */
const EARLY = MAX_EARLY_BLOCKS;
const DELAYS = EARLY + MAX_DELAY_BLOCKS;

export class DelayEstimator {
  readonly #farMean = new Float64Array(BANDS);
  readonly #micMean = new Float64Array(BANDS);
  /** Words of the reference and of the microphone, rings; the newest at `#newest`. */
  readonly #words = new Int32Array(DELAYS);
  readonly #loud = new Uint8Array(DELAYS);
  readonly #heard = new Int32Array(DELAYS);
  /** By delay, from the earliest on. */
  readonly #bits = new Float64Array(DELAYS).fill(BANDS / 2);
  readonly #seen = new Uint32Array(DELAYS);
  #newest = 0;
  #blocks = 0;
  #candidate = Number.NaN;
  #steady = 0;
  #delay: number | undefined;

  /** Blocks from the reference to its echo, negative where that comes before it; undefined before it is known. */
  get blocks(): number | undefined {
    return this.#delay;
  }

  /** The last block has borne that out: there is no doubt of it now. */
  isSure = false;

  /** One block of both, as spectra, neither of them delayed. */
  update(far: Spectrum, mic: Spectrum): void {
    this.#newest = (this.#newest + DELAYS - 1) % DELAYS;
    // The first blocks are not louder than usual.
    const kept = Math.min(MEAN_KEPT, this.#blocks / ++this.#blocks);
    this.#words[this.#newest] = word(far, this.#farMean, kept);
    this.#loud[this.#newest] = bandPower(far) > SILENCE ? 1 : 0;
    this.#heard[this.#newest] = word(mic, this.#micMean, kept);
    this.isSure = false;
    if (this.#compare()) this.#choose();
  }

  /** Reference and microphone at each delay, the newer of them as new as can be. Returns whether any was loud. */
  #compare(): boolean {
    let changed = false;
    for (let i = 0; i < DELAYS; i++) {
      const far = this.#farAt(i);
      if (this.#loud[far] === 0) continue;
      changed = true;
      const mic = (this.#newest + Math.max(0, EARLY - i)) % DELAYS;
      const seen = (this.#seen[i] = this.#seen[i]! + 1);
      const differ = ones(this.#words[far]! ^ this.#heard[mic]!);
      this.#bits[i] =
        this.#bits[i]! + (differ - this.#bits[i]!) / Math.min(seen + 20, LIKENESS_BLOCKS);
    }
    return changed;
  }

  /** Where the reference is that is compared. */
  #farAt(i: number): number {
    return (this.#newest + Math.max(0, i - EARLY)) % DELAYS;
  }

  #choose(): void {
    let best = 0;
    let sum = 0;
    for (let i = 0; i < DELAYS; i++) {
      sum += this.#bits[i]!;
      if (this.#bits[i]! < this.#bits[best]!) best = i;
    }
    if (sum / DELAYS - this.#bits[best]! < DEPTH_BITS) {
      this.#steady = 0;
      return;
    }
    if (this.#delay === undefined && this.#nextBest(best) - this.#bits[best]! < AHEAD_BITS) {
      this.#steady = 0;
      return;
    }
    // While nothing new is known of the best it says no more than before.
    if (this.#loud[this.#farAt(best)] === 0) return;
    const delay = best - EARLY;
    if (!(Math.abs(delay - this.#candidate) <= 1)) {
      this.#candidate = delay;
      this.#steady = 0;
    }
    this.#steady++;
    this.isSure = this.#steady >= STEADY_BLOCKS;
    if (this.isSure) this.#delay = delay;
  }

  /** Bits that differ at the best of the others; reverberation makes the next ones like it. */
  #nextBest(best: number): number {
    let least = BANDS;
    for (let i = 0; i < DELAYS; i++)
      if (Math.abs(i - best) > REVERBERATION_BLOCKS) least = Math.min(least, this.#bits[i]!);
    return least;
  }
}

function bandPower({ re, im }: Spectrum): number {
  let sum = 0;
  const end = FROM_BIN + BANDS * BINS_PER_BAND;
  for (let k = FROM_BIN; k < end; k++) sum += re[k]! * re[k]! + im[k]! * im[k]!;
  // By Parseval, of 256 samples, counted in half of the bins.
  return (2 * sum) / (256 * 256);
}

function word({ re, im }: Spectrum, mean: Float64Array, kept: number): number {
  let bits = 0;
  for (let band = 0; band < BANDS; band++) {
    let power = 0;
    for (let i = 0; i < BINS_PER_BAND; i++) {
      const k = FROM_BIN + band * BINS_PER_BAND + i;
      power += re[k]! * re[k]! + im[k]! * im[k]!;
    }
    // The root follows speech, which is loud and soft, better than the power does.
    const level = Math.sqrt(power);
    mean[band] = kept * mean[band]! + (1 - kept) * level;
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
