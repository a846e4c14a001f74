/** Sound into a file, as fast as it comes: for a file, written is heard. */
import type { SoundFileWriter } from '../fileWriters.ts';
import { msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { AudioSink, ClearResult, SinkPosition } from '../ports.ts';

export class FileSink implements AudioSink {
  readonly format: PcmFormat;
  readonly label: string;
  readonly #writer: SoundFileWriter;
  #writtenBytes = 0;
  #failure: Error | undefined;
  #lostListener: ((error: Error) => void) | undefined;
  #closed = false;

  /** Owns `writer` and closes it. */
  constructor(writer: SoundFileWriter) {
    this.#writer = writer;
    this.format = writer.format;
    this.label = writer.path;
  }

  write(pcm: Uint8Array): void {
    if (this.#closed || this.#failure !== undefined) return;
    try {
      this.#writer.write(pcm);
      this.#writtenBytes += pcm.byteLength;
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  flush(): void {
    // Nothing is held back.
  }

  /** What is in the file stays there: nothing is dropped. */
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

  drain(): Promise<void> {
    return this.#failure === undefined ? Promise.resolve() : Promise.reject(this.#failure);
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    try {
      this.#writer.close();
    } catch (error) {
      return Promise.reject(error);
    }
    return Promise.resolve();
  }

  onLost(listener: (error: Error) => void): void {
    this.#lostListener = listener;
    const failure = this.#failure;
    if (failure !== undefined) queueMicrotask(() => listener(failure));
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#lostListener?.(error);
  }
}
