/**
 * Sound into files. What is on disk is valid at every moment, whichever way the process dies: data is
 * appended first, the header that counts it is rewritten after it.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

import { EXIT, GemliveError } from '../errors.ts';
import type { ExitCode } from '../errors.ts';
import { BYTES_PER_SAMPLE } from './format.ts';
import type { PcmFormat } from './format.ts';
import { viewOf } from './pcm.ts';

export interface SoundFileWriter {
  readonly path: string;
  readonly format: PcmFormat;
  /** Appends whole samples, synchronously. Throws GemliveError `output_failed`. */
  write(pcm: Uint8Array): void;
  /** Idempotent. */
  close(): void;
}

const WAV_HEADER_BYTES = 44;
const STREAM_SIZE = 0xff_ff_ff_ff;

/** The header of a WAV file with `dataBytes` bytes of s16le; the size that says "until the end" when unknown. */
export function wavHeader(format: PcmFormat, dataBytes: number | undefined): Uint8Array {
  const header = new Uint8Array(WAV_HEADER_BYTES);
  const view = viewOf(header);
  const blockBytes = format.channels * BYTES_PER_SAMPLE;
  const known = dataBytes !== undefined && dataBytes + WAV_HEADER_BYTES < STREAM_SIZE;
  header.set(Buffer.from('RIFF----WAVEfmt ', 'latin1'), 0);
  view.setUint32(4, known ? WAV_HEADER_BYTES - 8 + dataBytes : STREAM_SIZE, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, format.channels, true);
  view.setUint32(24, format.sampleRateHz, true);
  view.setUint32(28, format.sampleRateHz * blockBytes, true);
  view.setUint16(32, blockBytes, true);
  view.setUint16(34, BYTES_PER_SAMPLE * 8, true);
  header.set(Buffer.from('data', 'latin1'), 36);
  view.setUint32(40, known ? dataBytes : STREAM_SIZE, true);
  return header;
}

/** Opens `path` by its name: `.wav` gets a header, anything else is raw PCM. Throws exit 2 when it cannot be written. */
export function openSoundFile(path: string, format: PcmFormat): SoundFileWriter {
  return /\.wave?$/i.test(path) ? new WavFileWriter(path, format) : new PcmFileWriter(path, format);
}

export class PcmFileWriter implements SoundFileWriter {
  readonly path: string;
  readonly format: PcmFormat;
  readonly #file: OutputFile;

  constructor(path: string, format: PcmFormat) {
    this.path = path;
    this.format = format;
    this.#file = new OutputFile(path);
  }

  write(pcm: Uint8Array): void {
    this.#file.append(pcm, () => undefined);
  }

  close(): void {
    this.#file.close();
  }
}

export class WavFileWriter implements SoundFileWriter {
  readonly path: string;
  readonly format: PcmFormat;
  readonly #file: OutputFile;

  constructor(path: string, format: PcmFormat) {
    this.path = path;
    this.format = format;
    this.#file = new OutputFile(path);
    this.#file.append(wavHeader(format, this.#file.seekable ? 0 : undefined), () => undefined);
  }

  write(pcm: Uint8Array): void {
    this.#file.append(pcm, () => this.#writeSizes());
  }

  close(): void {
    this.#file.close();
  }

  /** One write for the whole header: no moment at which its two sizes disagree. */
  #writeSizes(): void {
    if (!this.#file.seekable) return;
    const blockBytes = this.format.channels * BYTES_PER_SAMPLE;
    const dataBytes = this.#file.sizeBytes - WAV_HEADER_BYTES;
    if (dataBytes < 0) return;
    this.#file.overwrite(wavHeader(this.format, dataBytes - (dataBytes % blockBytes)), 0);
  }
}

/** A file that grows at its end. After the first failure it takes nothing more. */
class OutputFile {
  readonly #path: string;
  readonly seekable: boolean;
  #fd: number | undefined;
  #failure: GemliveError | undefined;
  sizeBytes = 0;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'w');
    } catch (error) {
      throw outputFailed(path, error, EXIT.usage);
    }
    this.seekable = fstatSync(this.#fd).isFile();
  }

  /** `settle` brings the file in order; it runs after a failed write too, for what did fit. */
  append(bytes: Uint8Array, settle: () => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#fd === undefined) return;
    try {
      for (let at = 0; at < bytes.byteLength;) {
        const written = writeSync(
          this.#fd,
          bytes,
          at,
          bytes.byteLength - at,
          this.seekable ? this.sizeBytes : null,
        );
        at += written;
        this.sizeBytes += written;
      }
      settle();
    } catch (error) {
      this.#failure = outputFailed(this.#path, error, EXIT.input);
      try {
        settle();
        if (this.seekable) ftruncateSync(this.#fd, this.sizeBytes - (this.sizeBytes % 2));
      } catch {
        // The first failure is the one to tell; the old header still counts sound that is there.
      }
      throw this.#failure;
    }
  }

  overwrite(bytes: Uint8Array, at: number): void {
    if (this.#fd !== undefined) writeSync(this.#fd, bytes, 0, bytes.byteLength, at);
  }

  close(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    try {
      closeSync(fd);
    } catch (error) {
      throw outputFailed(this.#path, error, EXIT.input);
    }
  }
}

function outputFailed(path: string, cause: unknown, exitCode: ExitCode): GemliveError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const [why, hint] = WRITE_FAILURES[code] ?? [
    cause instanceof Error ? cause.message : String(cause),
    'choose another place with -o',
  ];
  return new GemliveError(`cannot write ${path}`, {
    code: 'output_failed',
    exitCode,
    why,
    hint,
    cause,
  });
}

const WRITE_FAILURES: Record<string, [why: string, hint: string]> = {
  ENOSPC: ['the disk is full', 'make room, or choose another place with -o'],
  EDQUOT: ['your disk quota is used up', 'make room, or choose another place with -o'],
  EFBIG: ['the file may not grow any further', 'choose another place with -o'],
  EACCES: ['no permission to write there', 'choose another place with -o'],
  EPERM: ['no permission to write there', 'choose another place with -o'],
  EROFS: ['the file system is read-only', 'choose another place with -o'],
  ENOENT: ['its folder does not exist', 'create the folder, or choose another place with -o'],
  ENOTDIR: ['its folder is not a folder', 'choose another place with -o'],
  EISDIR: ['it is a folder', 'give a file name with -o'],
};
