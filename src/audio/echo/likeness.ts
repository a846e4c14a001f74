/**
 * Whether what is left goes along with the echo that was subtracted, as a share of it: 0 when the filter is right,
 * whoever speaks; -1 when that echo is not in the microphone at all.
 */
import { BINS } from './geometry.ts';
import type { Suppressor } from './suppressor.ts';

/** Echo that is softer than it was, by so much, says little: reverberation is known badly. */
const SOFT = 0.5;
/** Between the partials of music there is hardly anything but what the transform makes. */
const FAINT = 1e-5;
const TINY = 1e-9;
/** Frames overlap by a half: their values are not all independent. */
const DEPENDENT = 4;

export class Likeness {
  readonly #kept: number;
  #along = 0;
  #echo = 0;
  #variance = 0;

  /** `kept`: of the mean, per block. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** What is left has that much of the echo, and how far off chance can make that (standard deviation). */
  share = 0;
  chance = Number.POSITIVE_INFINITY;

  /** After each block. */
  update({ left, echoPower, along, meanLeft, meanEcho, loudEcho }: Suppressor): void {
    let sum = 0;
    let echo = 0;
    let variance = 0;
    let loudest = 0;
    for (let k = 1; k < BINS - 1; k++) loudest = Math.max(loudest, loudEcho[k]!);
    for (let k = 1; k < BINS - 1; k++) {
      // Bins in which somebody else is loud say little, and those in which the filter is right no more than others.
      const weight =
        1 / (Math.max(meanLeft[k]!, meanEcho[k]!, SOFT * loudEcho[k]!, FAINT * loudest) + TINY);
      sum += weight * along[k]!;
      echo += weight * echoPower[k]!;
      variance += (weight * weight * left[k]! * echoPower[k]!) / 2;
    }
    const kept = this.#kept;
    this.#along = kept * this.#along + sum;
    this.#echo = kept * this.#echo + echo;
    this.#variance = kept * kept * this.#variance + DEPENDENT * variance;
    this.share = this.#along / (this.#echo + TINY);
    this.chance = Math.sqrt(this.#variance) / (this.#echo + TINY);
  }

  /** Of the echo that was looked at, in bins of one block: few say little. */
  get seen(): number {
    return this.#echo;
  }

  forget(): void {
    this.#along = 0;
    this.#echo = 0;
    this.#variance = 0;
    this.share = 0;
    this.chance = Number.POSITIVE_INFINITY;
  }
}
