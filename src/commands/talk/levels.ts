/**
 * Meters: how loud the microphone is now, and the reply at the place that is being heard. They rise at
 * once and fall slowly, so that a syllable can be seen; in dB, as loudness is heard.
 */
import { bytesOfMs, OUTPUT_FORMAT } from '../../audio/format.ts';
import { levelDbfs, viewOf } from '../../audio/pcm.ts';
import type { AudioSink } from '../../audio/ports.ts';
import type { Level } from '../../ui/paint.ts';

/** Below it lies the noise of a room, above the other speech is as loud as it gets (RMS). */
const FLOOR_DBFS = -50;
const TOP_DBFS = -10;
/** From full to nothing in two thirds of a second. */
const FALL_DB_PER_S = 60;
const SLICE_MS = 50;
const CLIPPED_FOR_MS = 1_500;
/** One sample at full scale may be a loud voice; a row of them is one that was cut off. */
const CLIPPED_SAMPLES = 3;

export const SILENT: Level = { level: 0, clipped: false };

/** `dbfs` at `atMs`, falling since. */
class Needle {
  #dbfs = FLOOR_DBFS;
  #atMs = 0;

  push(dbfs: number, nowMs: number): void {
    const fallen = this.at(nowMs);
    if (dbfs < fallen) return;
    this.#dbfs = dbfs;
    this.#atMs = nowMs;
  }

  at(nowMs: number): number {
    return Math.max(FLOOR_DBFS, this.#dbfs - (FALL_DB_PER_S * (nowMs - this.#atMs)) / 1000);
  }

  share(nowMs: number): number {
    return Math.min(1, (this.at(nowMs) - FLOOR_DBFS) / (TOP_DBFS - FLOOR_DBFS));
  }
}

/** What the microphone gives. Times are readings of one clock, in milliseconds. */
export class MicLevel {
  readonly #needle = new Needle();
  #clippedUntilMs = 0;

  /** 16-bit samples, as they go out. */
  push(pcm: Uint8Array, nowMs: number): void {
    const dbfs = levelDbfs(pcm);
    this.#needle.push(dbfs, nowMs);
    if (dbfs > TOP_DBFS && isClipped(pcm)) this.#clippedUntilMs = nowMs + CLIPPED_FOR_MS;
  }

  now(nowMs: number): Level {
    return { level: this.#needle.share(nowMs), clipped: nowMs < this.#clippedUntilMs };
  }
}

/** At rest there is nothing to draw until something comes. */
export const isAtRest = ({ level, clipped }: Level): boolean => level <= 0 && !clipped;

export class ReplyLevel {
  readonly #sink: AudioSink;
  readonly #needle = new Needle();
  #slices: { startMs: number; pcm: Uint8Array }[] = [];

  constructor(sink: AudioSink) {
    this.#sink = sink;
  }

  /** Before the same sound is written to the sink. */
  push(pcm: Uint8Array): void {
    const { playedMs, queuedMs } = this.#sink.position();
    const step = bytesOfMs(OUTPUT_FORMAT, SLICE_MS);
    for (let offset = 0; offset < pcm.byteLength; offset += step) {
      const startMs = playedMs + queuedMs + (offset / step) * SLICE_MS;
      this.#slices.push({ startMs, pcm: pcm.subarray(offset, offset + step) });
    }
  }

  clear(): void {
    this.#slices = [];
  }

  /** Sound is still to be heard. */
  get pending(): boolean {
    return this.#slices.length > 0;
  }

  /** What was heard since it was last asked for, and only that, is looked at. */
  now(nowMs: number): Level {
    if (this.pending) {
      const { playedMs } = this.#sink.position();
      const ahead = this.#slices.findIndex(({ startMs }) => startMs >= playedMs);
      const heard = this.#slices.splice(0, ahead < 0 ? this.#slices.length : ahead);
      for (const { pcm } of heard.slice(-3)) this.#needle.push(levelDbfs(pcm), nowMs);
    }
    return { clipped: false, level: this.#needle.share(nowMs) };
  }
}

function isClipped(pcm: Uint8Array): boolean {
  const view = viewOf(pcm);
  let row = 0;
  for (let at = 0; at + 1 < pcm.byteLength; at += 2) {
    const sample = view.getInt16(at, true);
    row = sample >= 32_767 || sample <= -32_768 ? row + 1 : 0;
    if (row === CLIPPED_SAMPLES) return true;
  }
  return false;
}
