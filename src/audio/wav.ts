/**
 * WAV, both ways. The reader takes a stream of chunks of any size and whatever real programs write: all
 * linear PCM and float sizes, WAVE_FORMAT_EXTENSIBLE, RF64, BW64, unknown chunks, unfinished sizes, a cut end.
 */
import { EXIT, GemliveError } from '../errors.ts';
import { concatBytes, viewOf } from './pcm.ts';

export type WavFormat = {
  encoding: 'int' | 'float';
  bytesPerSample: number;
  sampleRateHz: number;
  channels: number;
};

const FORMAT_PCM = 1;
const FORMAT_FLOAT = 3;
const FORMAT_EXTENSIBLE = 0xff_fe;
const UNKNOWN_SIZE = 0xff_ff_ff_ff;
/** Sizes from here on mean "not known when it was written": sox puts 0x7ffff000 into a pipe. */
const HARDLY_KNOWN_SIZE = 0x7f_ff_f0_00;
const MAX_CHANNELS = 64;
const MIN_RATE_HZ = 1000;
const MAX_RATE_HZ = 768_000;

/** A WAV file of a codec that this reader does not know: a decoder program may. */
export class UnsupportedWavError extends GemliveError {}

export function notAudio(why: string): GemliveError {
  return new GemliveError('not audio that can be read', {
    code: 'input_not_audio',
    exitCode: EXIT.input,
    why,
    hint: 'give it a recording (WAV, MP3, FLAC, Ogg, M4A…); --raw reads PCM without a header',
  });
}

/** True when `head` (12 bytes or more) begins a WAV file. */
export function isWav(head: Uint8Array): boolean {
  const tag = tagAt(head, 0);
  return (tag === 'RIFF' || tag === 'RF64' || tag === 'BW64') && tagAt(head, 8) === 'WAVE';
}

/** Reads a WAV file from chunks. Throws GemliveError (exit 8) and nothing else. */
export class WavReader {
  #held: Uint8Array = new Uint8Array(0);
  #state: 'riff' | 'chunks' | 'data' | 'after' = 'riff';
  #skipBytes = 0;
  #consumedBytes = 0;
  #riffBytes = 0;
  #longDataBytes: number | undefined;
  #dataBytes: number | undefined;
  #seenBytes = 0;
  #format: WavFormat | undefined;

  /** Known once the header has been read. */
  get format(): WavFormat | undefined {
    return this.#format;
  }

  /** True from the first byte of sound on. */
  get atData(): boolean {
    return this.#state === 'data' || this.#state === 'after';
  }

  /** What the header says; undefined where it does not know. */
  get dataBytes(): number | undefined {
    return this.#dataBytes !== undefined && this.#dataBytes < HARDLY_KNOWN_SIZE
      ? this.#dataBytes
      : undefined;
  }

  /** Bytes before the sound. */
  get headerBytes(): number {
    return this.#consumedBytes;
  }

