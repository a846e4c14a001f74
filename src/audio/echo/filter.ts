/**
 * The linear part of the canceller: it learns the way from the loudspeaker to the microphone and subtracts
 * what comes along it. A partitioned-block frequency-domain filter, adapted as a Kalman filter in each bin,
 * so that the step size follows from what is known: it learns fast while it is unsure and nobody else
 * speaks, and stands still in double-talk.
 *
 * - G. Enzner, P. Vary: Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free
 *   telephones. Signal Processing 86 (2006).
 * - F. Kuech, E. Mabande, G. Enzner: State-space architecture of the partitioned-block-based acoustic echo
 *   controller. ICASSP 2014.
 */
import { RealFft } from '../fft.ts';
import { adapt, addEcho, makeSurer, mostPower, OVERLAP, STEADINESS } from './kalman.ts';
import type { Spectra } from './kalman.ts';
import { BINS, BLOCK, FRAME, newSpectrum, PARTITIONS } from './geometry.ts';
import {
  addPower,
  firstDoubts,
  limitDoubt,
  loudest,
  raiseDoubt,
  shift,
  shiftDoubt,
} from './response.ts';

/** How fast the power of all that is no echo is followed, per block. */
const OTHERS_KEPT = 0.7;
const LEAST_OTHERS = 1e-8;
const TINY = 1e-9;
/** Partitions whose impulse response is cut back to a block's length in each block; all of them in eight. */
const CONSTRAINED = PARTITIONS / 8;
/** Mean square of a sample of the reference that is nothing to be heard. */
const SILENCE = 1e-6;
/** Echo that is not where it should be is looked for so many partitions around. */
const AROUND_BLOCKS = 13;
/**
 * Besides each block, so many of the last half second are learnt from again, at random: while it is not
 * trusted yet, and later. Neighbouring blocks are alike, and one look at each does not tell the partitions apart.
 */
const AGAIN_AT_FIRST = 2;
const AGAIN = 1;
const KEPT_BLOCKS = 60;
const HISTORY = PARTITIONS + KEPT_BLOCKS;

export class EchoFilter {
  readonly #fft = new RealFft(FRAME);
  /** Spectra of the reference, a ring; the newest at `#newest`. */
  readonly #reference = newSpectra(HISTORY);
  #newest = 0;
  /** The microphone's blocks, a ring with the newest at `#heard`, and how many of them go with the reference. */
  readonly #mic = new Float64Array(KEPT_BLOCKS * BLOCK);
  #heard = 0;
  #kept = 0;
  /** The block that is looked at: so many blocks back. */
  #back = 0;
  #random = 1;
  /** The room: transfer function of each partition. */
  readonly #room = { ...newSpectra(PARTITIONS), doubt: new Float32Array(PARTITIONS * BINS) };
  readonly #others = new Float64Array(BINS);
  #constrainNext = 0;
  // Scratch.
  readonly #frame = new Float64Array(FRAME);
  readonly #time = new Float64Array(FRAME);
  readonly #x = newSpectrum();
  readonly #y = newSpectrum();
  readonly #e = newSpectrum();
  readonly #gain = new Float64Array(BINS);
  readonly #power = new Float64Array(BINS);
  readonly #most = new Float64Array(BINS);
  readonly #whole = new Float32Array(PARTITIONS * BLOCK);

  /** Power of the echo that it cannot know of yet, for each bin of a frame. Of the last block. */
  readonly unsure = new Float64Array(BINS);

  /** Something plays, of late. */
  isLoud = false;

