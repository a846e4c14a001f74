/**
 * A recording as a source: WAV, raw PCM, or anything that ffmpeg or sox decodes; from a file or streamed
 * from stdin. Comes out as 16 kHz mono s16le; what is that already passes bit for bit.
 */
import type { Readable } from 'node:stream';

import { GemliveError, type Warning } from '../../errors.ts';
import { INPUT_FORMAT } from '../format.ts';
import { downmix, Rechunker, s16FromFloat, SampleAligner } from '../pcm.ts';
import type { AudioSource } from '../ports.ts';
import { createResampler } from '../resample.ts';
import type { ChildEnvironment } from '../subprocess.ts';
import { decodeSamples, notAudio, UnsupportedWavError, WavReader } from '../wav.ts';
import type { WavFormat } from '../wav.ts';
import { decode } from './decoder.ts';
import { emptyInput, InputReader, named } from './inputReader.ts';
import { HEAD_BYTES, sniff } from './sniff.ts';

export type RecordingOptions = {
  /** For headerless input only. Default 16000. */
  rateHz?: number;
  /** For headerless input only. Default 1. */
  channels?: number;
  /** The input has no header, whatever it looks like. */
  raw?: boolean;
  /** The input has no header unless one is found. Default: true where a rate or channels are given. */
  headerless?: boolean;
  /** What `-` reads. */
  stdin?: Readable;
  /** For the decoder programs; absent: inherited. */
  environment?: ChildEnvironment;
  /** Ends it before or while it is read. */
  signal?: AbortSignal;
};

export interface Recording extends AudioSource {
  /** Undefined where only the end of the input tells. */
  readonly durationMs: number | undefined;
  /** Complete once the frames have ended. */
  readonly warnings: readonly Warning[];
}

type Bytes = AsyncIterable<Uint8Array>;

/** Opens `input`, a path or `-` for stdin. Throws GemliveError (exit 8) for what is no recording. */
export async function openRecording(
  input: string,
  options: RecordingOptions = {},
): Promise<Recording> {
  const reader = new InputReader(input, options.stdin, options.signal);
  try {
    return await recordingFrom(reader, options);
  } catch (error) {
    reader.close();
    throw named(reader.label, error);
  }
}

async function recordingFrom(reader: InputReader, options: RecordingOptions): Promise<Recording> {
  const { rateHz, channels } = options;
  await reader.start();
  const head = await reader.head(HEAD_BYTES);
  if (head.byteLength === 0) throw emptyInput(reader.label);
  const found =
    options.raw === true
      ? ({ kind: 'raw' } as const)
      : sniff(
          head,
          reader.path ?? '',
          options.headerless ?? (rateHz !== undefined || channels !== undefined),
        );
  if (found.kind === 'notAudio') throw notAudio(`it is ${found.name}`);
  if (found.kind === 'encoded') return decodedRecording(reader, found, options);
  if (found.kind === 'wav') {
    try {
      return await wavRecording(reader);
    } catch (error) {
      if (!(error instanceof UnsupportedWavError)) throw error;
      return decodedRecording(reader, { name: 'WAV', soxType: 'wav' }, options);
    }
  }
  const warnings: Warning[] = [];
  if (found.kind === 'unknown') {
    const decoded = await decodedUnknown(reader, found.isWavName, options);
    if (decoded) return decoded;
    warnings.push({
      code: 'input_taken_as_raw',
      message: `${reader.label} has no header that is known, and is sent as raw PCM, ${rateHz ?? INPUT_FORMAT.sampleRateHz} Hz, ${channels ?? INPUT_FORMAT.channels} channel(s)`,
      hint: 'say --raw if it is raw PCM; --rate and --channels tell its format',
    });
  }
  const format: WavFormat = {
    encoding: 'int',
    bytesPerSample: 2,
    sampleRateHz: rateHz ?? INPUT_FORMAT.sampleRateHz,
    channels: channels ?? INPUT_FORMAT.channels,
  };
  return new SoundRecording(
    reader,
    durationOf(format, reader.sizeBytes),
    (list) => converted(reader.all(), format, list),
    warnings,
  );
}

/** A file of no known beginning, where a decoder knows it. A pipe can be read only once, and is raw. */
async function decodedUnknown(
  reader: InputReader,
  isWavName: boolean,
  options: RecordingOptions,
): Promise<Recording | undefined> {
  if (reader.sizeBytes === undefined) return undefined;
  try {
    return await decodedRecording(reader, { name: 'sound' }, options);
  } catch (error) {
    reader.signal.throwIfAborted();
    if (!(error instanceof GemliveError)) throw error;
    // What ffmpeg says of raw PCM means nothing: it takes some of it for a video without sound.
    if (isWavName) throw notAudio('it is something else under the name of a WAV file');
    return undefined;
  }
}

