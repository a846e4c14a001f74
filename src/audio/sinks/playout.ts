/** What is to be played and how far that is: it waits for enough sound, feeds the program in use, and knows the end. */
import type { Clock } from '../clock.ts';
import { msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { RenderAhead, SinkPosition } from '../ports.ts';
import { Feeder } from './feeder.ts';
import { Gain } from './gain.ts';
import type { PlayoutBuffer } from './jitterBuffer.ts';
import { PcmQueue } from './pcmQueue.ts';
import type { PlayerProgram } from './playerProgram.ts';
import type { PlayerRun } from './playerRun.ts';
import { RENDER_EVERY_MS, RenderTap } from './renderTap.ts';
import type { RenderListener } from './renderTap.ts';

/** What takes the sound: a player's run. */
export type PlayoutDevice = Pick<
  PlayerRun,
  | 'alive'
  | 'estimated'
  | 'bufferMs'
  | 'suspended'
  | 'aheadMs'
  | 'heardBytes'
  | 'heardAtMs'
  | 'unheardBytes'
  | 'unheard'
  | 'retire'
  | 'write'
  | 'writeSilence'
>;

export type PlayoutOptions = {
  program: PlayerProgram;
  format: PcmFormat;
  clock: Clock;
  buffer: PlayoutBuffer;
  /** The program in use. */
  run: () => PlayoutDevice;
  /** It takes no sound. */
  onStuck: () => void;
  /** All has been heard, and no more of it is to come. */
  onRest: () => void;
};

const MIN_TIMER_MS = 5;

export class Playout {
  readonly #options: PlayoutOptions;
  readonly #queue = new PcmQueue();
  readonly #feeder: Feeder;
  readonly #gain: Gain;
  readonly #tap: RenderTap;
  #cancelTimer: (() => void) | undefined;
  #timerDueMs = 0;
  /** `filling`: sound waits for more of it. `playing`: until the last of it has been heard. */
  #state: 'idle' | 'filling' | 'playing' = 'idle';
  #fillUntilMs = 0;
  /** More sound of the same reply may come. */
  #replyOpen = false;
  #ending = false;
  #ranDryAtMs = 0;
  /** By the programs that were in use before. */
  #heardBeforeBytes = 0;
  #underruns = 0;
  #drainers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #stopped = false;

  constructor(options: PlayoutOptions) {
    const { program, format, clock } = options;
    this.#options = options;
    this.#gain = new Gain(format);
    this.#tap = new RenderTap(format);
    const [queue, gain, tap] = [this.#queue, this.#gain, this.#tap];
    this.#feeder = new Feeder({ program, format, clock, queue, gain, tap });
  }

  get idle(): boolean {
    return this.#state === 'idle';
  }

  position(): SinkPosition {
    const { format } = this.#options;
    const run = this.#run;
    return {
      playedMs: msOfBytes(format, this.#heardBytes()),
      queuedMs: msOfBytes(format, this.#queue.bytes + run.unheardBytes()),
      estimated: run.estimated,
      underruns: this.#underruns,
    };
  }

  write(pcm: Uint8Array): void {
    const { format, buffer } = this.#options;
    if (this.#state === 'idle' || this.#feeder.padded) {
      // It ran dry in the middle of a reply: fill up again before going on.
      if (this.#replyOpen && !this.#ending) {
        this.#underruns++;
        buffer.underrun(this.#state === 'idle' ? this.#nowMs() - this.#ranDryAtMs : 0);
      }
      this.#fill(buffer.maxWaitMs);
    } else if (this.#state === 'playing') {
      const { queuedMs } = this.position();
      if (this.#ending) buffer.began(queuedMs);
      buffer.arrived(msOfBytes(format, pcm.byteLength), queuedMs);
    }
    this.#replyOpen = true;
    this.#ending = false;
    this.#queue.push(pcm);
    this.pump();
  }

  /** No more of this reply comes. */
  end(): void {
    this.#options.buffer.replyEnded();
    this.#ending = true;
    if (this.#state === 'idle') this.#replyOpen = false;
    this.pump();
  }

  /** Settles when it is idle, one way or another; rejects with what `stop()` is told. */
  drain(): Promise<void> {
    this.end();
    if (this.#state === 'idle') return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#drainers.push({ resolve, reject });
    });
  }

  /** Throws away what waits. The result is how many bytes that were. */
  clear(): number {
    const droppedBytes = this.#queue.bytes;
    this.#queue.clear();
    this.#options.buffer.replyEnded();
    this.#rest(true);
    return droppedBytes;
  }

  /** The device starved, by its own report. */
  starved(): void {
    if (this.#state !== 'playing' || this.#queue.bytes === 0) return;
    this.#underruns++;
    this.#feeder.starved();
  }

  /** Closes the account of the program in use. The result is what it has not sounded, as it came. */
  retire(): Uint8Array[] {
    this.#tellHeard();
    this.#tap.forget();
    const { heardBytes, unheard } = this.#run.retire();
    this.#heardBeforeBytes += heardBytes;
    return unheard;
  }

  /** To be played first, by the next program. */
  putBack(unheard: readonly Uint8Array[]): void {
    this.#queue.unshift(unheard);
    if (this.#queue.bytes > 0) this.#fill(0);
    else this.#rest(false);
  }

  /** Nothing is handed over any more. What waits can be taken. */
  stop(reason: Error): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    for (const drainer of this.#drainers.splice(0)) drainer.reject(reason);
  }

  takeAll(): Uint8Array {
    return this.#queue.take(this.#queue.bytes);
  }

  setGain(gain: number, rampMs: number): void {
    // There can be no step where nothing sounds.
    this.#gain.set(gain, this.#run.unheardBytes() > 0 ? rampMs : 0);
  }

  onRender(listener: RenderListener, ahead?: RenderAhead): () => void {
    const stop = this.#tap.listen(listener, this.#heardBytes(), this.#run.unheard(), ahead);
    this.pump();
    return stop;
  }

  /** Brings everything up to this moment, whenever it is called, and sees to it that it is called again in time. */
  pump(): void {
    const run = this.#run;
    if (this.#stopped || !run.alive) return;
    this.#tellHeard();
    if (this.#state === 'filling') {
      const { format, buffer } = this.#options;
      const waitMs = this.#fillUntilMs - this.#nowMs();
      const bufferedMs = msOfBytes(format, this.#queue.bytes);
      const enough = bufferedMs >= buffer.targetMs;
      if (!enough && !this.#ending && waitMs > 0) return this.#pumpIn(waitMs);
      this.#state = 'playing';
      buffer.began(bufferedMs);
    }
    if (this.#state !== 'playing') return;
    const next = this.#feeder.feed(run, this.#ending);
    if (next === 'stuck') return this.#options.onStuck();
    if (next !== 'heard') return this.#pumpIn(next);
    this.#tellHeard();
    this.#rest(false);
  }

  get #run(): PlayoutDevice {
    return this.#options.run();
  }

  #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  #heardBytes(): number {
    return this.#heardBeforeBytes + this.#run.heardBytes();
  }

  #tellHeard(): void {
    this.#tap.tell(this.#heardBytes(), this.#run.heardAtMs());
  }

  #fill(waitMs: number): void {
    this.#state = 'filling';
    this.#feeder.restart();
    this.#fillUntilMs = this.#nowMs() + waitMs;
  }

  /** A timer that comes sooner will do, and sets the next one: to replace it costs a wake-up of its own. */
  #pumpIn(ms: number): void {
    const atMostMs = this.#tap.listening ? RENDER_EVERY_MS : Number.POSITIVE_INFINITY;
    const delayMs = Math.max(MIN_TIMER_MS, Math.min(ms, atMostMs));
    const dueMs = this.#nowMs() + delayMs;
    if (this.#cancelTimer !== undefined && this.#timerDueMs <= dueMs) return;
    this.#cancelTimer?.();
    this.#timerDueMs = dueMs;
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.pump();
    });
  }

  #rest(replyOver: boolean): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#state = 'idle';
    this.#ranDryAtMs = this.#nowMs();
    this.#feeder.restart();
    if (replyOver || this.#ending || this.#drainers.length > 0) this.#replyOpen = false;
    for (const drainer of this.#drainers.splice(0)) drainer.resolve();
    if (!this.#replyOpen) this.#options.onRest();
  }
}