  constructor() {
    this.#others.fill(1e-3);
    firstDoubts(this.#room.doubt);
  }

  /** All of the reference that it remembers is told again, from another place: what was heard before does not fit. */
  moved(): void {
    this.#kept = 0;
  }

  /** The next block of what was played. */
  remember(far: Float64Array): void {
    const frame = this.#frame;
    frame.copyWithin(0, BLOCK);
    let power = 0;
    for (let i = 0; i < BLOCK; i++) {
      frame[BLOCK + i] = far[i]!;
      power += far[i]! ** 2;
    }
    this.isLoud = power > SILENCE * BLOCK;
    this.#fft.forward(frame, this.#x.re, this.#x.im);
    this.#newest = (this.#newest + HISTORY - 1) % HISTORY;
    this.#reference.re.set(this.#x.re, this.#newest * BINS);
    this.#reference.im.set(this.#x.im, this.#newest * BINS);
  }

  /**
   * One block after what was {@link remember}ed: `mic` is what was heard; `echo` becomes what of it is echo as far
   * as is known, `error` the rest.
   */
  predict(mic: Float64Array, echo: Float64Array, error: Float64Array): void {
    this.#heard = (this.#heard + 1) % KEPT_BLOCKS;
    this.#kept = Math.min(KEPT_BLOCKS, this.#kept + 1);
    this.#mic.set(mic, this.#heard * BLOCK);
    this.#predict(this.unsure);
    this.#subtract();
    for (let i = 0; i < BLOCK; i++) {
      error[i] = this.#time[BLOCK + i]!;
      echo[i] = mic[i]! - error[i]!;
    }
  }

  /** Learns from what {@link predict} left. `trusted`: it knows the room already. */
  learn(trusted: boolean): void {
    this.#weigh();
    this.#adapt(true);
    for (let i = trusted ? AGAIN : AGAIN_AT_FIRST; i > 0; i--) this.#learnAgain();
    for (let i = 0; i < CONSTRAINED; i++) this.#constrain();
  }

  /** From a block of the last half second. It is not surer for it: nothing new was heard. */
  #learnAgain(): void {
    if (this.#kept < 2) return;
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    this.#back = 1 + Math.floor((this.#random / 0x8000_0000) * (this.#kept - 1));
    const unsure = this.#most;
    this.#predict(unsure);
    this.#subtract();
    const { re, im } = this.#e;
    for (let k = 0; k < BINS; k++) {
      const power = re[k]! * re[k]! + im[k]! * im[k]!;
      this.#gain[k] = 1 / (unsure[k]! + Math.max(power, this.#others[k]!) + TINY);
    }
    this.#adapt(false);
    this.#back = 0;
  }

  /** What is left when y is taken from the microphone: second half of `#time`, and as a spectrum e. */
  #subtract(): void {
    const time = this.#time;
    this.#fft.inverse(this.#y.re, this.#y.im, time);
    const heard = ((this.#heard - this.#back + KEPT_BLOCKS) % KEPT_BLOCKS) * BLOCK;
    for (let i = 0; i < BLOCK; i++) {
      time[i] = 0;
      time[BLOCK + i] = this.#mic[heard + i]! - time[BLOCK + i]!;
    }
    this.#fft.forward(time, this.#e.re, this.#e.im);
  }

  /** The room may be another one: in bin k the response is wrong by the share `wrong[k]` of its power. */
  doubt(wrong: ArrayLike<number>): void {
    const power = this.#power;
    addPower(this.#room, power.fill(0));
    raiseDoubt(this.#room.doubt, power, wrong);
  }

  /**
   * The echo is not where it should be, but may be anywhere near: all of it is {@link unsure}, as loud as what was
   * lately played can make it. After {@link predict}.
   */
  mayBeAnything(): void {
    const power = this.#power;
    addPower(this.#room, power.fill(0));
    const most = this.#most;
    most.fill(0);
    const { direct } = this;
    const to = Math.min(PARTITIONS, direct + AROUND_BLOCKS);
    for (let p = Math.max(0, direct - AROUND_BLOCKS); p < to; p++)
      mostPower(this.#reference, this.#at(p), most);
    for (let k = 0; k < BINS; k++)
      this.unsure[k] = this.unsure[k]! + OVERLAP * power[k]! * most[k]!;
  }

  /** The partition in which the most of the echo is. */
  get direct(): number {
    return loudest(this.#room);
  }

  /** The echo comes so many whole samples later than it did (negative: earlier), and is the same otherwise. */
  shift(samples: number): void {
    const whole = this.#whole;
    const { re, im } = this.#y;
    for (let p = 0; p < PARTITIONS; p++) {
      this.#response(p);
      whole.set(this.#time.subarray(0, BLOCK), p * BLOCK);
    }
    shift(whole, samples);
    this.#time.fill(0, BLOCK);
    for (let p = 0; p < PARTITIONS; p++) {
      this.#time.set(whole.subarray(p * BLOCK, (p + 1) * BLOCK));
      this.#fft.forward(this.#time, re, im);
      this.#room.re.set(re, p * BINS);
      this.#room.im.set(im, p * BINS);
    }
    shiftDoubt(this.#room.doubt, Math.round(samples / BLOCK));
  }

  /** The sound comes first in that partition: little before it, and after it reverberation. */
  expect(first: number): void {
    limitDoubt(this.#room.doubt, first);
  }

  /** Where in the ring the reference of partition `p` begins. */
  #at(p: number): number {
    return ((this.#newest + this.#back + p) % HISTORY) * BINS;
  }

  /** The echo, y, and how far off it may be. */
  #predict(unsure: Float64Array): void {
    this.#y.re.fill(0);
    this.#y.im.fill(0);
    unsure.fill(0);
    for (let p = 0; p < PARTITIONS; p++)
      addEcho(this.#reference, this.#at(p), this.#room, p * BINS, this.#y, unsure);
  }

  /** The step size: little doubt or much that is no echo makes it small. */
  #weigh(): void {
    const { re, im } = this.#e;
    for (let k = 0; k < BINS; k++) {
      const echo = this.unsure[k]!;
      const power = re[k]! * re[k]! + im[k]! * im[k]!;
      this.#others[k] =
        OTHERS_KEPT * this.#others[k]! + (1 - OTHERS_KEPT) * Math.max(power, LEAST_OTHERS);
      this.#gain[k] = 1 / (echo + this.#others[k]! + TINY);
    }
  }

  #adapt(surer: boolean): void {
    const kept = surer ? STEADINESS : 1;
    for (let p = 0; p < PARTITIONS; p++) {
      const [x, h] = [this.#at(p), p * BINS];
      adapt(this.#reference, x, this.#room, h, this.#e, this.#gain, kept);
      if (surer) makeSurer(this.#reference, x, this.#room, h, this.#gain);
    }
  }

  /** A partition lasts a block: what has grown beyond it is the circle of the transform, not the room. */
  #constrain(): void {
    const p = this.#constrainNext;
    this.#constrainNext = (p + 1) % PARTITIONS;
    this.#response(p);
    const { re, im } = this.#y;
    this.#time.fill(0, BLOCK);
    this.#fft.forward(this.#time, re, im);
    this.#room.re.set(re, p * BINS);
    this.#room.im.set(im, p * BINS);
  }

  /** Impulse response of a partition: the first block of `#time`. */
  #response(p: number): void {
    const { re, im } = this.#y;
    const h = p * BINS;
    for (let k = 0; k < BINS; k++) {
      re[k] = this.#room.re[h + k]!;
      im[k] = this.#room.im[h + k]!;
    }
    this.#fft.inverse(re, im, this.#time);
  }
}

const newSpectra = (count: number): Spectra => ({
  re: new Float32Array(count * BINS),
  im: new Float32Array(count * BINS),
});
