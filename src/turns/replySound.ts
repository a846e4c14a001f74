/** The sound of answers as the loudspeaker and files take it: whole samples at one rate, whatever rate the service names. */
import { msOfBytes, OUTPUT_FORMAT } from '../audio/format.ts';
import { floatFromS16, s16FromFloat, SampleAligner } from '../audio/pcm.ts';
import { loadResampling, type Resampler, type Resampling } from '../audio/resample.ts';

const RATE_HZ = OUTPUT_FORMAT.sampleRateHz;
const NOTHING = new Uint8Array(0);

export class ReplySound {
  /** A chunk may end in the middle of a sample. */
  readonly #aligner = new SampleAligner();
  #resampling: Resampling | undefined;
  #resampler: Resampler | undefined;
  /** Of the chunk before. */
  #rateHz = RATE_HZ;

  /** False: {@link prepare} comes first. */
  takes(rateHz: number): boolean {
    return rateHz === RATE_HZ || this.#resampling !== undefined;
  }

  async prepare(): Promise<void> {
    this.#resampling = await loadResampling();
  }

  /** The same sound at 24 kHz, less what waits for the rest of it. `ms`: how long the chunk sounds. */
  push(bytes: Uint8Array, rateHz: number): { pcm: Uint8Array; ms: number } {
    const before = this.#rateHz === rateHz ? NOTHING : this.end();
    this.#rateHz = rateHz;
    const whole = this.#aligner.push(bytes);
    const ms = Math.round(msOfBytes({ sampleRateHz: rateHz, channels: 1 }, whole.byteLength));
    if (rateHz === RATE_HZ && before.byteLength === 0) return { pcm: whole, ms };
    const pcm = rateHz === RATE_HZ ? whole : this.#resampled(whole, rateHz);
    return { pcm: Buffer.concat([before, pcm]), ms };
  }

  /** The answer is over: what is left of it. Half a sample is not. */
  end(): Uint8Array {
    this.#aligner.reset();
    const tail = this.#resampler?.end();
    this.#resampler = undefined;
    return tail ? s16FromFloat(tail) : NOTHING;
  }

  #resampled(pcm: Uint8Array, fromHz: number): Uint8Array {
    this.#resampler ??= this.#resampling!(fromHz, RATE_HZ);
    return s16FromFloat(this.#resampler.push(floatFromS16(pcm)));
  }
}
