/** A perfect device that nobody hears: it plays in real time, by the clock, from the first byte on. */
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { msOfBytes, OUTPUT_FORMAT } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { AudioSink, ClearResult, SinkPosition } from '../ports.ts';

export class NullSink implements AudioSink {
  readonly format: PcmFormat;
  readonly label = 'null';
  readonly #clock: Clock;
  /** Played up to `#anchorAtMs`, when the last silence ended. */
  #anchorMs = 0;
  #anchorAtMs = 0;
  /** All that was written and not dropped: where the sound ends. */
  #endMs = 0;
  #replyOpen = false;
  #underruns = 0;
  #drainers: (() => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(format: PcmFormat = OUTPUT_FORMAT, clock: Clock = systemClock) {
    this.format = format;
    this.#clock = clock;
  }

  write(pcm: Uint8Array): void {
    if (this.#closed || pcm.byteLength === 0) return;
    const playedMs = this.#playedMs();
    if (playedMs >= this.#endMs) {
      if (this.#replyOpen) this.#underruns++;
      this.#anchorMs = playedMs;
      this.#anchorAtMs = this.#clock.nowMs();
    }
    this.#replyOpen = true;
    this.#endMs += msOfBytes(this.format, pcm.byteLength);
    this.#waitForEnd();
  }

  flush(): void {
    this.#replyOpen = false;
  }

  clear(): ClearResult {
    const { playedMs, queuedMs, estimated } = this.position();
    this.#endMs = playedMs;
    this.#replyOpen = false;
    this.#waitForEnd();
    const silenced = Promise.resolve({ silenceMs: 0 });
    return { playedMs, droppedMs: queuedMs, estimated, silenced };
  }

  position(): SinkPosition {
    const playedMs = this.#playedMs();
    const queuedMs = this.#endMs - playedMs;
    return { playedMs, queuedMs, estimated: false, underruns: this.#underruns };
  }

  drain(): Promise<void> {
    this.flush();
    return new Promise((resolve) => {
      this.#drainers.push(resolve);
      this.#waitForEnd();
    });
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.clear();
      this.#closed = true;
    }
    return Promise.resolve();
  }

  onLost(): void {
    // Nothing can happen to it.
  }

  #playedMs(): number {
    const elapsedMs = this.#clock.nowMs() - this.#anchorAtMs;
    return Math.min(this.#endMs, this.#anchorMs + elapsedMs);
  }

  /** A timer runs only while somebody waits. */
  #waitForEnd(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#drainers.length === 0) return;
    const leftMs = this.#endMs - this.#playedMs();
    if (leftMs > 0) {
      this.#cancelTimer = this.#clock.after(Math.ceil(leftMs), () => this.#waitForEnd());
      return;
    }
    for (const resolve of this.#drainers.splice(0)) resolve();
  }
}
