/**
 * One life of a player program, from its start to its death, and what of the sound it was given has left
 * the loudspeaker: by its own report where it makes one, else by the clock.
 */
import type { Clock } from '../clock.ts';
import { bytesOfMs, msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import { startProcess } from '../subprocess.ts';
import type { ChildEnvironment, ProcessEnd, Subprocess } from '../subprocess.ts';
import { readLines, writeFrame } from './frames.ts';
import { HandedSound, SILENCE } from './handedSound.ts';
import type { Segment } from './handedSound.ts';
import type { PlayerProgram, PlayerReport } from './playerProgram.ts';
import { RunningClock } from './runningClock.ts';
import { untilServerPlays } from './serverAnswer.ts';

export type PlayerRunOptions = {
  program: PlayerProgram;
  format: PcmFormat;
  device: string | undefined;
  environment: ChildEnvironment | undefined;
  clock: Clock;
  onReport: (report: PlayerReport) => void;
};

/** The native drop takes 1 to 4 ms; a child that has not answered by then never will. */
const FLUSH_WITHIN_MS = 250;

const ENDS_WITHIN_MS = 1500;

/** A program that reports its position and has not done so for this long does not play. */
const REPORTS_WITHIN_MS = 250;

export class PlayerRun {
  readonly process: Subprocess;
  /** Writes that it has had. */
  writes = 0;
  readonly #options: PlayerRunOptions;
  readonly #handed = new HandedSound();
  /** Position at a moment, from which it goes on by the clock while the device plays. */
  #anchorMs = 0;
  #anchorAtMs = 0;
  #playing = false;
  #suspended = false;
  #reported = false;
  #ready = false;
  #playedMs = 0;
  #playedAtMs = 0;
  #latencyMs: number;
  #bufferMs = 0;
  #acceptedBytes = 0;
  #flushes: (() => void)[] = [];
  #whyUnknown: string | undefined;
  readonly #runningClock = new RunningClock();

  constructor(options: PlayerRunOptions) {
    const { program, format, device, environment } = options;
    const framed = program.framed === true;
    this.#options = options;
    this.#latencyMs = program.latencyMs;
    this.process = startProcess({
      command: program.command,
      args: program.args(format, device),
      stdin: 'pipe',
      stdout: framed ? 'pipe' : 'ignore',
      shell: program.shell ?? false,
      onStderrLine: (line) => !framed && this.#read(line),
      environment,
    });
    if (framed) readLines(this.process.stdout, (line) => this.#read(line));
    const { primeMs, readyAfterMs } = program;
    if (readyAfterMs !== undefined) {
      const ready = (): void => this.#report({ type: 'ready' });
      void this.process.exited.then(options.clock.after(readyAfterMs, ready));
    }
    if (program.plays !== undefined) void this.#askServer(program.plays);
    if (primeMs !== undefined) this.writeSilence(primeMs);
  }

  /** Why nobody could tell whether it plays. */
  get whyUnknown(): string | undefined {
    return this.#whyUnknown;
  }

  async #askServer(plays: NonNullable<PlayerProgram['plays']>): Promise<void> {
    const { clock, environment } = this.#options;
    const asked = { process: this.process, clock, environment };
    const onUnknown = (why: string): void => void (this.#whyUnknown = why);
    if (await untilServerPlays(plays, asked, onUnknown)) this.#report({ type: 'ready' });
  }

  /** Of a framed program: it is put to use, and takes the device. */
  takeDevice(): void {
    if (this.#options.program.framed) writeFrame(this.process.stdin, 'O');
  }

  get alive(): boolean {
    return this.process.alive;
  }

  /** True unless the device tells its position itself. */
  get estimated(): boolean {
    return !this.#options.program.reports || (this.#handed.soundBytes > 0 && !this.#reported);
  }

  /** The sound server has suspended the device: it takes no sound until it is resumed. */
  get suspended(): boolean {
    return this.#suspended;
  }

  /** From the program's hands to the ear. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** What the device wants to hold at any time; 0 where it does not say. */
  get bufferMs(): number {
    return this.#bufferMs;
  }

  /** Handed over and not played yet, silence included. */
  aheadMs(): number {
    return msOfBytes(this.#options.format, this.#handed.bytes) - this.#position();
  }

  /** Sound of this run that has been heard, in bytes. */
  heardBytes(): number {
    return this.#handed.heardBytes(this.#positionBytes());
  }

  /** When the last of {@link heardBytes} was heard. */
  heardAtMs(): number {
    this.#position();
    return this.#playedAtMs;
  }

  /** Sound handed over and not heard yet, in bytes. */
  unheardBytes(): number {
    return this.#handed.soundBytes - this.heardBytes();
  }

  /** The same sound, as loud as it was handed over. */
  unheard(): Uint8Array[] {
    return this.#handed.unheard(this.#positionBytes(), 'bytes');
  }

  /** The account at the end of this run, which counts nothing any more afterwards. `unheard`: as it came. */
  retire(): { heardBytes: number; unheard: Uint8Array[] } {
    const playedBytes = this.#positionBytes();
    const heardBytes = this.#handed.heardBytes(playedBytes);
    const unheard = this.#handed.unheard(playedBytes, 'source');
    this.#handed.retire();
    this.#playedMs = msOfBytes(this.#options.format, this.#handed.bytes);
    return { heardBytes, unheard };
  }

  /** `source`: the same sound as it came, to be had back. Not empty. */
  write(bytes: Uint8Array, source: Uint8Array): void {
    this.#hand({ bytes, source });
  }

  writeSilence(ms: number): void {
    this.#hand({ bytes: new Uint8Array(bytesOfMs(this.#options.format, ms)), source: SILENCE });
  }

  #hand(segment: Segment): void {
    if (!this.#options.program.reports && this.aheadMs() <= 0) {
      // The device had run dry: its time begins again, one latency from now.
      this.#anchorMs = msOfBytes(this.#options.format, this.#handed.bytes);
      this.#anchorAtMs = this.#options.clock.nowMs() + this.#latencyMs;
      this.#playing = true;
    }
    this.#handed.add(segment, this.#positionBytes());
    this.writes++;
    if (this.#options.program.framed) writeFrame(this.process.stdin, 'P', segment.bytes);
    else this.process.stdin?.write(segment.bytes);
  }

  kill(): Promise<ProcessEnd> {
    this.process.kill();
    return this.process.exited;
  }

  /** No more comes. Settles when it has ended, or is killed because it does not. */
  async end(): Promise<void> {
    const cancel = this.#options.clock.after(ENDS_WITHIN_MS, () => this.process.kill());
    this.process.stdin?.end();
    await this.process.exited;
    cancel();
  }

  /** Of a framed program: silence, and it lives on. Settles when it is silent, which a kill makes sure of. */
  async flush(): Promise<void> {
    const flushed = new Promise<void>((resolve) => this.#flushes.push(resolve));
    const cancel = this.#options.clock.after(FLUSH_WITHIN_MS, () => this.process.kill());
    writeFrame(this.process.stdin, 'F');
    await Promise.race([flushed, this.process.exited]);
    cancel();
  }

  #read(line: string): boolean {
    const report = this.#options.program.parse(line);
    if (report !== undefined) this.#report(report);
    return report !== undefined;
  }

  #report(report: PlayerReport): void {
    this.#note(report);
    this.#options.onReport(report);
  }

  #note(report: PlayerReport): void {
    const nowMs = this.#options.clock.nowMs();
    switch (report.type) {
      case 'position':
        // Before it has begun, and in the idle time after a reply, the reports say nothing new.
        this.#reported ||= this.#handed.bytes > 0;
        this.#anchorMs = report.playedMs;
        this.#anchorAtMs = nowMs;
        if (this.#playing) this.#latencyMs = report.latencyMs;
        break;
      case 'playing':
        this.#noteReading(report.playedMs, nowMs);
        break;
      case 'started':
        this.#anchorAtMs = nowMs;
        this.#playing = true;
        break;
      case 'underrun':
        this.#anchorMs = this.#position();
        this.#anchorAtMs = nowMs;
        if (this.#options.program.reports) this.#playing = false;
        break;
      case 'device':
        this.#suspended = report.suspended;
        break;
      case 'suspended':
      case 'resumed':
        this.#anchorMs = this.#position();
        this.#anchorAtMs = nowMs;
        this.#suspended = report.type === 'suspended';
        break;
      case 'buffer':
        this.#bufferMs = msOfBytes(this.#options.format, report.targetBytes);
        break;
      case 'accepted':
        this.#acceptedBytes = report.bytes;
        break;
      case 'flushed':
        this.#flushes.shift()?.();
        break;
      case 'ready':
        this.#ready = true;
        // One that says so itself has sounded nothing before; the others may have played for a while.
        if (!('readyAfterMs' in this.#options.program || 'plays' in this.#options.program))
          this.#anchorAtMs = Math.max(this.#anchorAtMs, nowMs + this.#latencyMs);
        break;
      default:
        break;
    }
  }

  #noteReading(readMs: number, nowMs: number): void {
    const handedMs = msOfBytes(this.#options.format, this.#handed.bytes);
    const position = this.#runningClock.read(readMs, handedMs);
    if (position === undefined || (position === 'end' && !this.#playing)) return;
    this.#playing = position !== 'end';
    this.#reported = true;
    this.#anchorMs = position === 'end' ? handedMs : position;
    this.#anchorAtMs = nowMs;
  }

  /** Milliseconds of what was handed over that have been played. Never falls, never exceeds that. */
  #position(): number {
    const { program, format, clock } = this.#options;
    // It may yet die without having opened the device.
    if (!program.reports && !this.#ready) return this.#playedMs;
    const sinceMs = Math.max(0, clock.nowMs() - this.#anchorAtMs);
    const elapsedMs = program.reports ? Math.min(sinceMs, REPORTS_WITHIN_MS) : sinceMs;
    const given = program.framed ? this.#acceptedBytes : this.#handed.bytes;
    const playedMs = Math.min(
      this.#anchorMs + (this.#playing && !this.#suspended ? elapsedMs : 0),
      msOfBytes(format, given),
    );
    if (playedMs > this.#playedMs) {
      this.#playedMs = playedMs;
      this.#playedAtMs = this.#anchorAtMs + Math.max(0, playedMs - this.#anchorMs);
    }
    return this.#playedMs;
  }

  #positionBytes(): number {
    return bytesOfMs(this.#options.format, this.#position());
  }
}
