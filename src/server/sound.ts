/**
 * Sound of an answer, read as it is sent: a minute of it made at once would hold up every other session, and
 * what is cut is never made.
 */
import { setImmediate } from 'node:timers/promises';
import { BYTES_PER_SAMPLE, bytesOfMs, INPUT_FORMAT, OUTPUT_FORMAT } from '../audio/format.ts';
import { concatBytes, floatFromS16, s16FromFloat } from '../audio/pcm.ts';
import { createResampler, type Resampler } from '../audio/resample.ts';

/** 24 kHz mono s16le. */
export interface Sound {
  /** Of all of it. */
  readonly byteLength: number;
  /** The next `bytes`, or what is left. */
  read(bytes: number): Uint8Array;
  /** Nothing is read afterwards. Idempotent. */
  close(): void;
}

export function soundOf(pcm: Uint8Array): Sound {
  let at = 0;
  return {
    byteLength: pcm.byteLength,
    read: (bytes) => {
      at += bytes;
      return pcm.subarray(at - bytes, at);
    },
    close: () => {},
  };
}

export async function* onePiece<T>(made: Promise<T>): AsyncGenerator<T> {
  yield await made;
}

/** Read from now on, before anybody asks for it. Whoever stops reading stops it. */
export class Ahead<T> implements AsyncIterable<T> {
  readonly #ready: T[] = [];
  #end: { error?: unknown } | undefined;
  #stopped = false;
  #wake: () => void = () => {};

  constructor(pieces: AsyncIterable<T>) {
    void this.#fill(pieces);
  }

  async #fill(pieces: AsyncIterable<T>): Promise<void> {
    try {
      for await (const piece of pieces) {
        if (this.#stopped) break;
        this.#ready.push(piece);
        this.#wake();
      }
      this.#end = {};
    } catch (error) {
      this.#end = { error };
    }
    this.#wake();
  }

  /** All of it, where it has ended already and has not been read from; else undefined. */
  async whole(): Promise<readonly T[] | undefined> {
    while (this.#ready.length === 0 && !this.#end) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    await setImmediate(); // an end that follows at once
    return this.#end && !('error' in this.#end) ? this.#ready : undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const next = this.#ready.shift();
        if (next !== undefined) yield next;
        else if (this.#end && 'error' in this.#end) throw this.#end.error;
        else if (this.#end) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#stopped = true;
    }
  }
}

/** 79 dB of SNR at 1 kHz and 69 at 5, measured, in 30 % of the time of the best: a sound check, not a recording. */
const QUALITY = 2;
const STEP_BYTES = bytesOfMs(INPUT_FORMAT, 100);

/** What the user said, 16 kHz mono s16le, as an answer: the sound check of a server without ears. */
export async function ownWords(pcm: Uint8Array): Promise<Sound> {
  const from = INPUT_FORMAT.sampleRateHz;
  const to = OUTPUT_FORMAT.sampleRateHz;
  return new Resampled(pcm, await createResampler(from, to, QUALITY), to / from);
}

class Resampled implements Sound {
  readonly byteLength: number;
  readonly #pcm: Uint8Array;
  readonly #resampler: Resampler;
  #at = 0;
  #ready: Uint8Array[] = [];
  #readyBytes = 0;

  constructor(pcm: Uint8Array, resampler: Resampler, ratio: number) {
    this.#pcm = pcm;
    this.#resampler = resampler;
    const samples = Math.floor(pcm.byteLength / BYTES_PER_SAMPLE);
    this.byteLength = Math.round(samples * ratio) * BYTES_PER_SAMPLE;
  }

  read(bytes: number): Uint8Array {
    while (this.#readyBytes < bytes && this.#at < this.#pcm.byteLength) this.#makeMore();
    const all = concatBytes(this.#ready);
    this.#ready = [all.subarray(bytes)];
    this.#readyBytes = Math.max(0, all.byteLength - bytes);
    return all.subarray(0, bytes);
  }

  #makeMore(): void {
    const piece = this.#pcm.subarray(this.#at, this.#at + STEP_BYTES);
    this.#at += STEP_BYTES;
    const made = [s16FromFloat(this.#resampler.push(floatFromS16(piece)))];
    if (this.#at >= this.#pcm.byteLength) made.push(s16FromFloat(this.#resampler.end()));
    for (const pcm of made) this.#readyBytes += pcm.byteLength;
    this.#ready.push(...made);
  }

  close(): void {
    this.#resampler.close();
  }
}
