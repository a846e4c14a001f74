/**
 * Takes out of the microphone what the loudspeaker plays. Both come as samples of 16 kHz in step, the
 * reference at the moment when it is played or before; the microphone comes out {@link DELAY_SAMPLES} later,
 * without the echo and with everything else. Where nothing was played it comes out as it was. Where the echo comes before
 * its reference all the same, the microphone comes out that much later ({@link EchoStatistics.heldBackMs}).
 *
 *   reference ─→ line ─→ filter ─→ what of it is echo ─┬─→ alignment: where it is, how the clocks drift
 *                                                      │
 *   microphone ───────────────────────────────────────(−)─→ suppressor ─→ out
 *        └─→ delay: where the filter has to look       └─→ watch: is the filter right?
 */
import { Alignment } from './alignment.ts';
import { DelayEstimator } from './delay.ts';
import { RealFft } from '../fft.ts';
import { FarLine } from './farLine.ts';
import { EchoFilter } from './filter.ts';
import { BLOCK, FRAME, MAX_DELAY_BLOCKS, newSpectrum, PARTITIONS } from './geometry.ts';
import type { Spectrum } from './geometry.ts';
import { MicrophoneLine } from './microphoneLine.ts';
import { PathWatch } from './pathWatch.ts';
import { Statistics, type EchoStatistics } from './statistics.ts';
import { Suppressor } from './suppressor.ts';

/** From the microphone to the result, 16 ms: a block to collect, and one that the suppressor overlaps. */
export const DELAY_SAMPLES = FRAME;
/** Where in the filter the loudest of the echo shall be, and where it may be at the earliest and the latest. */
const WANTED_BLOCKS = 5;
const EARLIEST_BLOCKS = 2;
const LATEST_BLOCKS = 20;
/** What was played so long ago is in no partition any more. */
const FORGOTTEN_BLOCKS = PARTITIONS + MAX_DELAY_BLOCKS;
/** The delay that is found at first may be so much late; what comes first is up to so much before it. */
const UNSURE_BLOCKS = 3;
const EARLIER_BLOCKS = 5;
/**
 * An echo that is found before that is too early: it is found up to four blocks late in a room that reverberates. The
 * microphone is held back until it would be found at the latter. It has to be so for half a second, and for a whole one
 * where the filter has been right.
 */
const TOO_EARLY_BLOCKS = 3;
const SAFE_BLOCKS = 6;
const EARLY_FOR_BLOCKS = [60, 125] as const;
/** A block that says nothing counts against it, a little. */
const UNSURE_COUNTS = 0.25;
/** After half a second of silence a device begins anew, some milliseconds from where it was told. */
const PAUSE_BLOCKS = 62;
/** As {@link EchoCanceller.near}. */
const SOMEBODY = 0.7;
/** 6 dB softer, over half a second. */
const CANCELS = 0.25;
const POWER_STEP = 1 / 64;
/** Full scale is 1, and floats may go beyond it. */
const LIMIT = 4;

export class EchoCanceller {
  #filter = new EchoFilter();
  readonly #suppressor = new Suppressor();
  readonly #delay = new DelayEstimator();
  #watch = new PathWatch();
  readonly #statistics = new Statistics();
  readonly #fft = new RealFft(FRAME);
  /** Means over half a second. */
  #micPower = 0;
  #errorPower = 0;
  /** The delay that the filter's doubts were set by. */
  #expected = -1;
  /** Samples of the present block; as many of {@link #out} have been given. */
  #filled = 0;
  readonly #far = new Float64Array(BLOCK);
  /** The microphone as it comes, and as it is when it has been held back. */
  readonly #now = new Float64Array(BLOCK);
  readonly #mic = new Float64Array(BLOCK);
  readonly #out = new Float64Array(BLOCK);
  /** Blocks since something played. */
  #silent = 0;
  readonly #line = new FarLine();
  readonly #microphone = new MicrophoneLine();
  /** Blocks with sound in which the echo was found too early, less those in which it was not. */
  #early = 0;
  #alignment = new Alignment();
  readonly #read = new Float64Array(BLOCK);
  // Scratch.
  readonly #farFrame = new Float64Array(FRAME);
  readonly #micFrame = new Float64Array(FRAME);
  readonly #told = newSpectrum();
  readonly #heard = newSpectrum();
  readonly #echo = new Float64Array(BLOCK);
  readonly #error = new Float64Array(BLOCK);

