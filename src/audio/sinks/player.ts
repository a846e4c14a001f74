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
import type { AudioSink, ClearResult, DeviceNotice, RenderAhead, SinkPosition } from '../ports.ts';
import type { ChildEnvironment, ProcessEnd } from '../subprocess.ts';
import { DEFAULT_RAMP_MS } from './gain.ts';
import { JitterBuffer } from './jitterBuffer.ts';
import type { PlayoutBuffer } from './jitterBuffer.ts';
import { refuseMissing, untilReady } from './openRun.ts';
import type { PlayerProgram, PlayerReport } from './playerProgram.ts';
import type { PlayerRun } from './playerRun.ts';
import { PlayerRuns } from './playerRuns.ts';
import { Playout } from './playout.ts';
import type { RenderListener } from './renderTap.ts';

export type PlayerSinkOptions = {
  program: PlayerProgram;
  format: PcmFormat;
  device?: string;
  environment?: ChildEnvironment;
  clock?: Clock;
  /** Absent: one that learns. */
  buffer?: PlayoutBuffer;
  /** Do not open {@link DUMMY_DEVICE}. */
  refuseDummy?: boolean;
};

/** PulseAudio and PipeWire play there into nothing when no device is left. */
const DUMMY_DEVICE = 'auto_null';
/** A program that dies by itself is started again after these waits; one death more and it is lost. */
const RESTART_DELAYS_MS = [0, 400];
const DEATH_FORGOTTEN_MS = 5000;

/** Until a new run has said something of its device, it is taken to be as it was. */
const TELLS_STATE: ReadonlySet<PlayerReport['type']> = new Set(['device', 'suspended', 'resumed']);

