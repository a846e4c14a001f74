/**
 * A loudspeaker behind a player program. The queue is ours and unbounded; the program gets only what keeps
 * it going, so that clear() is heard at once: the program is killed and the next one started, or it is one
 * of ours that can throw away what it has.
 */
import { EXIT, GemliveError } from '../../errors.ts';
import { describeEnd } from '../backends/failures.ts';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { AudioSink, ClearResult, SinkPosition } from '../ports.ts';
import type { ChildEnvironment, ProcessEnd } from '../subprocess.ts';
import { Feeder } from './feeder.ts';
import { DEFAULT_RAMP_MS, Gain } from './gain.ts';
import { JitterBuffer } from './jitterBuffer.ts';
import type { PlayoutBuffer } from './jitterBuffer.ts';
import { refuseMissing, untilReady } from './openRun.ts';
import { PcmQueue } from './pcmQueue.ts';
import type { PlayerProgram, PlayerReport } from './playerProgram.ts';
import type { PlayerRun } from './playerRun.ts';
import { PlayerRuns } from './playerRuns.ts';
import { RENDER_EVERY_MS, RenderTap } from './renderTap.ts';
import type { RenderListener } from './renderTap.ts';

export type PlayerSinkOptions = {
  program: PlayerProgram;
  format: PcmFormat;
  device?: string;
  environment?: ChildEnvironment;
  clock?: Clock;
  /** Absent: one that learns. */
  buffer?: PlayoutBuffer;
};

const MIN_TIMER_MS = 5;
/** A program that dies by itself is started again after these waits; one death more and it is lost. */
const RESTART_DELAYS_MS = [0, 400];
const DEATH_FORGOTTEN_MS = 5000;

export class PlayerSink implements AudioSink {
  readonly format: PcmFormat;
  readonly label: string;
  readonly #options: PlayerSinkOptions;
  readonly #clock: Clock;
  readonly #queue = new PcmQueue();
  readonly #runs: PlayerRuns;
  readonly #feeder: Feeder;
  readonly #buffer: PlayoutBuffer;
  readonly #gain: Gain;
  readonly #tap: RenderTap;
  #opened = false;
  #onReady: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #cancelRestart: (() => void) | undefined;
  /** `filling`: sound waits for more of it. `playing`: until the last of it has been heard. */
  #state: 'idle' | 'filling' | 'playing' = 'idle';
  #fillUntilMs = 0;
  /** More sound of the same reply may come. */
  #replyOpen = false;
  #ending = false;
  #ranDryAtMs = 0;
  #heardBeforeBytes = 0;
  #underruns = 0;
  #stuck = false;
  #deathsMs: number[] = [];
  #drainers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #lostListener: ((error: Error) => void) | undefined;
  #lost: GemliveError | undefined;
  #closed = false;

