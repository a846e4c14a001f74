/**
 * A loudspeaker behind a player program. The queue is ours and unbounded; the program gets only what keeps
 * it going, so that clear() is heard at once: the program is killed and the next one started, or it is one
 * of ours that can throw away what it has.
 */
import { EXIT, GemliveError } from '../../errors.ts';
import { describeEnd, failureOf, OpenFailure } from '../backends/failures.ts';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { bytesOfMs, msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { AudioSink, ClearResult, SinkPosition } from '../ports.ts';
import type { ChildEnvironment, ProcessEnd } from '../subprocess.ts';
import { PcmQueue } from './pcmQueue.ts';
import type { PlayerProgram, PlayerReport, PlayerRun } from './playerRun.ts';
import { PlayerRuns } from './playerRuns.ts';

export type PlayerSinkOptions = {
  program: PlayerProgram;
  format: PcmFormat;
  device?: string;
  environment?: ChildEnvironment;
  clock?: Clock;
};

/** Handed over beyond what the device wants to hold, so that a late timer of ours is not heard. */
const AHEAD_OF_BUFFER_MS = 60;
const MAX_EXTRA_AHEAD_MS = 400;
const AHEAD_STEP_MS = 40;
const STALLED_MS = 300;
const WRITE_MS = 20;
const MAX_WRITE_MS = 40;
/** Sound to have before a reply begins, and how long to wait for that much. */
const PREBUFFER_MS = 60;
const PREBUFFER_WAIT_MS = 80;
/** When the silence after the last sound is sent although more sound may yet come. */
const PAD_WHEN_LEFT_MS = 20;
const MIN_TIMER_MS = 5;
const READY_WITHIN_MS = 3000;
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
  #opened = false;
  #onReady: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #timerDueMs = 0;
  #cancelRestart: (() => void) | undefined;
  /** `filling`: sound waits for more of it. `playing`: until the last of it has been heard. */
  #state: 'idle' | 'filling' | 'playing' = 'idle';
  #fillUntilMs = 0;
  /** The last sound of the queue has been handed over with silence after it. */
  #padded = false;
  /** More sound of the same reply may come. */
  #replyOpen = false;
  #ending = false;
  #heardBeforeBytes = 0;
  #underruns = 0;
  #extraAheadMs = 0;
  #progress = { heardBytes: 0, atMs: 0 };
  #deathsMs: number[] = [];
  #drainers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #lostListener: ((error: Error) => void) | undefined;
  #lost: GemliveError | undefined;
  #closed = false;

  /** Settles when the program says that its device is open. Throws OpenFailure, or what `signal` says. */
  static async open(options: PlayerSinkOptions, signal?: AbortSignal): Promise<PlayerSink> {
    signal?.throwIfAborted();
    refuseMissing(options);
    const sink = new PlayerSink(options);
    try {
      await sink.#untilReady(signal);
      return sink;
    } catch (error) {
      await sink.close();
      throw error;
    }
  }

  private constructor(options: PlayerSinkOptions) {
    this.#options = options;
    this.format = options.format;
    const { name } = options.program;
    this.label = options.device === undefined ? name : `${name} (${options.device})`;
    this.#clock = options.clock ?? systemClock;
    const { program, device, environment } = options;
    this.#runs = new PlayerRuns(
      { program, format: this.format, device, environment, clock: this.#clock },
      { report: (report) => this.#take(report), end: (end) => this.#died(end) },
    );
    this.#startRun();
  }

  write(pcm: Uint8Array): void {
    if (this.#closed || this.#lost !== undefined || pcm.byteLength === 0) return;
    if (this.#state === 'idle' || this.#padded) {
      // It ran dry in the middle of a reply: fill up again before going on.
      if (this.#replyOpen && !this.#ending) this.#underruns++;
      this.#fill(PREBUFFER_WAIT_MS);
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
      const { heardBytes, unheard } = run.retire();
      this.#heardBeforeBytes += heardBytes;
      for (const bytes of unheard) droppedBytes += bytes.byteLength;
      const { framed } = this.#options.program;
      silenced = (framed ? run.flush() : run.kill()).then(() => {
        return { silenceMs: this.#clock.nowMs() - startMs + run.latencyMs };
      });
      // At once, so that the next reply does not wait for it.
      if (!framed) this.#startRun();
    }
    this.#queue.clear();
    this.#ranDry(true);
    const { playedMs } = this.position();
    return { playedMs, droppedMs: msOfBytes(this.format, droppedBytes), estimated, silenced };
  }

  position(): SinkPosition {
    const run = this.#run;
    return {
      playedMs: msOfBytes(this.format, this.#heardBeforeBytes + run.heardBytes()),
      queuedMs: msOfBytes(this.format, this.#queue.bytes + run.unheardBytes()),
      estimated: run.estimated,
      underruns: this.#underruns,
    };
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

  get #run(): PlayerRun {
    return this.#runs.current;
  }

  #startRun(): void {
    this.#runs.next();
    this.#progress = { heardBytes: 0, atMs: this.#clock.nowMs() };
  }

  #untilReady(signal: AbortSignal | undefined): Promise<void> {
    const { name, framed: isModule = false } = this.#options.program;
    const { process } = this.#run;
    return new Promise((resolve, reject) => {
      const late = `${name}: the sound server or device did not answer in ${READY_WITHIN_MS / 1000} s`;
      const settle = (failure?: unknown): void => {
        cancelTimeout();
        signal?.removeEventListener('abort', abort);
        this.#onReady = undefined;
        if (failure !== undefined) return reject(failure);
        this.#opened = true;
        this.#runs.keepSpare();
        resolve();
      };
      const abort = (): void => settle(signal?.reason);
      const cancelTimeout = this.#clock.after(READY_WITHIN_MS, () =>
        settle(new OpenFailure(late, { isModule })),
      );
      this.#onReady = () => settle();
      signal?.addEventListener('abort', abort, { once: true });
      void process.closed.then((end) => settle(failureOf(name, end, process.stderrTail, isModule)));
    });
  }

  #take(report: PlayerReport): void {
    if (report.type === 'ready' || report.type === 'playing') this.#onReady?.();
    if (report.type === 'underrun' && this.#state === 'playing' && this.#queue.bytes > 0) {
      // There was sound and it came too late: this device wants more in advance.
      this.#underruns++;
      this.#wantMoreAhead();
    }
    if (this.#state === 'playing') this.#pump();
  }

  #died(end: ProcessEnd): void {
    if (!this.#opened || this.#closed) return;
    const nowMs = this.#clock.nowMs();
    const { heardBytes, unheard } = this.#run.retire();
    this.#heardBeforeBytes += heardBytes;
    this.#queue.unshift(unheard);
    if (this.#queue.bytes > 0) this.#fill(0);
    else this.#ranDry(false);
    this.#deathsMs = this.#deathsMs.filter((atMs) => nowMs - atMs < DEATH_FORGOTTEN_MS);
    const delayMs = RESTART_DELAYS_MS[this.#deathsMs.length];
    this.#deathsMs.push(nowMs);
    if (delayMs === undefined) return this.#lose(end);
    this.#cancelRestart = this.#clock.after(delayMs, () => {
      this.#startRun();
      this.#pump();
    });
  }

  #lose(end: ProcessEnd): void {
    const { name } = this.#options.program;
    const lost = new GemliveError('the loudspeaker is lost', {
      code: 'player_lost',
      exitCode: EXIT.audio,
      why: `${name} does not stay alive: ${describeEnd(end, this.#run.process.stderrTail)}`,
      hint: 'connect the device again, or see that the sound server runs, and start anew',
    });
    this.#lost = lost;
    this.#cancelTimer?.();
    for (const drainer of this.#drainers.splice(0)) drainer.reject(lost);
    this.#lostListener?.(lost);
  }

  #fill(waitMs: number): void {
    this.#state = 'filling';
    this.#padded = false;
    this.#fillUntilMs = this.#clock.nowMs() + waitMs;
  }

  #end(): void {
    this.#ending = true;
    if (this.#state === 'idle') this.#replyOpen = false;
  }

  /** Brings everything up to this moment, whenever it is called, and sees to it that it is called again in time. */
  #pump(): void {
    if (this.#closed || this.#lost !== undefined || !this.#run.process.alive) return;
    if (this.#state === 'filling') {
      const waitMs = this.#fillUntilMs - this.#clock.nowMs();
      const enough = this.#queue.bytes >= bytesOfMs(this.format, PREBUFFER_MS);
      if (!enough && !this.#ending && waitMs > 0) return this.#pumpIn(waitMs);
      this.#state = 'playing';
    }
    if (this.#state === 'playing') this.#pumpIn(this.#feed());
  }

  /** A timer that comes sooner will do, and sets the next one: to replace it costs a wake-up of its own. */
  #pumpIn(ms: number | undefined): void {
    if (ms === undefined) return;
    const delayMs = Math.max(MIN_TIMER_MS, ms);
    const dueMs = this.#clock.nowMs() + delayMs;
    if (this.#cancelTimer !== undefined && this.#timerDueMs <= dueMs) return;
    this.#cancelTimer?.();
    this.#timerDueMs = dueMs;
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#pump();
    });
  }

  /** Hands over what is due. The result is when to come again; undefined when all has been heard. */
  #feed(): number | undefined {
    const run = this.#run;
    this.#watchProgress();
    const targetMs =
      Math.max(this.#options.program.aheadMs, run.bufferMs + AHEAD_OF_BUFFER_MS) +
      this.#extraAheadMs;
    while (this.#queue.bytes > 0 && run.aheadMs() + WRITE_MS <= targetMs) {
      const roomMs = Math.min(MAX_WRITE_MS, targetMs - run.aheadMs());
      run.write(this.#queue.take(bytesOfMs(this.format, roomMs)), true);
    }
    const aheadMs = run.aheadMs();
    if (this.#queue.bytes > 0) return aheadMs - targetMs + WRITE_MS;
    if (run.unheardBytes() === 0) {
      this.#ranDry(false);
      return undefined;
    }
    if (!this.#padded) {
      const { padMs, padWhenLeftMs } = this.#options.program;
      const leftMs = this.#ending ? padWhenLeftMs : PAD_WHEN_LEFT_MS;
      if (aheadMs > leftMs) return aheadMs - leftMs;
      this.#padded = true;
      run.write(new Uint8Array(bytesOfMs(this.format, padMs)), false);
    }
    return msOfBytes(this.format, run.unheardBytes());
  }

  /** A device that does not move although it has all it may get waits for more than that. */
  #watchProgress(): void {
    const heardBytes = this.#run.heardBytes();
    const nowMs = this.#clock.nowMs();
    if (heardBytes === this.#progress.heardBytes && nowMs - this.#progress.atMs < STALLED_MS)
      return;
    if (heardBytes === this.#progress.heardBytes && this.#run.aheadMs() > 0) this.#wantMoreAhead();
    this.#progress = { heardBytes, atMs: nowMs };
  }

  #wantMoreAhead(): void {
    this.#extraAheadMs = Math.min(this.#extraAheadMs + AHEAD_STEP_MS, MAX_EXTRA_AHEAD_MS);
  }

  #ranDry(replyOver: boolean): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#state = 'idle';
    this.#padded = false;
    if (replyOver || this.#ending || this.#drainers.length > 0) this.#replyOpen = false;
    for (const drainer of this.#drainers.splice(0)) drainer.resolve();
  }
}

function refuseMissing({ program, device }: PlayerSinkOptions): void {
  const isModule = program.framed ?? false;
  const missing = program.missing?.();
  if (missing !== undefined)
    throw new OpenFailure(`${program.name}: ${missing}`, { missingProgram: true, isModule });
  if (device !== undefined && program.defaultDeviceOnly)
    throw new OpenFailure(`${program.name}: plays on the default device only`);
}