export class PlayerSink implements AudioSink {
  readonly format: PcmFormat;
  readonly label: string;
  readonly #options: PlayerSinkOptions;
  readonly #clock: Clock;
  readonly #runs: PlayerRuns;
  readonly #playout: Playout;
  #opened = false;
  #onReady: (() => void) | undefined;
  #onDummy = false;
  /** Of the run in use. */
  #device: string | undefined;
  #suspended = false;
  #deviceListener: ((notice: DeviceNotice) => void) | undefined;
  #cancelRestart: (() => void) | undefined;
  /** Why it is killed and shall not come back. */
  #failed: string | undefined;
  #deathsMs: number[] = [];
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
    this.#playout = new Playout({
      program,
      format,
      clock,
      buffer: options.buffer ?? new JitterBuffer(),
      run: () => this.#run,
      onStuck: () => this.#fail('the sound device takes no sound'),
      onRest: () => this.#renew(),
    });
    this.#runs = new PlayerRuns(
      { program, format, device, environment, clock },
      { report: (report) => this.#take(report), end: (end) => this.#died(end) },
    );
    this.#runs.next();
  }

  /** The name of its program. */
  get backend(): string {
    return this.#options.program.name;
  }

  /** What it plays on, as the sound server calls it; undefined where its program does not say. */
  get device(): string | undefined {
    return this.#device;
  }

  /** It was opened on the device that is none. */
  get onDummy(): boolean {
    return this.#onDummy;
  }

  write(pcm: Uint8Array): void {
    if (this.#closed || this.#lost !== undefined || pcm.byteLength === 0) return;
    this.#playout.write(pcm);
  }

  flush(): void {
    this.#playout.end();
  }

  clear(): ClearResult {
    const startMs = this.#clock.nowMs();
    const run = this.#run;
    const { estimated } = run;
    let droppedBytes = 0;
    let silenced = Promise.resolve({ silenceMs: 0 });
    if (run.aheadMs() > 0 && run.process.alive && !this.#closed) {
      for (const bytes of this.#playout.retire()) droppedBytes += bytes.byteLength;
      const { framed } = this.#options.program;
      silenced = (framed ? run.flush() : run.kill()).then(() => {
        return { silenceMs: this.#clock.nowMs() - startMs + run.latencyMs };
      });
      // At once, so that the next reply does not wait for it.
      if (!framed) this.#runs.next();
    }
    droppedBytes += this.#playout.clear();
    const { playedMs } = this.position();
    return { playedMs, droppedMs: msOfBytes(this.format, droppedBytes), estimated, silenced };
  }

  position(): SinkPosition {
    return this.#playout.position();
  }

  setGain(gain: number, rampMs = DEFAULT_RAMP_MS): void {
    this.#playout.setGain(gain, rampMs);
  }

  onRender(listener: RenderListener, ahead?: RenderAhead): () => void {
    return this.#playout.onRender(listener, ahead);
  }

  drain(): Promise<void> {
    return this.#lost === undefined ? this.#playout.drain() : Promise.reject(this.#lost);
  }

  async close(): Promise<void> {
    const atOnce = this.#closed || !this.#playout.idle;
    if (!this.#closed) {
      this.#closed = true;
      this.#cancelRestart?.();
      this.#playout.clear();
    }
    await this.#runs.close(atOnce);
  }

  /** Only what the sound server does to the device; that it is lost, `onLost` tells. */
  onDevice(listener: (notice: DeviceNotice) => void): void {
    this.#deviceListener = listener;
    if (this.#suspended) listener({ state: 'suspended', device: this.#device ?? this.label });
  }

  onLost(listener: (error: Error) => void): void {
    this.#lostListener = listener;
    const lost = this.#lost;
    if (lost !== undefined) queueMicrotask(() => listener(lost));
  }

  /** Of a lost one: what was written and not heard, as it came. */
  takeUnheard(): Uint8Array {
    return this.#playout.takeAll();
  }

  get #run(): PlayerRun {
    return this.#runs.current;
  }

  #take(report: PlayerReport): void {
    if (report.type === 'device' && report.name === DUMMY_DEVICE) {
      const refused = this.#opened ? !this.#onDummy : this.#options.refuseDummy === true;
      if (refused) return this.#fail('no sound device is left');
      this.#onDummy = true;
    }
    if (report.type === 'device') this.#device = report.name;
    if (this.#run.suspended !== this.#suspended && TELLS_STATE.has(report.type)) {
      this.#suspended = this.#run.suspended;
      this.#deviceListener?.(
        this.#suspended
          ? { state: 'suspended', device: this.#device ?? this.label }
          : { state: 'back', label: this.label },
      );
    }
    if (report.type === 'ready' || report.type === 'device' || report.type === 'playing')
      this.#onReady?.();
    if (report.type === 'underrun') this.#playout.starved();
    if (this.#opened && !this.#playout.idle) this.#playout.pump();
  }

  #died(end: ProcessEnd): void {
    if (!this.#opened || this.#closed || this.#lost !== undefined) return;
    const nowMs = this.#clock.nowMs();
    this.#playout.putBack(this.#playout.retire());
    this.#deathsMs = this.#deathsMs.filter((atMs) => nowMs - atMs < DEATH_FORGOTTEN_MS);
    const delayMs = RESTART_DELAYS_MS[this.#deathsMs.length];
    this.#deathsMs.push(nowMs);
    if (this.#failed !== undefined) return this.#lose(this.#failed);
    if (delayMs === undefined) {
      const words = describeEnd(end, this.#run.process.stderrTail);
      return this.#lose(`${this.backend} does not stay alive: ${words}`);
    }
    this.#cancelRestart = this.#clock.after(delayMs, () => {
      this.#runs.next();
      this.#playout.pump();
    });
  }

  /** It is there and of no use. */
  #fail(why: string): void {
    this.#failed = why;
    void this.#run.kill();
  }

  #lose(why: string): void {
    const lost = new GemliveError('the loudspeaker is lost', {
      code: 'player_lost',
      exitCode: EXIT.audio,
      why,
      hint: 'connect the device again, or see that the sound server runs, and start anew',
    });
    this.#lost = lost;
    this.#playout.stop(lost);
    this.#lostListener?.(lost);
  }

  /** One that leaks makes room for its spare while nothing sounds. */
  #renew(): void {
    const { renewAfterWrites = Number.POSITIVE_INFINITY } = this.#options.program;
    const run = this.#run;
    if (this.#closed || run.writes < renewAfterWrites) return;
    this.#playout.retire();
    this.#runs.next();
    void run.kill();
  }
}
