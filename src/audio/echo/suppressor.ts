/**
 * What the linear filter leaves: the loudspeaker's distortion, reverberation beyond the filter, a room that
 * it has not learnt yet. Its power in each bin is reckoned as a share, the leak, of the echo that was
 * subtracted, and taken out with a Wiener gain (decision-directed: Y. Ephraim, D. Malah, IEEE Transactions
 * ASSP 32, 1984). Where less than the room's own noise is left, noise fills it up: no hole is heard.
 *
 * The leak is a low quantile of what was left so far, so that the user's words do not raise it. While nobody
 * but the assistant speaks, much more than the leak is taken out; as soon as more bins are louder than
 * the echo can be, hardly more than it.
 */
import { RealFft } from '../fft.ts';
import { BINS, BLOCK, FRAME, newSpectrum } from './geometry.ts';
import { NoiseFloor } from './noiseFloor.ts';

/** Times the leak, alone and over the user's words. */
const OVER_ALONE = 38;
const OVER_NEAR = 0.5;
/** Of the echo's power, so much is taken out at least while nobody near speaks. */
const ALONE = 0.7;
const OVER_ALL = 1.2;
/** Steps of the quantile, per block. It comes to rest where one block in three is above it. */
const LEAK_UP = 1.01;
const LEAK_DOWN = 0.98;
const LEAK_DOWN_AT_FIRST = 0.95;
/** A bin without echo comes to what the others have: so much of the way, per block. */
const GUESS_STEP = 0.05;
/** Fewer bins than this say nothing about the rest. */
const ACTIVE_BINS = 10;
const LEAST_LEAK = 3e-3;
const MOST_LEAK = 1;
/** A bin has echo when that is so much above the noise. */
const ECHO_OVER_NOISE = 30;
/** Louder than this times what the echo can be is somebody else. */
const NEAR_OVER_ECHO = 10;
const NEAR_OVER_NOISE = 2;
/** 190 Hz to 4 kHz: where voices are. */
const VOICE_FROM = 3;
const VOICE_TO = 64;
/** Mean decades above that, over these bins, that are surely somebody. */
const NEAR_DECADES = 0.25;
const NEAR_ATTACK = 0.5;
const NEAR_DECAY = 0.015;
/** Reverberation: how fast the residual may fall, per block. */
const TAIL = 0.85;
const DIRECTED = 0.6;
const LEAST_GAIN = 0.003;
/** Of the correlation between what is left and what was subtracted: a fifth of a second. */
const COHERENCE_KEPT = 0.96;
/** Half of it after 1.4 s. */
const LOUD_KEPT = 0.996;
/** Of the same, over 40 ms; what goes along less than that does so by chance. */
const FAST_KEPT = 0.8;
const BY_CHANCE = 0.55;
/** What the filter is wrong by as a whole counts so often in each bin. */
const WRONG_ALL = 2;
const MOST_WRONG = 4;
const TINY = 1e-12;

