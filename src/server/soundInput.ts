/** Sound of a client, whatever its rate, as the server hears it. */
import { setImmediate } from 'node:timers/promises';
import { INPUT_FORMAT } from '../audio/format.ts';
import { floatFromS16, s16FromFloat, SampleAligner } from '../audio/pcm.ts';
import { createResampler, type Resampler } from '../audio/resample.ts';
import { sampleRateOf } from '../protocol/codec.ts';
import type { Blob } from '../protocol/messages.ts';
import { invalidArgument } from './refusal.ts';

/** From 100 Hz, a frame of 16 MB would become gigabytes at 16 kHz. */
const MIN_RATE_HZ = 4_000;
const MAX_RATE_HZ = 192_000;
/** Three seconds of 16 kHz: a millisecond of work. */
const PIECE_BYTES = 96_000;

export const isVideo = ({ mimeType }: Blob): boolean => /^(image|video)\//i.test(mimeType ?? '');

export class SoundInput {
  readonly #aligner = new SampleAligner();
  #resampler: { fromHz: number; resampler: Resampler } | undefined;
  #closed = false;

  /**
   * Gives 16 kHz mono s16le: a frame of the usual size at once, a large one in pieces between which others have
   * their turn. @throws Refusal for what is no raw PCM
   */
  async push({ data, mimeType }: Blob, hear: (pcm: Uint8Array) => void): Promise<void> {
    if (typeof data !== 'string' || !/^audio\/(pcm|l16)\b/i.test(mimeType)) throw invalidArgument();
    const fromHz = sampleRateOf(mimeType, INPUT_FORMAT.sampleRateHz);
    if (fromHz < MIN_RATE_HZ || fromHz > MAX_RATE_HZ) throw invalidArgument();
    const pcm = this.#aligner.push(Buffer.from(data, 'base64'));
    const resampler = await this.#resamplerFrom(fromHz);
    for (let at = 0; at < pcm.byteLength; at += PIECE_BYTES) {
      if (at > 0) await setImmediate();
      if (this.#closed) return;
      const piece = pcm.subarray(at, at + PIECE_BYTES);
      hear(resampler ? s16FromFloat(resampler.push(floatFromS16(piece))) : piece);
    }
  }

  async #resamplerFrom(fromHz: number): Promise<Resampler | undefined> {
    if (fromHz === INPUT_FORMAT.sampleRateHz) return undefined;
    if (this.#resampler?.fromHz !== fromHz) {
      this.#resampler?.resampler.close();
      this.#resampler = undefined;
      const resampler = await createResampler(fromHz, INPUT_FORMAT.sampleRateHz);
      this.#resampler = { fromHz, resampler };
      if (this.#closed) resampler.close();
    }
    return this.#resampler?.resampler;
  }

  close(): void {
    this.#closed = true;
    this.#resampler?.resampler.close();
  }
}
