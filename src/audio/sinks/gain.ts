/** Loudness of a stream of s16le, changed without a step. */
import { BYTES_PER_SAMPLE } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import { viewOf } from '../pcm.ts';

export const DEFAULT_RAMP_MS = 30;

const MIN_SAMPLE = -32_768;
const MAX_SAMPLE = 32_767;

export class Gain {
  readonly #format: PcmFormat;
  #now = 1;
  #target = 1;
  #stepPerFrame = 0;

  constructor(format: PcmFormat) {
    this.#format = format;
  }

  /** What it comes to, when the ramp is over. */
  get target(): number {
    return this.#target;
  }

  /** Goes to `gain` in a straight line, over the next `rampMs` of sound. Throws RangeError for what is no gain. */
  set(gain: number, rampMs: number): void {
    if (!Number.isFinite(gain) || gain < 0) throw new RangeError(`no gain: ${gain}`);
    if (!Number.isFinite(rampMs) || rampMs < 0) throw new RangeError(`no ramp: ${rampMs} ms`);
    const frames = Math.round((this.#format.sampleRateHz * rampMs) / 1000);
    this.#target = gain;
    if (frames === 0) this.#now = gain;
    else this.#stepPerFrame = (gain - this.#now) / frames;
  }

  /** The next sound of the stream, as loud as it shall be: whole samples, the same ones where nothing changes. */
  apply(pcm: Uint8Array): Uint8Array {
    if (this.#now === 1 && this.#target === 1) return pcm;
    const louder = new Uint8Array(pcm.byteLength);
    if (this.#now === 0 && this.#target === 0) return louder;
    const from = viewOf(pcm);
    const to = viewOf(louder);
    const { channels } = this.#format;
    const samples = Math.floor(pcm.byteLength / BYTES_PER_SAMPLE);
    for (let i = 0; i < samples; i++) {
      if (this.#now !== this.#target && i % channels === 0) this.#step();
      const at = i * BYTES_PER_SAMPLE;
      const sample = Math.round(from.getInt16(at, true) * this.#now);
      to.setInt16(at, Math.max(MIN_SAMPLE, Math.min(MAX_SAMPLE, sample)), true);
    }
    return louder;
  }

  #step(): void {
    const left = this.#target - this.#now;
    const arrives = Math.abs(left) <= Math.abs(this.#stepPerFrame) * 1.001;
    this.#now = arrives ? this.#target : this.#now + this.#stepPerFrame;
  }
}
