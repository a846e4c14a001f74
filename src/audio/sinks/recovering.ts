/** A loudspeaker that comes back: when its device or player is lost, the best one there is goes on where it stopped. */
import type { GemliveError, Warning } from '../../errors.ts';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { AudioSink, ClearResult, DeviceNotice, RenderAhead, SinkPosition } from '../ports.ts';
import { AudibleWatch } from './audibleWatch.ts';
import { Gain } from './gain.ts';
import { PcmQueue } from './pcmQueue.ts';
import type { RenderListener } from './renderTap.ts';

/** A sink that, when it is lost, gives back what was written and not heard. */
export type RecoverableSink = AudioSink & { takeUnheard(): Uint8Array };

/** Opens the best player there is. `sinceMs`: how long it has been looked for. */
export type Reopen = (signal: AbortSignal, sinceMs: number) => Promise<RecoverableSink>;

export type RecoveringSinkOptions = {
  clock?: Clock;
  recoveryMs?: number;
  inspect?: () => Promise<Warning | undefined>;
};

/** A device is looked for so long; then it is lost for good, and the session ends. */
export const RECOVERY_MS = 20_000;
/** Before the first attempts, and then before each. */
const RETRY_AFTER_MS = [0, 250, 500];
const RETRY_EVERY_MS = 1000;
/** One that is lost again sooner has hardly been found: it is tried less and less often, … */
const FOUND_AFTER_MS = 5000;
/** … and a second of it beyond the first, which is no life, makes up for four of search. */
const LIFE_COUNTS = 4;
const NO_LIFE_MS = 1000;

export class RecoveringSink implements AudioSink {
  readonly format: PcmFormat;
  readonly #reopen: Reopen;
  readonly #clock: Clock;
  readonly #recoveryMs: number;
  /** Undefined while it is looked for. */
  #inner: RecoverableSink | undefined;
  #label: string;
  /** For the next device: what was not heard. */
  readonly #waiting = new PcmQueue();
  /** Nothing of the reply comes after what waits. */
  #ended = false;
  /** Of the devices before. */
  #before: SinkPosition = { playedMs: 0, queuedMs: 0, estimated: false, underruns: 0 };
  readonly #gain: Gain;
  readonly #renderers = new Map<
    symbol,
    { listener: RenderListener; ahead: RenderAhead | undefined; stop?: () => void }
  >();
  #search = { sinceMs: 0, foundAtMs: Number.NEGATIVE_INFINITY, attempts: 0 };
  #stopSearch = new AbortController();
  /** What must have ended before this has. */
  #leaving: Promise<unknown> = Promise.resolve();
  #waiters: (() => void)[] = [];
  #deviceListener: ((notice: DeviceNotice) => void) | undefined;
  /** Told to whoever listens from now on. */
  #suspended: DeviceNotice | undefined;
  #lostListener: ((error: Error) => void) | undefined;
  #lost: Error | undefined;
  #closed = false;

  readonly #audible: AudibleWatch;

  /** Owns `first`, and what `reopen` gives. `inspect`: why the device in use cannot be heard. */
  constructor(
    first: RecoverableSink,
    reopen: Reopen,
    { clock = systemClock, recoveryMs = RECOVERY_MS, inspect }: RecoveringSinkOptions = {},
  ) {
    this.format = first.format;
    this.#label = first.label;
    this.#reopen = reopen;
    this.#clock = clock;
    this.#recoveryMs = recoveryMs;
    this.#gain = new Gain(first.format);
    const nothing = Promise.resolve(undefined);
    this.#audible = new AudibleWatch(() => inspect?.() ?? nothing, clock);
    this.#use(first);
  }

  /** Of the device in use, or of the last one. */
  get label(): string {
    return this.#label;
  }

