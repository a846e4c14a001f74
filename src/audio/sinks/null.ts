/** A perfect device that nobody hears: it plays in real time, by the clock, from the first byte on. */
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { BYTES_PER_SAMPLE, msOfBytes, OUTPUT_FORMAT } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { AudioSink, ClearResult, SinkPosition } from '../ports.ts';
import { DEFAULT_RAMP_MS, Gain } from './gain.ts';
import { PcmQueue } from './pcmQueue.ts';
import { RENDER_EVERY_MS, RenderTap } from './renderTap.ts';
import type { RenderListener } from './renderTap.ts';

export class NullSink implements AudioSink {
  readonly format: PcmFormat;
  readonly label = 'null';
  readonly #clock: Clock;
  readonly #gain: Gain;
  readonly #tap: RenderTap;
  /** For those who listen: what has not been told yet. It is louder or softer only when it sounds. */
  readonly #unheard = new PcmQueue();
  #handedBytes = 0;
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
    this.#gain = new Gain(format);
    this.#tap = new RenderTap(format);
  }

  write(pcm: Uint8Array): void {
    if (this.#closed || pcm.byteLength === 0) return;
    this.#render();
    const playedMs = this.#playedMs();
    if (playedMs >= this.#endMs) {
      if (this.#replyOpen) this.#underruns++;
      this.#anchorMs = playedMs;
      this.#anchorAtMs = this.#clock.nowMs();
    }
    this.#replyOpen = true;
    this.#endMs += msOfBytes(this.format, pcm.byteLength);
    this.#unheard.push(pcm);
    this.#wait();
  }

  flush(): void {
    this.#replyOpen = false;
  }

  clear(): ClearResult {
    this.#render();
    const { playedMs, queuedMs, estimated } = this.position();
    this.#endMs = playedMs;
    this.#replyOpen = false;
    this.#unheard.clear();
    this.#wait();
    const silenced = Promise.resolve({ silenceMs: 0 });
    return { playedMs, droppedMs: queuedMs, estimated, silenced };
  }

  position(): SinkPosition {
    const playedMs = this.#playedMs();
    const queuedMs = this.#endMs - playedMs;
    return { playedMs, queuedMs, estimated: false, underruns: this.#underruns };
  }

  setGain(gain: number, rampMs = DEFAULT_RAMP_MS): void {
    this.#render();
    this.#gain.set(gain, this.position().queuedMs > 0 ? rampMs : 0);
  }

  onRender(listener: RenderListener): () => void {
    this.#render();
    const stop = this.#tap.listen(listener, this.#handedBytes);
    this.#wait();
    return stop;
  }

  drain(): Promise<void> {
    this.flush();
    return new Promise((resolve) => {
      this.#drainers.push(resolve);
      this.#wait();
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

  /** Lets go of what has sounded since the last time, and tells it. */
  #render(): void {
    const playedMs = this.#playedMs();
    const sampleBytes = this.format.channels * BYTES_PER_SAMPLE;
    const frames = Math.round((playedMs / 1000) * this.format.sampleRateHz);
    const pcm = this.#unheard.take(frames * sampleBytes - this.#handedBytes);
    this.#handedBytes += pcm.byteLength;
    if (!this.#tap.listening) return;
    this.#tap.hand(this.#gain.apply(pcm), this.#clock.nowMs());
    this.#tap.tell(this.#handedBytes, this.#anchorAtMs + playedMs - this.#anchorMs);
  }

  /** A timer runs only while somebody waits or listens. */
  #wait(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const leftMs = this.#endMs - this.#playedMs();
    if (leftMs <= 0) for (const resolve of this.#drainers.splice(0)) resolve();
    else if (this.#tap.listening || this.#drainers.length > 0) {
      const atMostMs = this.#tap.listening ? RENDER_EVERY_MS : leftMs;
      this.#cancelTimer = this.#clock.after(Math.ceil(Math.min(leftMs, atMostMs)), () => {
        this.#render();
        this.#wait();
      });
    }
  }
}