  /** The sound in `bytes`, as it stands in the file; empty while the header is being read. */
  push(bytes: Uint8Array): Uint8Array {
    if (this.#state === 'after') return new Uint8Array(0);
    if (this.#state === 'data') return this.#take(bytes);
    this.#held = this.#held.byteLength === 0 ? bytes : concatBytes([this.#held, bytes]);
    this.#readHeader();
    if (!this.atData) return new Uint8Array(0);
    const rest = this.#held;
    this.#held = new Uint8Array(0);
    return this.#take(rest);
  }

  /** Call at the end of input: throws when there was no sound, tells whether some of it is missing. */
  end(): { truncated: boolean } {
    if (!this.atData) {
      throw notAudio(
        this.#format === undefined
          ? 'the WAV header is cut off or has no format'
          : 'the WAV file has no sound data in it',
      );
    }
    if (this.#seenBytes === 0) {
      throw new GemliveError('no sound in it', {
        code: 'input_empty',
        exitCode: EXIT.input,
        why: 'its WAV header is followed by nothing',
      });
    }
    const expected = this.dataBytes;
    return { truncated: expected !== undefined && this.#seenBytes < expected };
  }

  #take(bytes: Uint8Array): Uint8Array {
    const room = (this.#dataBytes ?? Infinity) - this.#seenBytes;
    const sound = bytes.byteLength <= room ? bytes : bytes.subarray(0, room);
    this.#seenBytes += sound.byteLength;
    if (sound.byteLength === room) this.#state = 'after';
    return sound;
  }

  #consume(bytes: number): Uint8Array {
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    this.#consumedBytes += taken.byteLength;
    return taken;
  }

  #readHeader(): void {
    if (this.#state === 'riff') {
      if (this.#held.byteLength < 12) return;
      const riff = this.#consume(12);
      if (!isWav(riff)) throw notAudio('it does not begin like a WAV file');
      this.#riffBytes = viewOf(riff).getUint32(4, true);
      this.#state = 'chunks';
    }
    while (this.#state === 'chunks') {
      this.#skipBytes -= this.#consume(this.#skipBytes).byteLength;
      if (this.#skipBytes > 0 || this.#held.byteLength < 8) return;
      const id = tagAt(this.#held, 0);
      const size = viewOf(this.#held).getUint32(4, true);
      if (id === 'data') {
        // What follows an empty size tells whether it was never filled in.
        if (size === 0 && !this.#isLastChunk && this.#held.byteLength < 16) return;
        this.#consume(8);
        this.#beginData(size);
        continue;
      }
      const wanted = id === 'fmt ' ? Math.min(size, 40) : id === 'ds64' ? Math.min(size, 16) : 0;
      if (this.#held.byteLength < 8 + wanted) return;
      this.#consume(8);
      const body = this.#consume(wanted);
      if (id === 'fmt ') this.#format = parseFormat(body);
      if (id === 'ds64' && body.byteLength === 16) {
        // Zero was never filled in.
        this.#longDataBytes = Number(viewOf(body).getBigUint64(8, true)) || undefined;
      }
      // Chunks begin at even offsets.
      this.#skipBytes = size - wanted + (size % 2);
    }
  }

  #beginData(size: number): void {
    if (this.#format === undefined) throw notAudio('the WAV file has sound before its format');
    // Zero is what writers leave that were killed or wrote into a pipe; a chunk that is empty is followed by others.
    if (size === 0 && this.#isChunkNext()) return;
    this.#dataBytes = size === 0 ? undefined : size === UNKNOWN_SIZE ? this.#longDataBytes : size;
    this.#state = 'data';
  }

  /** By the RIFF size, the header of the chunk in `#held` ends the file. */
  get #isLastChunk(): boolean {
    return this.#riffBytes === UNKNOWN_SIZE || this.#riffBytes <= this.#consumedBytes;
  }

  #isChunkNext(): boolean {
    const left = this.#riffBytes + 8 - this.#consumedBytes;
    if (this.#riffBytes === UNKNOWN_SIZE || left < 8 || this.#held.byteLength < 8) return false;
    const size = viewOf(this.#held).getUint32(4, true);
    return /^[A-Za-z0-9_]{3}[A-Za-z0-9_ ]$/.test(tagAt(this.#held, 0)) && size <= left - 8;
  }
}

/** A whole WAV file in memory. `data` is a view into `bytes` where that is possible. */
export function parseWav(bytes: Uint8Array): {
  format: WavFormat;
  data: Uint8Array;
  truncated: boolean;
} {
  const reader = new WavReader();
  const data = reader.push(bytes);
  const { truncated } = reader.end();
  const format = reader.format;
  if (format === undefined) throw notAudio('the WAV file has no format');
  return { format, data, truncated };
}

/** Whole samples of a WAV file's sound to interleaved floats, full scale 1.0. */
export function decodeSamples(data: Uint8Array, format: WavFormat): Float32Array {
  const view = viewOf(data);
  const size = format.bytesPerSample;
  const samples = new Float32Array(Math.floor(data.byteLength / size));
  for (let i = 0; i < samples.length; i++) {
    const at = i * size;
    samples[i] =
      format.encoding === 'float'
        ? size === 4
          ? view.getFloat32(at, true)
          : view.getFloat64(at, true)
        : size === 1
          ? (view.getUint8(at) - 128) / 128
          : size === 2
            ? view.getInt16(at, true) / 0x80_00
            : size === 3
              ? (view.getUint16(at, true) + view.getInt8(at + 2) * 0x1_00_00) / 0x80_00_00
              : view.getInt32(at, true) / 0x80_00_00_00;
  }
  return samples;
}

function parseFormat(body: Uint8Array): WavFormat {
  if (body.byteLength < 16) throw notAudio('the WAV format chunk is too short');
  const view = viewOf(body);
  let tag = view.getUint16(0, true);
  const channels = view.getUint16(2, true);
  const sampleRateHz = view.getUint32(4, true);
  const blockBytes = view.getUint16(12, true);
  const bits = view.getUint16(14, true);
  if (tag === FORMAT_EXTENSIBLE && body.byteLength >= 26) tag = view.getUint16(24, true);
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw notAudio(`the WAV header says ${channels} channels`);
  }
  if (sampleRateHz < MIN_RATE_HZ || sampleRateHz > MAX_RATE_HZ) {
    throw notAudio(`the WAV header says ${sampleRateHz} Hz`);
  }
  // 20 bits live in 3 bytes, or 24 in 4: the block size tells, and the samples stand at its upper end.
  const bytesPerSample =
    blockBytes > 0 && blockBytes % channels === 0 ? blockBytes / channels : Math.ceil(bits / 8);
  const encoding = tag === FORMAT_PCM ? 'int' : tag === FORMAT_FLOAT ? 'float' : undefined;
  const sizes = encoding === 'float' ? [4, 8] : [1, 2, 3, 4];
  if (encoding === undefined || !sizes.includes(bytesPerSample)) {
    throw new UnsupportedWavError('a WAV coding that gemlive does not read itself', {
      code: 'input_not_audio',
      exitCode: EXIT.input,
      why: `format tag 0x${tag.toString(16).padStart(4, '0')}, ${bits} bits per sample`,
      hint: 'install ffmpeg or sox, which gemlive then uses to read it',
    });
  }
  return { encoding, bytesPerSample, sampleRateHz, channels };
}

function tagAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