async function wavRecording(reader: InputReader): Promise<Recording> {
  const wav = new WavReader();
  const chunks = reader.all();
  const read: Uint8Array[] = [];
  let sound: Uint8Array = new Uint8Array(0);
  // Up to the first sound and no further: that of a live recorder must not wait.
  try {
    while (sound.byteLength === 0) {
      const { value, done } = await chunks.next();
      if (done === true) break;
      read.push(value);
      sound = wav.push(value);
    }
  } catch (error) {
    reader.unread(read);
    throw error;
  }
  const { format } = wav;
  if (sound.byteLength === 0 || format === undefined) {
    wav.end();
    throw emptyInput(reader.label);
  }
  const warnings: Warning[] = [];
  async function* data(): AsyncGenerator<Uint8Array> {
    yield sound;
    for await (const chunk of chunks) yield wav.push(chunk);
    if (reader.signal.aborted) return;
    if (wav.end().truncated) {
      warnings.push({
        code: 'input_truncated',
        message: `${reader.label} is cut off: its WAV header announces more sound than there is`,
      });
    }
  }
  return new SoundRecording(
    reader,
    durationOf(format, wav.dataBytes, minus(reader.sizeBytes, wav.headerBytes)),
    (list) => converted(data(), format, list),
    warnings,
  );
}

async function decodedRecording(
  reader: InputReader,
  kind: { name: string; soxType?: string },
  options: RecordingOptions,
): Promise<Recording> {
  const { chunks, complaint } = await decode({
    ...kind,
    input: reader.path === undefined ? { bytes: reader.all() } : { path: reader.path },
    environment: options.environment,
    signal: reader.signal,
  });
  return new SoundRecording(reader, undefined, async function* (warnings) {
    yield* chunks;
    const said = complaint();
    if (said !== undefined) {
      warnings.push({
        code: 'input_damaged',
        message: `${reader.label} could not be decoded to its end: ${said}`,
      });
    }
  });
}

function minus(size: number | undefined, bytes: number): number | undefined {
  return size === undefined ? undefined : size - bytes;
}

function durationOf(format: WavFormat, ...sizes: (number | undefined)[]): number | undefined {
  const known = sizes.filter((size) => size !== undefined);
  if (known.length === 0) return undefined;
  const frameBytes = format.bytesPerSample * format.channels;
  return (Math.floor(Math.min(...known) / frameBytes) / format.sampleRateHz) * 1000;
}

/** Samples of any format to 16 kHz mono s16le. */
async function* converted(data: Bytes, format: WavFormat, warnings: Warning[]): Bytes {
  const { sampleRateHz, channels, bytesPerSample, encoding } = format;
  const aligner = new SampleAligner(bytesPerSample * channels);
  const sameRate = sampleRateHz === INPUT_FORMAT.sampleRateHz;
  const asIs = sameRate && channels === 1 && bytesPerSample === 2 && encoding === 'int';
  const resampler = sameRate ? undefined : await createResampler(sampleRateHz, 16_000);
  try {
    for await (const chunk of data) {
      const whole = aligner.push(chunk);
      if (whole.byteLength === 0) continue;
      if (asIs) {
        yield whole;
        continue;
      }
      const mono = downmix(decodeSamples(whole, format), channels);
      yield s16FromFloat(resampler === undefined ? mono : resampler.push(mono));
    }
    if (resampler !== undefined) yield s16FromFloat(resampler.end());
  } finally {
    resampler?.close();
  }
  if (aligner.carriedBytes > 0) {
    warnings.push({
      code: 'input_odd_bytes',
      message: `the last ${aligner.carriedBytes} byte(s) of the input are no whole sample and were left out`,
    });
  }
}

class SoundRecording implements Recording {
  readonly format = INPUT_FORMAT;
  readonly label: string;
  readonly durationMs: number | undefined;
  readonly warnings: Warning[];
  readonly #reader: InputReader;
  readonly #sound: (warnings: Warning[]) => Bytes;

  constructor(
    reader: InputReader,
    durationMs: number | undefined,
    sound: (warnings: Warning[]) => Bytes,
    warnings: Warning[] = [],
  ) {
    this.#reader = reader;
    this.label = reader.label;
    this.durationMs = durationMs;
    this.#sound = sound;
    this.warnings = warnings;
  }

  async *frames(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const abort = (): void => this.#reader.close();
    signal.addEventListener('abort', abort, { once: true });
    const rechunker = new Rechunker(INPUT_FORMAT);
    let total = 0;
    try {
      if (signal.aborted) return;
      for await (const bytes of this.#sound(this.warnings)) {
        for (const frame of rechunker.push(bytes)) {
          total += frame.byteLength;
          yield frame;
          if (signal.aborted) return;
        }
      }
      const rest = rechunker.rest();
      total += rest.byteLength;
      if (rest.byteLength > 0) yield rest;
      if (total === 0 && !this.#reader.signal.aborted) throw emptyInput(this.label);
    } catch (error) {
      if (!this.#reader.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#reader.close();
    }
  }
}
