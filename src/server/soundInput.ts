/** Sound of a client, whatever its rate, as the server hears it. */
import { INPUT_FORMAT } from '../audio/format.ts';
import { floatFromS16, s16FromFloat, SampleAligner } from '../audio/pcm.ts';
import { createResampler, type Resampler } from '../audio/resample.ts';
import { sampleRateOf } from '../protocol/codec.ts';
import type { Blob } from '../protocol/messages.ts';
import { invalidArgument } from './refusal.ts';

/** From 100 Hz, a frame of 16 MB would become gigabytes at 16 kHz. */
const MIN_RATE_HZ = 4_000;
const MAX_RATE_HZ = 192_000;

export const isVideo = ({ mimeType }: Blob): boolean => /^(image|video)\//i.test(mimeType ?? '');

export class SoundInput {
  readonly #aligner = new SampleAligner();
  #resampler: { fromHz: number; resampler: Resampler } | undefined;

  /** 16 kHz mono s16le. @throws Refusal for what is no raw PCM */
  async push({ data, mimeType }: Blob): Promise<Uint8Array> {
    if (typeof data !== 'string' || !/^audio\/(pcm|l16)\b/i.test(mimeType)) throw invalidArgument();
    const fromHz = sampleRateOf(mimeType, INPUT_FORMAT.sampleRateHz);
    if (fromHz < MIN_RATE_HZ || fromHz > MAX_RATE_HZ) throw invalidArgument();
    const pcm = this.#aligner.push(Buffer.from(data, 'base64'));
    if (fromHz === INPUT_FORMAT.sampleRateHz) return pcm;
    if (this.#resampler?.fromHz !== fromHz) {
      this.close();
      const resampler = await createResampler(fromHz, INPUT_FORMAT.sampleRateHz);
      this.#resampler = { fromHz, resampler };
    }
    return s16FromFloat(this.#resampler.resampler.push(floatFromS16(pcm)));
  }

  close(): void {
    this.#resampler?.resampler.close();
    this.#resampler = undefined;
  }
}