  /** The filter has converged, and its echo is where it says: what comes out is the microphone without it. */
  get trusted(): boolean {
    return this.#watch.trusted && !this.#watch.lost;
  }

  /** Somebody near speaks, 0 to 1. */
  get near(): number {
    return this.#suppressor.near;
  }

  get statistics(): EchoStatistics {
    return this.#statistics.now(this.#delay.blocks, this.#microphone.held);
  }

  /**
   * `reference`, `microphone` and `out` are of one length, any; full scale is 1. What is no number counts as
   * silence. `out` may be `microphone`.
   *
   * @throws RangeError for pieces of different lengths.
   */
  process(reference: Float32Array, microphone: Float32Array, out: Float32Array): void {
    const { length } = microphone;
    if (reference.length !== length || out.length !== length)
      throw new RangeError(`${reference.length}, ${length} and ${out.length} samples are no step`);
    for (let i = 0; i < length; i++) {
      const at = this.#filled;
      this.#far[at] = sane(reference[i]!);
      this.#now[at] = sane(microphone[i]!);
      out[i] = this.#out[at]!;
      this.#filled = at + 1;
      if (this.#filled < BLOCK) continue;
      this.#filled = 0;
      this.#block();
    }
  }

  #block(): void {
    const filter = this.#filter;
    const suppressor = this.#suppressor;
    this.#microphone.pass(this.#now, this.#mic);
    this.#line.push(this.#far);
    this.#remember();
    const begins = filter.isLoud && this.#silent >= PAUSE_BLOCKS;
    if (begins && suppressor.near < SOMEBODY) this.#watch.suspect();
    this.#silent = filter.isLoud ? 0 : this.#silent + 1;
    if (this.#silent > FORGOTTEN_BLOCKS) return this.#idle();
    if (this.#watch.trusted && this.#mic.every((sample) => sample === 0)) return this.#deaf();
    filter.predict(this.#mic, this.#echo, this.#error);
    this.#measure();
    suppressor.analyse(this.#error, this.#echo);
    this.#watch.look(filter, suppressor, this.#micPower / BLOCK);
    if (this.#watch.careful) filter.mayBeAnything();
    // A lost filter stays as it is: it may be right again.
    if (!this.#watch.lost) filter.learn(this.#watch.trusted);
    suppressor.process(filter.unsure, this.#watch.share, this.#out);
    this.#alignment.follow(this.#mic, this.#echo, filter, this.#line, this.#watch);
    this.#followDelay();
    this.#count();
  }

  /** Nothing plays that could be heard: only the noise of the room is learnt. That is most of the time. */
  #idle(): void {
    this.#letGo();
    this.#error.set(this.#mic);
    this.#echo.fill(0);
    this.#filter.unsure.fill(0);
    this.#suppressor.analyse(this.#error, this.#echo);
    this.#measure();
    this.#watch.look(this.#filter, this.#suppressor, this.#micPower / BLOCK);
    this.#suppressor.process(this.#filter.unsure, 0, this.#out);
    this.#count();
  }

  #count(): void {
    const { near } = this.#suppressor;
    this.#statistics.update(this.#far, this.#mic, this.#out, { near, heard: this.#watch.heard });
  }

  /** The microphone is muted, or away: what is known of the room stays right. */
  #deaf(): void {
    this.#error.fill(0);
    this.#echo.fill(0);
    this.#filter.unsure.fill(0);
    this.#suppressor.analyse(this.#error, this.#echo);
    this.#suppressor.process(this.#filter.unsure, 0, this.#out);
  }

  /** What the filter subtracts makes the microphone softer: it cannot be elsewhere altogether. */
  get #cancels(): boolean {
    return this.#errorPower < CANCELS * this.#micPower;
  }

  #measure(): void {
    let mic = 0;
    let error = 0;
    for (let i = 0; i < BLOCK; i++) {
      mic += this.#mic[i]! ** 2;
      error += this.#error[i]! ** 2;
    }
    this.#micPower += (mic - this.#micPower) * POWER_STEP;
    this.#errorPower += (error - this.#errorPower) * POWER_STEP;
  }

  #remember(): void {
    if (this.#line.isEmpty) this.#look(1);
    this.#line.read(this.#read);
    this.#filter.remember(this.#read);
  }

  /** The filter looks so many blocks further back; what it knows of the room stays right. */
  #look(blocks: number): void {
    this.#filter.shift(-blocks * BLOCK);
    this.#line.delay(blocks * BLOCK);
    this.#line.refill(this.#filter);
  }

  /** The echo is, surely, too early for the filter: found `blocks` after the reference. */
  #isEarly(blocks: number): boolean {
    const { trusted } = this.#watch;
    // What is known is not given up over somebody's words: nothing can be learnt there.
    if (!this.#filter.isLoud || (trusted && this.#suppressor.near > SOMEBODY)) return false;
    const early = blocks < (trusted ? TOO_EARLY_BLOCKS : TOO_EARLY_BLOCKS + 1);
    const step = this.#delay.isSure ? (early ? 1 : -1) : -UNSURE_COUNTS;
    this.#early = Math.max(0, this.#early + step);
    return this.#early > (trusted ? EARLY_FOR_BLOCKS[1] : EARLY_FOR_BLOCKS[0]);
  }

  /** The microphone comes so many blocks later. What was learnt is of little use: what comes first was not in it. */
  #holdBack(blocks: number): void {
    this.#early = 0;
    this.#microphone.hold(this.#microphone.held + blocks);
    this.#filter = new EchoFilter();
    this.#watch = new PathWatch();
    this.#alignment = new Alignment();
    this.#expected = -1;
    this.#line.restart();
    this.#line.refill(this.#filter);
  }