export class Suppressor {
  readonly noise = new NoiseFloor();
  readonly #fft = new RealFft(FRAME);
  readonly #window = Float64Array.from({ length: FRAME }, (_, i) =>
    Math.sin((Math.PI * (i + 0.5)) / FRAME),
  );
  readonly #lastError = new Float64Array(BLOCK);
  readonly #lastEcho = new Float64Array(BLOCK);
  readonly #overlap = new Float64Array(BLOCK);
  readonly #leak = new Float64Array(BINS).fill(MOST_LEAK);
  readonly #leftSmooth = new Float64Array(BINS);
  readonly #fastRe = new Float64Array(BINS);
  readonly #fastIm = new Float64Array(BINS);
  readonly #fastLeft = new Float64Array(BINS);
  readonly #fastEcho = new Float64Array(BINS);
  readonly #across = new Float64Array(BINS);
  readonly #wrong = new Float64Array(BINS);
  readonly #echoTail = new Float64Array(BINS);
  readonly #residual = new Float64Array(BINS);
  readonly #snr = new Float64Array(BINS);
  #usualLeak = MOST_LEAK;
  #near = 0;
  #random = 1;
  #activeBlocks = 0;
  // Scratch.
  readonly #frame = new Float64Array(FRAME);
  readonly #time = new Float64Array(FRAME);
  readonly #e = newSpectrum();
  readonly #y = newSpectrum();

  /** 0: nobody but the assistant speaks, 1: somebody does. */
  get near(): number {
    return this.#near;
  }

  /** What is left times the conjugate of what was subtracted, as a mean in each bin: none when the filter is right. */
  readonly crossRe = new Float64Array(BINS);
  readonly crossIm = new Float64Array(BINS);

  /** Of the last block: power of what is left and of what was subtracted, and how far they go along. */
  readonly left = new Float64Array(BINS);
  readonly echoPower = new Float64Array(BINS);
  readonly along = new Float64Array(BINS);

  /** Power of what is left and of what was subtracted, in each bin, over the last fifth of a second. */
  readonly meanLeft = new Float64Array(BINS);
  readonly meanEcho = new Float64Array(BINS);
  /** The most of the latter, of late. */
  readonly loudEcho = new Float64Array(BINS);

  /** The filter is wrong by this share in bin k: so much may leak, for now. */
  mayLeak(k: number, share: number): void {
    this.#leak[k] = Math.min(MOST_LEAK, Math.max(this.#leak[k]!, share));
  }

  /** One block, first: `error`, `echo` as the filter gave them. */
  analyse(error: Float64Array, echo: Float64Array): void {
    this.#transform(echo, this.#lastEcho, this.#y.re, this.#y.im);
    this.#transform(error, this.#lastError, this.#e.re, this.#e.im);
    this.#measure();
    this.#correlate();
    this.#compare();
  }

  /**
   * Then: `unsure` is the power in each bin that the filter cannot know of, and is made more; `share`: so much of the
   * echo as a whole was subtracted wrongly (as an amplitude). `out` is a block behind.
   */
  process(unsure: Float64Array, share: number, out: Float64Array): void {
    for (let k = 0; k < BINS; k++) {
      const wrong = this.#wrong[k]! + WRONG_ALL * share * share;
      unsure[k] = unsure[k]! + wrong * this.#echoTail[k]!;
    }
    const over = this.#listen(unsure);
    this.#filter(unsure, over);
    this.noise.update(this.left, this.#residual);
    this.#fft.inverse(this.#e.re, this.#e.im, this.#time);
    for (let i = 0; i < BLOCK; i++) {
      out[i] = this.#overlap[i]! + this.#time[i]! * this.#window[i]!;
      this.#overlap[i] = this.#time[BLOCK + i]! * this.#window[BLOCK + i]!;
    }
  }

  #transform(block: Float64Array, last: Float64Array, re: Float64Array, im: Float64Array): void {
    const frame = this.#frame;
    const window = this.#window;
    for (let i = 0; i < BLOCK; i++) {
      frame[i] = last[i]! * window[i]!;
      frame[BLOCK + i] = block[i]! * window[BLOCK + i]!;
    }
    last.set(block);
    this.#fft.forward(frame, re, im);
  }

  #measure(): void {
    for (let k = 0; k < BINS; k++) {
      this.left[k] = this.#e.re[k]! ** 2 + this.#e.im[k]! ** 2;
      this.echoPower[k] = this.#y.re[k]! ** 2 + this.#y.im[k]! ** 2;
      this.#echoTail[k] = Math.max(this.echoPower[k]!, 0.8 * this.#echoTail[k]!);
    }
  }

  #correlate(): void {
    const { re: eRe, im: eIm } = this.#e;
    const { re: yRe, im: yIm } = this.#y;
    const kept = COHERENCE_KEPT;
    const fresh = 1 - kept;
    for (let k = 0; k < BINS; k++) {
      const re = eRe[k]! * yRe[k]! + eIm[k]! * yIm[k]!;
      const im = eIm[k]! * yRe[k]! - eRe[k]! * yIm[k]!;
      this.along[k] = re;
      this.#across[k] = im;
      this.crossRe[k] = kept * this.crossRe[k]! + fresh * re;
      this.crossIm[k] = kept * this.crossIm[k]! + fresh * im;
      this.meanLeft[k] = kept * this.meanLeft[k]! + fresh * this.left[k]!;
      this.meanEcho[k] = kept * this.meanEcho[k]! + fresh * this.echoPower[k]!;
      this.loudEcho[k] = Math.max(this.meanEcho[k]!, LOUD_KEPT * this.loudEcho[k]!);
    }
  }

  /**
   * Where what is left goes along with the echo that was subtracted, the filter is wrong: by so much of the echo's
   * power. By chance everything goes along a little.
   */
  #compare(): void {
    const fresh = 1 - FAST_KEPT;
    for (let k = 0; k < BINS; k++) {
      this.#fastRe[k] = FAST_KEPT * this.#fastRe[k]! + fresh * this.along[k]!;
      this.#fastIm[k] = FAST_KEPT * this.#fastIm[k]! + fresh * this.#across[k]!;
      this.#fastEcho[k] = FAST_KEPT * this.#fastEcho[k]! + fresh * this.echoPower[k]!;
      this.#fastLeft[k] = FAST_KEPT * this.#fastLeft[k]! + fresh * this.left[k]!;
      const echo = this.#fastEcho[k]! + TINY;
      const along = (this.#fastRe[k]! ** 2 + this.#fastIm[k]! ** 2) / echo;
      const sure = Math.max(0, along - BY_CHANCE * this.#fastLeft[k]!) / (1 - BY_CHANCE);
      this.#wrong[k] = Math.min(MOST_WRONG, sure / echo);
    }
  }

  /** Who speaks. Returns how many times the leak is to be taken out. */
  #listen(unsure: Float64Array): number {
    const noise = this.noise.power;
    let decades = 0;
    for (let k = VOICE_FROM; k < VOICE_TO; k++) {
      const most =
        NEAR_OVER_ECHO *
        (this.#leak[k]! * this.#echoTail[k]! + unsure[k]! + NEAR_OVER_NOISE * noise[k]!);
      const over = this.left[k]! / (most + TINY);
      if (over > 1) decades += Math.min(1, Math.log10(over));
    }
    const now = Math.min(1, decades / (VOICE_TO - VOICE_FROM) / NEAR_DECADES);
    this.#near += (now > this.#near ? NEAR_ATTACK : NEAR_DECAY) * (now - this.#near);
    return OVER_ALONE * (OVER_NEAR / OVER_ALONE) ** this.#near;
  }

  #filter(unsure: Float64Array, over: number): void {
    const noise = this.noise.power;
    const { re, im } = this.#e;
    let active = 0;
    let activeLeak = 0;
    const alone = ALONE * (1 - this.#near) ** 2;
    const down = this.#activeBlocks < 250 ? LEAK_DOWN_AT_FIRST : LEAK_DOWN;
    for (let k = 0; k < BINS; k++) {
      const left = this.left[k]!;
      const tail = this.#echoTail[k]!;
      const floor = noise[k]!;
      const smooth = (this.#leftSmooth[k] = 0.6 * this.#leftSmooth[k]! + 0.4 * left);
      if (tail > ECHO_OVER_NOISE * floor && tail > TINY) {
        active++;
        const share = Math.max(0, smooth - floor) / tail;
        const leak = this.#leak[k]!;
        const next = leak * (share > leak ? LEAK_UP : down);
        this.#leak[k] = Math.min(MOST_LEAK, Math.max(LEAST_LEAK, next));
        activeLeak += this.#leak[k]!;
      } else this.#leak[k] = this.#leak[k]! + GUESS_STEP * (this.#usualLeak - this.#leak[k]!);
      const now = unsure[k]! + Math.max(over * this.#leak[k]!, alone) * tail;
      const residual = (this.#residual[k] = Math.max(now, TAIL * this.#residual[k]!));
      if (residual < TINY) {
        this.#residual[k] = 0;
        this.#snr[k] = 0;
        continue;
      }
      const taken = OVER_ALL * residual;
      const posterior = Math.max(0, left - taken) / taken;
      const prior = DIRECTED * this.#snr[k]! + (1 - DIRECTED) * posterior;
      const wiener = prior / (1 + prior);
      this.#snr[k] = (wiener * wiener * left) / taken;
      const gain = Math.max(wiener, LEAST_GAIN);
      const missing = Math.min(floor, left) - gain * gain * left;
      re[k] = gain * re[k]!;
      im[k] = gain * im[k]!;
      if (missing > 0) this.#fill(k, Math.sqrt(missing));
    }
    if (active < ACTIVE_BINS) return;
    this.#activeBlocks++;
    this.#usualLeak = activeLeak / active;
  }

  /** Noise of that amplitude, with a phase of its own. */
  #fill(k: number, amplitude: number): void {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const phase = (this.#random / 0x7fff_ffff) * 2 * Math.PI;
    this.#e.re[k] = this.#e.re[k]! + amplitude * Math.cos(phase);
    this.#e.im[k] = this.#e.im[k]! + amplitude * Math.sin(phase);
  }
}
