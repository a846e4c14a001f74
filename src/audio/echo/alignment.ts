/**
 * Keeps the filter in step with the loudspeaker: where its prediction is found elsewhere in the microphone, what it
 * has learnt moves there as it is, and where it is found a little earlier every time, the reference is read faster.
 */
import { Aligner } from './aligner.ts';
import type { FarLine } from './farLine.ts';
import type { EchoFilter } from './filter.ts';
import { BLOCK } from './geometry.ts';
import type { PathWatch } from './pathWatch.ts';

/** It is looked every so many blocks, and when the echo is lost. */
const EVERY_BLOCKS = 8;
const EVERY_WHEN_LOST = 4;
/** Mean square of a sample of the predicted echo below which there is nothing to be seen. */
const SILENCE = 1e-9;
/** A microphone that is softer than that share of the prediction has not heard it anywhere. */
const UNHEARD = 0.1;
/** A peak is one when it is this high, and so much higher than what is where it should be. */
const LEAST_PEAK = 0.12;
const OVER_ZERO = 2;
/** Two looks have to agree, in samples. */
const AGREE = 1.5;
/** Smaller than this it is drift, in samples. */
const MOST_DRIFT = 1.5;
/**
 * A loop of the second order (F. Gardner, Phaselock Techniques): of what it is off, in samples, so much is made good
 * per look, and so much goes into the rate. Fast until it has found the rate, then slow.
 */
const PROPORTIONAL = [0.04, 0.25];
const INTEGRAL = [0.001, 0.03];
/** Mean of what it is off, in samples, from which on it is as fast as it can be. */
const FAR_OFF = 0.15;
const MOST_RATE = 600e-6;

export class Alignment {
  readonly #aligner = new Aligner();
  #blocks = 0;
  #candidate = Number.NaN;
  #off = 1;
  #rate = 0;

  /** After each block; `echo` as predicted. */
  follow(
    mic: Float64Array,
    echo: Float64Array,
    filter: EchoFilter,
    line: FarLine,
    watch: PathWatch,
  ): void {
    this.#aligner.add(mic, echo);
    this.#blocks++;
    if (this.#blocks % (watch.lost ? EVERY_WHEN_LOST : EVERY_BLOCKS) !== 0) return;
    const { loudness } = this.#aligner;
    if (loudness.echo < SILENCE || loudness.mic < UNHEARD * loudness.echo) return;
    this.#aligner.measure();
    const { lag, peak, atZero } = this.#aligner;
    if (peak < LEAST_PEAK || peak < OVER_ZERO * atZero) {
      this.#candidate = Number.NaN;
      const isThere = peak > LEAST_PEAK && Math.abs(lag) <= MOST_DRIFT;
      if (isThere && !watch.lost) this.#drift(lag, line);
      if (isThere) watch.confirmed();
    } else if (Math.abs(lag - this.#candidate) < AGREE) this.#move(lag, filter, line, watch);
    else this.#candidate = lag;
  }

  #move(lag: number, filter: EchoFilter, line: FarLine, watch: PathWatch): void {
    const rest = Math.round(lag - line.delay(lag));
    if (rest !== 0) filter.shift(rest);
    line.refill(filter);
    this.#aligner.shift(Math.round(lag));
    this.#candidate = Number.NaN;
    watch.found();
  }

  #drift(lag: number, line: FarLine): void {
    this.#off = 0.9 * this.#off + 0.1 * lag;
    const haste = Math.min(1, Math.abs(this.#off) / FAR_OFF);
    const samples = EVERY_BLOCKS * BLOCK;
    const integral = INTEGRAL[0]! + haste * (INTEGRAL[1]! - INTEGRAL[0]!);
    this.#rate -= (integral * lag) / samples;
    this.#rate = Math.max(-MOST_RATE, Math.min(MOST_RATE, this.#rate));
    const proportional = PROPORTIONAL[0]! + haste * (PROPORTIONAL[1]! - PROPORTIONAL[0]!);
    line.rate = this.#rate - (proportional * lag) / samples;
  }
}
