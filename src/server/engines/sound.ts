/** What programs and services speak, as it comes: WAV of any linear format, or raw 24 kHz mono s16le. */
import { BYTES_PER_SAMPLE, OUTPUT_FORMAT } from '../../audio/format.ts';
import { concatBytes, downmix, SampleAligner, s16FromFloat } from '../../audio/pcm.ts';
import { createResampler, type Resampler } from '../../audio/resample.ts';
import { decodeSamples, isWav, WavReader, type WavFormat } from '../../audio/wav.ts';

const HEAD_BYTES = 12;

/** 24 kHz mono s16le in pieces of whole samples. Rejects where there is no sound, or none that it reads. */
export async function* to24kHz(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  let decode: Decoder | undefined;
  try {
    for await (const chunk of chunks) {
      const bytes: Uint8Array = head ? concatBytes([head, chunk]) : chunk;
      if (!decode && bytes.byteLength < HEAD_BYTES) {
        head = bytes;
        continue;
      }
      head = undefined;
      decode ??= decoderFor(bytes);
      const sound = await decode.push(bytes);
      if (sound.byteLength > 0) yield sound;
    }
    if (!decode) throw new Error('there is no sound in what it gave');
    const tail = decode.end();
    if (tail.byteLength > 0) yield tail;
  } finally {
    decode?.close();
  }
}

/** All of it. */
export async function wholeOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return concatBytes(all);
}

type Decoder = {
  push(bytes: Uint8Array): Promise<Uint8Array>;
  end(): Uint8Array;
  close(): void;
};

function decoderFor(head: Uint8Array): Decoder {
  if (isWav(head)) return new WavDecoder();
  const other = otherFormat(head);
  if (other !== undefined)
    throw new Error(`it speaks ${other}; what is read here is WAV or raw PCM`);
  const aligner = new SampleAligner(BYTES_PER_SAMPLE);
  return {
    push: async (bytes) => aligner.push(bytes),
    end: () => new Uint8Array(0),
    close: () => {},
  };
}

class WavDecoder implements Decoder {
  readonly #reader = new WavReader();
  #format: WavFormat | undefined;
  #aligner: SampleAligner | undefined;
  #resampler: Resampler | undefined;

  async push(bytes: Uint8Array): Promise<Uint8Array> {
    const data = this.#reader.push(bytes);
    if (!this.#format) {
      const format = this.#reader.format;
      if (!this.#reader.atData || !format) return data;
      this.#format = format;
      this.#aligner = new SampleAligner(format.bytesPerSample * format.channels);
      if (format.sampleRateHz !== OUTPUT_FORMAT.sampleRateHz) {
        this.#resampler = await createResampler(format.sampleRateHz, OUTPUT_FORMAT.sampleRateHz);
      }
    }
    const whole = this.#aligner?.push(data) ?? data;
    const samples = downmix(decodeSamples(whole, this.#format), this.#format.channels);
    return s16FromFloat(this.#resampler ? this.#resampler.push(samples) : samples);
  }

  end(): Uint8Array {
    this.#reader.end();
    return this.#resampler ? s16FromFloat(this.#resampler.end()) : new Uint8Array(0);
  }

  close(): void {
    this.#resampler?.close();
  }
}

/** By its first bytes; only what raw sound hardly ever begins with. */
function otherFormat(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.subarray(0, HEAD_BYTES)).toString('latin1');
  if (text.startsWith('ID3')) return 'MP3';
  if (text.startsWith('OggS')) return 'Ogg';
  if (text.startsWith('fLaC')) return 'FLAC';
  if (/^\s*[{<]["!\w\s]/.test(text)) return 'words';
  const [first, second = 0, third = 0] = head;
  const isMp3 = first === 0xff && (second & 0xe6) === 0xe2 && third >> 4 !== 0 && third >> 4 !== 15;
  return isMp3 && ((third >> 2) & 3) !== 3 ? 'MP3' : undefined;
}
