/** The bytes of one input, a file or a pipe, with a look ahead at how they begin. */
import { closeSync, constants, createReadStream, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

import { EXIT, GemliveError } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import { concatBytes } from '../pcm.ts';

export class InputReader {
  /** For messages: the path as it was given, or `stdin`. */
  readonly label: string;
  /** Undefined for a pipe. */
  readonly path: string | undefined;
  readonly #stdin: Readable | undefined;
  readonly #closing = new AbortController();
  #stream: Readable | undefined;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #held: Uint8Array[] = [];
  #sizeBytes: number | undefined;
  #isNamedPipe = false;

  /** `input` is a path, or `-` for `stdin`. */
  constructor(input: string, stdin: Readable | undefined, signal: AbortSignal | undefined) {
    this.#stdin = stdin;
    this.path = input === '-' ? undefined : input;
    this.label = this.path ?? 'stdin';
    if (signal?.aborted === true) this.close();
    else signal?.addEventListener('abort', () => this.close(), { once: true, signal: this.signal });
  }

  /** Aborted by close(). */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Of a file; a pipe has none. */
  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  async start(): Promise<void> {
    if (this.path === undefined) {
      this.#stream = this.#stdin;
    } else {
      await this.#check(this.path);
      this.signal.throwIfAborted();
      this.#stream = this.#isNamedPipe ? openNamedPipe(this.path) : createReadStream(this.path);
    }
    this.signal.throwIfAborted();
    this.#chunks = this.#stream?.[Symbol.asyncIterator]() as AsyncIterator<Uint8Array> | undefined;
  }

  /** At least `bytes` bytes of the beginning, or all there are; they will be read again. */
  async head(bytes: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < bytes) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      parts.push(chunk);
      length += chunk.byteLength;
    }
    this.unread(parts);
    return concatBytes(parts);
  }

  /** Puts chunks back, to be read first. */
  unread(chunks: readonly Uint8Array[]): void {
    this.#held = [...chunks, ...this.#held];
  }

  async *all(): AsyncGenerator<Uint8Array, undefined> {
    for (;;) {
      const chunk = await this.#next();
      if (chunk === undefined) return undefined;
      yield chunk;
    }
  }

  /** Idempotent. Ends whoever is reading. */
  close(): void {
    this.#closing.abort();
    this.#held = [];
    this.#stream?.on('error', () => undefined);
    this.#stream?.destroy();
  }

  async #next(): Promise<Uint8Array | undefined> {
    const held = this.#held.shift();
    if (held !== undefined) return held;
    if (this.signal.aborted || this.#chunks === undefined) return undefined;
    try {
      const { value, done } = await this.#chunks.next();
      if (done === true) return undefined;
      // A stdin with an encoding set gives strings: that text is no sound either way.
      return typeof value === 'string' ? Buffer.from(value) : value;
    } catch (error) {
      // Destroying the stream is how close() wakes a reader.
      if (this.signal.aborted) return undefined;
      throw unreadable(this.label, error);
    }
  }

  async #check(path: string): Promise<void> {
    let found;
    try {
      found = await stat(path);
    } catch (error) {
      throw unreadable(this.label, error);
    }
    if (found.isDirectory()) {
      throw inputError('input_unreadable', this.label, 'a folder, not a recording', {
        hint: 'name the recordings in it',
      });
    }
    this.#isNamedPipe = found.isFIFO();
    if (!found.isFile()) return;
    if (found.size === 0) throw emptyInput(this.label);
    this.#sizeBytes = found.size;
  }
}

/** Read as a socket is: a thread that waits for a silent writer would not let the process end. */
export function openNamedPipe(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return new Socket({ fd, readable: true, writable: false });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

export function emptyInput(label: string): GemliveError {
  return inputError('input_empty', label, 'no sound in it', { why: 'it is empty' });
}

/** Says which input `error` is about. */
export function named(label: string, error: unknown): unknown {
  if (!(error instanceof GemliveError) || error.message.startsWith(`${label}: `)) return error;
  const { code, exitCode, why, hint } = error;
  return new GemliveError(`${label}: ${error.message}`, {
    code,
    exitCode,
    ...(why === undefined ? {} : { why }),
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

function unreadable(label: string, cause: unknown): GemliveError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return inputError('input_missing', label, 'no such file', { hint: 'check the path', cause });
  }
  const why =
    code === 'EACCES' || code === 'EPERM'
      ? 'no permission to read it'
      : cause instanceof Error
        ? cause.message
        : String(cause);
  return inputError('input_unreadable', label, 'cannot be read', { why, cause });
}

function inputError(
  code: ErrorCode,
  label: string,
  message: string,
  more: { why?: string; hint?: string; cause?: unknown },
): GemliveError {
  return new GemliveError(`${label}: ${message}`, { code, exitCode: EXIT.input, ...more });
}
