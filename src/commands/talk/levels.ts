/** Meters: how loud the microphone is now, and the reply at the place that is being heard. 0 to 1. */
import { bytesOfMs, OUTPUT_FORMAT } from '../../audio/format.ts';
import { levelDbfs } from '../../audio/pcm.ts';
import type { AudioSink } from '../../audio/ports.ts';

const FLOOR_DBFS = -60;
const SLICE_MS = 50;

const share = (dbfs: number): number => Math.min(1, Math.max(0, 1 - dbfs / FLOOR_DBFS));

/** The loudest frame since it was last asked for. */
export class MicLevel {
  #peak = 0;

  push(pcm: Uint8Array): void {
    this.#peak = Math.max(this.#peak, share(levelDbfs(pcm)));
  }

  take(): number {
    const peak = this.#peak;
    this.#peak = 0;
    return peak;
  }
}

export class ReplyLevel {
  readonly #sink: AudioSink;
  #slices: { startMs: number; level: number }[] = [];

  constructor(sink: AudioSink) {
    this.#sink = sink;
  }

  /** Before the same sound is written to the sink. */
  push(pcm: Uint8Array): void {
    const { playedMs, queuedMs } = this.#sink.position();
    const step = bytesOfMs(OUTPUT_FORMAT, SLICE_MS);
    for (let offset = 0; offset < pcm.byteLength; offset += step) {
      const startMs = playedMs + queuedMs + (offset / step) * SLICE_MS;
      this.#slices.push({ startMs, level: share(levelDbfs(pcm.subarray(offset, offset + step))) });
    }
  }

  clear(): void {
    this.#slices = [];
  }

  now(): number {
    if (this.#slices.length === 0) return 0;
    const { playedMs } = this.#sink.position();
    while ((this.#slices[0]?.startMs ?? Infinity) + SLICE_MS <= playedMs) this.#slices.shift();
    const [slice] = this.#slices;
    return slice && slice.startMs <= playedMs ? slice.level : 0;
  }
}
