/**
 * The two small interfaces between gemlive and any sound device. `file`, `silence` and `null` are
 * first-class implementations, not test doubles.
 */
import type { PcmFormat } from './format.ts';

export interface AudioSource {
  readonly format: PcmFormat;
  /** What it is, for status lines and `gemlive config`: `parec (default source)`. */
  readonly label: string;
  /**
   * Frames of {@link FRAME_MS} milliseconds (the last may be shorter where the source ends). Ends when the source ends or
   * `signal` aborts; throws a GemliveError (exit 4 for devices, 8 for files) when it breaks. Can be
   * iterated once.
   */
  frames(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A device's position, in milliseconds of sound since the sink was opened. */
export type SinkPosition = {
  /** Sound that has left the loudspeaker. Never falls. */
  playedMs: number;
  /** Sound written and neither played nor dropped yet. */
  queuedMs: number;
  /** True where it is reckoned from bytes and latency instead of reported by the backend. */
  estimated: boolean;
  /** Times the device ran dry in the middle of a reply. */
  underruns: number;
};

export type ClearResult = {
  /** Position at the moment of the call, as in {@link SinkPosition}. */
  playedMs: number;
  /** Sound thrown away by this call. */
  droppedMs: number;
  estimated: boolean;
  /**
   * Settles when the device is silent (player gone or its flush acknowledged), with the milliseconds
   * that took plus the device's own known latency.
   */
  silenced: Promise<{ silenceMs: number }>;
};

export interface AudioSink {
  readonly format: PcmFormat;
  readonly label: string;
  /** Never blocks and never drops: the queue is ours and unbounded. Whole samples only. */
  write(pcm: Uint8Array): void;
  /** No more comes for now: play what is there without waiting for the prebuffer to fill. */
  flush(): void;
  /** Silence now. The sink goes on living and takes new sound at once. */
  clear(): ClearResult;
  position(): SinkPosition;
  /** Settles when all that was written has been heard (or cleared). Rejects when the device is lost. */
  drain(): Promise<void>;
  /** Idempotent. Stops at once; what is still queued is not played. */
  close(): Promise<void>;
  /** The device broke and cannot be used any more. Called at most once. */
  onLost(listener: (error: Error) => void): void;
}