  /** While nothing plays: it has been held back for a room that is another one by now. */
  #letGo(): void {
    const { held } = this.#microphone;
    if (held === 0 || (this.#delay.blocks ?? 0) < SAFE_BLOCKS) return;
    this.#microphone.hold(0);
    const earlier = this.#line.delay(-held * BLOCK);
    this.#filter.shift(Math.round(-held * BLOCK - earlier));
    this.#line.refill(this.#filter);
  }

  #followDelay(): void {
    spectrum(this.#fft, this.#farFrame, this.#far, this.#told);
    spectrum(this.#fft, this.#micFrame, this.#now, this.#heard);
    this.#delay.update(this.#told, this.#heard);
    if (this.#delay.blocks === undefined) return;
    const blocks = this.#delay.blocks + this.#microphone.held;
    if (this.#isEarly(blocks)) return this.#holdBack(SAFE_BLOCKS - blocks);
    if (this.#watch.lost) return;
    const behind = this.#line.behind / BLOCK;
    const at = this.#watch.trusted ? this.#filter.direct : Math.round(blocks - behind);
    if (!this.#watch.trusted && blocks !== this.#expected) {
      this.#expected = blocks;
      this.#filter.expect(Math.max(0, at - EARLIER_BLOCKS));
    }
    if (!this.#watch.trusted && this.#cancels) return;
    const earliest = this.#watch.trusted ? EARLIEST_BLOCKS : EARLIER_BLOCKS;
    if (at >= earliest && at <= LATEST_BLOCKS) return;
    const wanted = this.#watch.trusted ? WANTED_BLOCKS : WANTED_BLOCKS + UNSURE_BLOCKS;
    const most = MAX_DELAY_BLOCKS - Math.ceil(behind);
    const earlier = Math.max(0, Math.floor(behind));
    const by = Math.max(-earlier, Math.min(most, at - wanted));
    if (by !== 0) this.#look(by);
  }
}

/** Of the last two blocks. */
function spectrum(fft: RealFft, frame: Float64Array, block: Float64Array, out: Spectrum): void {
  frame.copyWithin(0, BLOCK);
  frame.set(block, BLOCK);
  fft.forward(frame, out.re, out.im);
}

function sane(sample: number): number {
  if (sample > -LIMIT && sample < LIMIT) return sample;
  return sample >= LIMIT ? LIMIT : sample <= -LIMIT ? -LIMIT : 0;
}