  /** Settles when the program says that its device is open. Throws OpenFailure, or what `signal` says. */
  static async open(options: PlayerSinkOptions, signal?: AbortSignal): Promise<PlayerSink> {
    signal?.throwIfAborted();
    const { program, device } = options;
    refuseMissing(program, device);
    const sink = new PlayerSink(options);
    const onReady = (ready: () => void): void => {
      sink.#onReady = ready;
    };
    try {
      await untilReady(program, sink.#run, sink.#clock, onReady, signal);
      sink.#opened = true;
      sink.#runs.keepSpare();
      return sink;
    } catch (error) {
      await sink.close();
      throw error;
    }
  }

  private constructor(options: PlayerSinkOptions) {
    const { program, format, device, environment, clock = systemClock } = options;
    this.#options = options;
    this.format = format;
    this.label = device === undefined ? program.name : `${program.name} (${device})`;
    this.#clock = clock;
    this.#buffer = options.buffer ?? new JitterBuffer();
    this.#gain = new Gain(format);
    this.#tap = new RenderTap(format);
    const [queue, gain, tap] = [this.#queue, this.#gain, this.#tap];
    this.#feeder = new Feeder({ program, format, clock, queue, gain, tap });
    this.#runs = new PlayerRuns(
      { program, format, device, environment, clock },
      { report: (report) => this.#take(report), end: (end) => this.#died(end) },
    );
    this.#runs.next();
  }

  write(pcm: Uint8Array): void {
    if (this.#closed || this.#lost !== undefined || pcm.byteLength === 0) return;
    const ms = msOfBytes(this.format, pcm.byteLength);
    if (this.#state === 'idle' || this.#feeder.padded) {
      // It ran dry in the middle of a reply: fill up again before going on.
      if (this.#replyOpen && !this.#ending) {
        this.#underruns++;
        this.#buffer.underrun(this.#state === 'idle' ? this.#clock.nowMs() - this.#ranDryAtMs : 0);
      }
      this.#fill(this.#buffer.maxWaitMs);
    } else if (this.#state === 'playing') {
      const { queuedMs } = this.position();
      if (this.#ending) this.#buffer.began(queuedMs);
      this.#buffer.arrived(ms, queuedMs);
    }
    this.#replyOpen = true;
    this.#ending = false;
    this.#queue.push(pcm);
    this.#pump();
  }

  flush(): void {
    this.#end();
    this.#pump();
  }

  clear(): ClearResult {
    const startMs = this.#clock.nowMs();
    const run = this.#run;
    const { estimated } = run;
    let droppedBytes = this.#queue.bytes;
    let silenced = Promise.resolve({ silenceMs: 0 });
    if (run.aheadMs() > 0 && run.process.alive && !this.#closed) {
      for (const bytes of this.#retire()) droppedBytes += bytes.byteLength;
      const { framed } = this.#options.program;
      silenced = (framed ? run.flush() : run.kill()).then(() => {
        return { silenceMs: this.#clock.nowMs() - startMs + run.latencyMs };
      });
      // At once, so that the next reply does not wait for it.
      if (!framed) this.#runs.next();
    }
    this.#queue.clear();
    this.#buffer.replyEnded();
    this.#ranDry(true);
    const { playedMs } = this.position();
    return { playedMs, droppedMs: msOfBytes(this.format, droppedBytes), estimated, silenced };
  }

  position(): SinkPosition {
    const run = this.#run;
    return {
      playedMs: msOfBytes(this.format, this.#heardBytes()),
      queuedMs: msOfBytes(this.format, this.#queue.bytes + run.unheardBytes()),
      estimated: run.estimated,
      underruns: this.#underruns,
    };
  }

  setGain(gain: number, rampMs = DEFAULT_RAMP_MS): void {
    // There can be no step where nothing sounds.
    const sounds = this.#run.unheardBytes() > 0;
    this.#gain.set(gain, sounds ? rampMs : 0);
  }

  onRender(listener: RenderListener): () => void {
    const stop = this.#tap.listen(listener, this.#heardBytes(), this.#run.unheard());
    this.#pump();
    return stop;
  }

  drain(): Promise<void> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#end();
    if (this.#closed || this.#state === 'idle') return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#drainers.push({ resolve, reject });
      this.#pump();
    });
  }

  async close(): Promise<void> {
    const atOnce = this.#closed || this.#state !== 'idle';
    if (!this.#closed) {
      this.#closed = true;
      this.#cancelRestart?.();
      this.#queue.clear();
      this.#ranDry(true);
    }
    await this.#runs.close(atOnce);
  }

  onLost(listener: (error: Error) => void): void {
    this.#lostListener = listener;
    const lost = this.#lost;
    if (lost !== undefined) queueMicrotask(() => listener(lost));
  }

  /** Of a lost one: what was written and not heard, as it came. */
  takeUnheard(): Uint8Array {
    return this.#queue.take(this.#queue.bytes);
  }

  get #run(): PlayerRun {
    return this.#runs.current;
  }

  #heardBytes(): number {
    return this.#heardBeforeBytes + this.#run.heardBytes();
  }

  /** Closes the account of the program in use. The result is what it has not sounded. */
  #retire(): Uint8Array[] {
    this.#tellHeard();
    this.#tap.forget();
    const { heardBytes, unheard } = this.#run.retire();
    this.#heardBeforeBytes += heardBytes;
    return unheard;
  }

  #tellHeard(): void {
    this.#tap.tell(this.#heardBytes(), this.#run.heardAtMs());
  }

  #take(report: PlayerReport): void {
    if (report.type === 'ready' || report.type === 'playing') this.#onReady?.();
    if (report.type === 'underrun' && this.#state === 'playing' && this.#queue.bytes > 0) {
      this.#underruns++;
      this.#feeder.starved();
    }
    if (this.#state === 'playing') this.#pump();
  }

  #died(end: ProcessEnd): void {
    if (!this.#opened || this.#closed || this.#lost !== undefined) return;
    const nowMs = this.#clock.nowMs();
    this.#queue.unshift(this.#retire());
    if (this.#queue.bytes > 0) this.#fill(0);
    else this.#ranDry(false);
    this.#deathsMs = this.#deathsMs.filter((atMs) => nowMs - atMs < DEATH_FORGOTTEN_MS);
    const delayMs = RESTART_DELAYS_MS[this.#deathsMs.length];
    this.#deathsMs.push(nowMs);
    if (this.#stuck) return this.#lose('the sound device takes no sound');
    if (delayMs === undefined) {
      const words = describeEnd(end, this.#run.process.stderrTail);
      return this.#lose(`${this.#options.program.name} does not stay alive: ${words}`);
    }
    this.#cancelRestart = this.#clock.after(delayMs, () => {
      this.#runs.next();
      this.#pump();
    });
  }

  #lose(why: string): void {
    const lost = new GemliveError('the loudspeaker is lost', {
      code: 'player_lost',
      exitCode: EXIT.audio,
      why,
      hint: 'connect the device again, or see that the sound server runs, and start anew',
    });
    this.#lost = lost;
    this.#cancelTimer?.();
    for (const drainer of this.#drainers.splice(0)) drainer.reject(lost);
    this.#lostListener?.(lost);
  }

  #fill(waitMs: number): void {
    this.#state = 'filling';
    this.#feeder.restart();
    this.#fillUntilMs = this.#clock.nowMs() + waitMs;
  }

  #end(): void {
    this.#buffer.replyEnded();
    this.#ending = true;
    if (this.#state === 'idle') this.#replyOpen = false;
  }

  /** Brings everything up to this moment, whenever it is called, and sets the timer for the next one. */
  #pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const run = this.#run;
    if (this.#closed || this.#lost !== undefined || !run.process.alive) return;
    this.#tellHeard();
    if (this.#state === 'filling') {
      const waitMs = this.#fillUntilMs - this.#clock.nowMs();
      const bufferedMs = msOfBytes(this.format, this.#queue.bytes);
      const enough = bufferedMs >= this.#buffer.targetMs;
      if (!enough && !this.#ending && waitMs > 0) return this.#pumpIn(waitMs);
      this.#state = 'playing';
      this.#buffer.began(bufferedMs);
    }
    if (this.#state !== 'playing') return;
    const next = this.#feeder.feed(run, this.#ending);
    if (next === 'heard') {
      this.#tellHeard();
      return this.#ranDry(false);
    }
    if (next !== 'stuck') return this.#pumpIn(next);
    this.#stuck = true;
    void run.kill();
  }

  #pumpIn(ms: number): void {
    const atMostMs = this.#tap.listening ? RENDER_EVERY_MS : Number.POSITIVE_INFINITY;
    const delayMs = Math.max(MIN_TIMER_MS, Math.min(ms, atMostMs));
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#pump());
  }

  #ranDry(replyOver: boolean): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#state = 'idle';
    this.#ranDryAtMs = this.#clock.nowMs();
    this.#feeder.restart();
    if (replyOver || this.#ending || this.#drainers.length > 0) this.#replyOpen = false;
    for (const drainer of this.#drainers.splice(0)) drainer.resolve();
    if (!this.#replyOpen && !this.#closed) this.#renew();
  }

  /** One that leaks makes room for its spare while nothing sounds. */
  #renew(): void {
    const { program } = this.#options;
    const run = this.#run;
    if (run.writes < (program.renewAfterWrites ?? Number.POSITIVE_INFINITY)) return;
    this.#retire();
    this.#runs.next();
    void run.kill();
  }
}