  write(pcm: Uint8Array): void {
    if (this.#closed || this.#lost !== undefined || pcm.byteLength === 0) return;
    this.#ended = false;
    this.#audible.sound();
    if (this.#inner === undefined) this.#waiting.push(pcm);
    else this.#inner.write(pcm);
  }

  flush(): void {
    this.#ended = true;
    this.#audible.replyEnded();
    this.#inner?.flush();
  }

  clear(): ClearResult {
    this.#ended = true;
    this.#audible.replyEnded();
    const cleared = this.#inner?.clear();
    const { playedMs, estimated } = this.#before;
    if (cleared !== undefined) return { ...cleared, playedMs: playedMs + cleared.playedMs };
    const droppedMs = msOfBytes(this.format, this.#waiting.bytes);
    this.#waiting.clear();
    this.#wake();
    return { playedMs, droppedMs, estimated, silenced: Promise.resolve({ silenceMs: 0 }) };
  }

  position(): SinkPosition {
    const { playedMs, estimated, underruns } = this.#before;
    const inner = this.#inner?.position();
    if (inner === undefined)
      return {
        playedMs,
        queuedMs: msOfBytes(this.format, this.#waiting.bytes),
        estimated,
        underruns,
      };
    return {
      ...inner,
      playedMs: playedMs + inner.playedMs,
      underruns: underruns + inner.underruns,
    };
  }

  setGain(gain: number, rampMs?: number): void {
    this.#gain.set(gain, 0);
    this.#inner?.setGain(gain, rampMs);
  }

  onRender(listener: RenderListener, ahead?: RenderAhead): () => void {
    const key = Symbol('renderer');
    const stop = this.#inner?.onRender(listener, ahead);
    this.#renderers.set(key, { listener, ahead, ...(stop && { stop }) });
    return () => {
      this.#renderers.get(key)?.stop?.();
      this.#renderers.delete(key);
    };
  }

  /** Rejects only when no device was found again. */
  async drain(): Promise<void> {
    this.flush();
    for (;;) {
      if (this.#lost !== undefined) throw this.#lost;
      const inner = this.#inner;
      if (inner === undefined) {
        if (this.#closed || this.#waiting.bytes === 0) return;
        await new Promise<void>((resolve) => this.#waiters.push(resolve));
        continue;
      }
      try {
        return await inner.drain();
      } catch (error) {
        // Lost: what it had not played is played by the next one.
        if (this.#inner === inner) throw error;
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#audible.close();
    this.#waiting.clear();
    this.#stopSearch.abort();
    this.#wake();
    await Promise.all([this.#inner?.close(), this.#leaving]);
  }

  onDevice(listener: (notice: DeviceNotice) => void): void {
    this.#deviceListener = listener;
    if (this.#suspended !== undefined) listener(this.#suspended);
  }

  onWarning(listener: (warning: Warning) => void): void {
    this.#audible.onWarning(listener);
  }

  onLost(listener: (error: Error) => void): void {
    this.#lostListener = listener;
    const lost = this.#lost;
    if (lost !== undefined) queueMicrotask(() => listener(lost));
  }

  #use(sink: RecoverableSink): void {
    this.#inner = sink;
    this.#label = sink.label;
    sink.setGain(this.#gain.target, 0);
    for (const renderer of this.#renderers.values())
      renderer.stop = sink.onRender(renderer.listener, renderer.ahead);
    sink.onDevice?.((notice) => {
      if (this.#inner !== sink) return;
      this.#suspended = notice.state === 'suspended' ? notice : undefined;
      this.#deviceListener?.(notice);
    });
    sink.onLost((error) => {
      if (!this.#closed && this.#inner === sink) this.#innerLost(sink, error);
    });
    if (this.#waiting.bytes === 0) return;
    sink.write(this.#waiting.take(this.#waiting.bytes));
    if (this.#ended) sink.flush();
  }

  #innerLost(sink: RecoverableSink, error: Error): void {
    const nowMs = this.#clock.nowMs();
    this.#before = { ...this.position(), queuedMs: 0 };
    this.#inner = undefined;
    for (const { ahead } of this.#renderers.values()) ahead?.dropped();
    this.#waiting.push(sink.takeUnheard());
    const livedMs = nowMs - this.#search.foundAtMs;
    if (livedMs > FOUND_AFTER_MS) this.#search = { sinceMs: nowMs, foundAtMs: nowMs, attempts: 0 };
    else {
      const countsMs = (1 + LIFE_COUNTS) * Math.max(0, livedMs - NO_LIFE_MS);
      this.#search.sinceMs = Math.min(nowMs, this.#search.sinceMs + countsMs);
    }
    this.#suspended = undefined;
    const { why = error.message } = error as Partial<GemliveError>;
    this.#deviceListener?.({ state: 'lost', why });
    this.#leaving = Promise.all([this.#leaving, sink.close(), this.#recover(error)]);
  }

  /** Never rejects. */
  async #recover(loss: Error): Promise<void> {
    const stop = new AbortController();
    this.#stopSearch = stop;
    const { sinceMs } = this.#search;
    const leftMs = sinceMs + this.#recoveryMs - this.#clock.nowMs();
    const cancelTimeout = this.#clock.after(Math.max(0, leftMs), () => stop.abort());
    let found: RecoverableSink | undefined;
    while (found === undefined && !stop.signal.aborted) {
      await this.#pause(RETRY_AFTER_MS[this.#search.attempts++] ?? RETRY_EVERY_MS, stop.signal);
      if (stop.signal.aborted) break;
      const lookedForMs = this.#clock.nowMs() - sinceMs;
      // Why it cannot be opened is of no use to anybody: that it is gone has been said.
      found = await this.#reopen(stop.signal, lookedForMs).catch(() => undefined);
    }
    cancelTimeout();
    if (this.#closed) return found?.close();
    if (found === undefined) return this.#lose(loss);
    this.#search.foundAtMs = this.#clock.nowMs();
    this.#deviceListener?.({ state: 'back', label: found.label });
    this.#use(found);
    this.#wake();
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, () => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
      const abort = (): void => {
        cancel();
        resolve();
      };
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #lose(error: Error): void {
    this.#lost = error;
    this.#wake();
    this.#lostListener?.(error);
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}
