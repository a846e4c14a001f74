/** Raw PCM into a stream, for `-o -`: whoever reads it decides the speed. */
import type { Writable } from 'node:stream';

import { msOfBytes, OUTPUT_FORMAT } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { AudioSink, ClearResult, SinkPosition } from '../ports.ts';

/** The reader has gone (EPIPE): nothing is wrong, there is just nobody left to write for. */
export class OutputClosedError extends Error {
  constructor(cause: unknown) {
    super('the reader of the output has gone', { cause });
    this.name = 'OutputClosedError';
  }
}

export class StreamSink implements AudioSink {
  readonly format: PcmFormat;
  readonly label = 'stdout';
  readonly #stream: Writable;
  #writtenBytes = 0;
  /** Bytes that the stream holds in memory until its reader takes them. */
  #pendingBytes = 0;
  #drainers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #failure: Error | undefined;
  #lostListener: ((error: Error) => void) | undefined;
  #closed = false;

  /** The stream is lent: it is neither ended nor destroyed here, since stdout belongs to the process. */
  constructor(stream: Writable, format: PcmFormat = OUTPUT_FORMAT) {
    this.#stream = stream;
    this.format = format;
    stream.on('error', this.#streamOnError);
  }

  write(pcm: Uint8Array): void {
    if (this.#closed || this.#failure !== undefined || pcm.byteLength === 0) return;
    this.#writtenBytes += pcm.byteLength;
    this.#pendingBytes += pcm.byteLength;
    this.#stream.write(pcm, (error) => {
      if (error) return this.#streamOnError(error);
      this.#pendingBytes -= pcm.byteLength;
      if (this.#pendingBytes === 0) {
        for (const drainer of this.#drainers.splice(0)) drainer.resolve();
      }
    });
  }

  flush(): void {
    // Nothing is held back.
  }

  /** What has been written cannot be taken back: nothing is dropped. */
  clear(): ClearResult {
    const { playedMs } = this.position();
    const silenced = Promise.resolve({ silenceMs: 0 });
    return { playedMs, droppedMs: 0, estimated: false, silenced };
  }

  position(): SinkPosition {
    const playedMs = msOfBytes(this.format, this.#writtenBytes);
    return { playedMs, queuedMs: 0, estimated: false, underruns: 0 };
  }

  setGain(): void {
    // What is kept is what came.
  }

  onRender(): () => void {
    return () => undefined;
  }

  /** Settles when the reader (or its pipe) has taken everything. */
  drain(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closed || this.#pendingBytes === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#drainers.push({ resolve, reject });
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const drainer of this.#drainers.splice(0)) drainer.resolve();
    return Promise.resolve();
  }

  onLost(listener: (error: Error) => void): void {
    this.#lostListener = listener;
    const failure = this.#failure;
    if (failure !== undefined) queueMicrotask(() => listener(failure));
  }

  // Stays on the stream after close(): an EPIPE may come late and must not become an exception.
  readonly #streamOnError = (error: Error): void => {
    if (this.#failure !== undefined) return;
    const { code } = error as NodeJS.ErrnoException;
    const gone = code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_DESTROYED';
    const failure = gone ? new OutputClosedError(error) : error;
    this.#failure = failure;
    for (const drainer of this.#drainers.splice(0)) drainer.reject(failure);
    if (!this.#closed) this.#lostListener?.(failure);
  };
}
