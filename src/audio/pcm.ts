/** Small tools for signed 16-bit little-endian PCM: level, framing, sample alignment, conversion. */
import { BYTES_PER_SAMPLE, bytesOfMs, FRAME_MS } from './format.ts';
import type { PcmFormat } from './format.ts';

/** What {@link levelDbfs} gives for silence, instead of minus infinity. */
export const FLOOR_DBFS = -100;

/** A view for reading and writing numbers in `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** RMS level in dBFS (a full-scale square wave is 0), from {@link FLOOR_DBFS} up. An odd last byte is ignored. */
export function levelDbfs(pcm: Uint8Array): number {
  const view = viewOf(pcm);
  const samples = Math.floor(pcm.byteLength / BYTES_PER_SAMPLE);
  if (samples === 0) return FLOOR_DBFS;
  let sum = 0;
  for (let i = 0; i < samples; i++) {
    const sample = view.getInt16(i * BYTES_PER_SAMPLE, true);
    sum += sample * sample;
  }
  if (sum === 0) return FLOOR_DBFS;
  return Math.max(FLOOR_DBFS, 10 * Math.log10(sum / samples / (32_768 * 32_768)));
}

const NOTHING = new Uint8Array(0);

/** A copy in memory of its own. `slice()` is none: on a Buffer it gives a view. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === 0 ? NOTHING : new Uint8Array(bytes);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.byteLength;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** Cuts a stream of chunks of any size into pieces of one exact size. */
export class Rechunker {
  readonly #sizeBytes: number;
  #held: Uint8Array = NOTHING;

  constructor(format: PcmFormat, frameMs: number = FRAME_MS) {
    this.#sizeBytes = bytesOfMs(format, frameMs);
  }

  /** Every frame that is complete now. The frames are never written to again. */
  push(bytes: Uint8Array): Uint8Array[] {
    const all = this.#held.byteLength === 0 ? bytes : concatBytes([this.#held, bytes]);
    const frames: Uint8Array[] = [];
    let at = 0;
    for (; at + this.#sizeBytes <= all.byteLength; at += this.#sizeBytes) {
      frames.push(copyOf(all.subarray(at, at + this.#sizeBytes)));
    }
    this.#held = copyOf(all.subarray(at));
    return frames;
  }

  /** What is left, shorter than a frame and perhaps empty; the rechunker is empty afterwards. */
  rest(): Uint8Array {
    const rest = this.#held;
    this.#held = NOTHING;
    return rest;
  }
}

/** Lets only whole sample frames pass: bytes of a split one wait for the rest of it. */
export class SampleAligner {
  readonly #blockBytes: number;
  #carry: Uint8Array = NOTHING;

  /** `blockBytes`: bytes of one sample of all channels. */
  constructor(blockBytes: number = BYTES_PER_SAMPLE) {
    this.#blockBytes = blockBytes;
  }

  push(bytes: Uint8Array): Uint8Array {
    const all = this.#carry.byteLength === 0 ? bytes : concatBytes([this.#carry, bytes]);
    const whole = all.byteLength - (all.byteLength % this.#blockBytes);
    this.#carry = copyOf(all.subarray(whole));
    return all.subarray(0, whole);
  }

  /** What comes next has nothing to do with what was before. */
  reset(): void {
    this.#carry = NOTHING;
  }

  /** Bytes that never became a whole sample. */
  get carriedBytes(): number {
    return this.#carry.byteLength;
  }
}

/** Interleaved floats (full scale 1.0) to s16le, rounded and clipped. */
export function s16FromFloat(samples: Float32Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * BYTES_PER_SAMPLE);
  const view = viewOf(bytes);
  for (let i = 0; i < samples.length; i++) {
    // Four times as fast as Math.round, min and max. A NaN from a broken file is neither, and becomes 0.
    const scaled = Math.floor((samples[i] ?? 0) * 32_768 + 0.5);
    const sample = scaled > 32_767 ? 32_767 : scaled < -32_768 ? -32_768 : scaled;
    view.setInt16(i * BYTES_PER_SAMPLE, sample, true);
  }
  return bytes;
}

/** s16le to floats (full scale 1.0). An odd last byte is ignored. */
export function floatFromS16(pcm: Uint8Array): Float32Array {
  const view = viewOf(pcm);
  const samples = new Float32Array(Math.floor(pcm.byteLength / BYTES_PER_SAMPLE));
  for (let i = 0; i < samples.length; i++) {
    samples[i] = view.getInt16(i * BYTES_PER_SAMPLE, true) / 32_768;
  }
  return samples;
}

/** Sum of the squares of samples; divided by their number it is their power. */
export function energyOf(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  return sum;
}

/** Interleaved samples of any number of channels to one channel: their mean. */
export function downmix(samples: Float32Array, channels: number): Float32Array {
  if (channels === 1) return samples;
  const mono = new Float32Array(Math.floor(samples.length / channels));
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++)
      sum += samples[i * channels + channel] ?? 0;
    mono[i] = sum / channels;
  }
  return mono;
}
