/**
 * The two small interfaces between gemlive and any sound device. `file`, `silence` and `null` are
 * first-class implementations, not test doubles.
 */
import type { Warning } from '../errors.ts';
import type { PcmFormat } from './format.ts';

/** What becomes of a device while it is in use. Said once for each change, in words for the user. */
export type DeviceNotice =
  /** It is gone, and looked for. `why` in the words of its program. */
  | { state: 'lost'; why: string }
  /** The sound server has suspended it, at somebody's wish: nothing is lost, and sound waits until it resumes it. */
  | { state: 'suspended'; device: string }
  /** It, or another one, is in use again. `label` as that of the source or sink. */
  | { state: 'back'; label: string };

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
  /**
   * Of a frame that it gave: our own loudspeaker is or was just heard in it, and nobody else is. What is left of
   * an echo is not the user, however much it sounds like a voice.
   */
  isEcho?(frame: Uint8Array): boolean;
  /** For devices that come and go. One listener. */
  onDevice?(listener: (notice: DeviceNotice) => void): void;
  /** What is wrong with the sound that comes, each fault once. One listener, which is told the earlier ones too. */
  onWarning?(listener: (warning: Warning) => void): void;
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

/** The same sound before it leaves the loudspeaker: the reference of an echo canceller may not come late. */
export type RenderAhead = {
  /** The device has it; its first sample is expected to sound at `atMs`. */
  handed(pcm: Uint8Array, atMs: number): void;
  /** What the device had and has not sounded will not be heard, or is handed over again. */
  dropped(): void;
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
  /**
   * Loudness of what is handed to the device from now on (1: as it came, 0: silence), reached in `rampMs`
   * (default 30) of sound without a step; at once where nothing sounds. What the device has already, some
   * 80 ms, keeps the loudness it has. What is counted as played stays the same; files are not touched.
   * Throws RangeError for less than 0.
   */
  setGain(gain: number, rampMs?: number): void;
  /**
   * Sound as it leaves the loudspeaker, by the device's own position: every sample once, in order, after the
   * gain, none that was cleared, at least every 20 ms while it plays. `atMs`: when its first sample sounded,
   * on the sink's clock (`performance.now()`). A file has no loudspeaker and tells nothing. Returns the way
   * to stop.
   */
  onRender(listener: (pcm: Uint8Array, atMs: number) => void, ahead?: RenderAhead): () => void;
  /** Settles when all that was written has been heard (or cleared). Rejects when the device is lost. */
  drain(): Promise<void>;
  /** Idempotent. Stops at once; what is still queued is not played. */
  close(): Promise<void>;
  /** For devices that come and go. One listener. */
  onDevice?(listener: (notice: DeviceNotice) => void): void;
  /** Why what it plays cannot be heard, once until that changes. One listener. */
  onWarning?(listener: (warning: Warning) => void): void;
  /** The device is gone for good. Called at most once. */
  onLost(listener: (error: Error) => void): void;
}
