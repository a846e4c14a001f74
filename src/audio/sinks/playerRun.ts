/**
 * One life of a player program, from its start to its death, and what of the sound it was given has left
 * the loudspeaker: by its own report where it makes one, else by the clock.
 */
import type { Clock } from '../clock.ts';
import { bytesOfMs, msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import { startProcess } from '../subprocess.ts';
import type { ChildEnvironment, ProcessEnd, Subprocess } from '../subprocess.ts';

export type PlayerReport =
  /** The device is open and takes sound. */
  | { type: 'ready' }
  /** Bytes that it wants to hold, and those that it waits for before it begins. */
  | { type: 'buffer'; targetBytes: number }
  | { type: 'started' }
  | { type: 'position'; playedMs: number; latencyMs: number }
  /** A position of what sounds at this moment. */
  | { type: 'playing'; playedMs: number }
  | { type: 'underrun' }
  /** It lives, and says nothing new. */
  | { type: 'waiting' }
  /** Bytes that the device has taken, of all that was handed over: it cannot have played more. */
  | { type: 'accepted'; bytes: number }
  /** All that was handed over before the flush is gone. */
  | { type: 'flushed' };

export type PlayerProgram = {
  name: string;
  command: string;
  /** Why it cannot be had on this machine, where that is known without starting it. */
  missing?: () => string | undefined;
  /**
   * A child of our own (nativePlayer.cjs): it takes frames, can be silenced without being killed, reports
   * on stdout, and is slow to start, so that a spare one is kept beside it.
   */
  framed?: true;
  /** A line for the shell, of the user. */
  shell?: true;
  /** It does not say when it is ready: taken to be so when it still lives after this time. */
  readyAfterMs?: number;
  /** It may hold more than we know of: let it come to its end by itself. */
  endsByEof?: true;
  /** It cannot be told to use another device. */
  defaultDeviceOnly?: true;
  /** Silence that it must get before it opens its device. */
  primeMs?: number;
  args: (format: PcmFormat, device: string | undefined) => string[];
  /** What one line on stderr (framed: stdout) says. */
  parse: (line: string) => PlayerReport | undefined;
  /** False: its position is reckoned by the clock. */
  reports: boolean;
  /** How much it is given ahead of the ear; more where the device itself holds more. */
  aheadMs: number;
  /** From handing over to hearing, where it does not report it. Measured. */
  latencyMs: number;
  /** Silence after the last sample that pushes it through the program's own blocks. */
  padMs: number;
  /** When to send it, as sound that is left, once it is known that no more sound comes. */
  padWhenLeftMs: number;
};

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

type Segment = { bytes: Uint8Array; sound: boolean };

export class PlayerRun {
  readonly process: Subprocess;
  readonly #options: PlayerRunOptions;
  #handed: Segment[] = [];
  #handedBytes = 0;
  #settledBytes = 0;
  #settledSoundBytes = 0;
  #handedSoundBytes = 0;
  /** Position at a moment, from which it goes on by the clock while the device plays. */
  #anchorMs = 0;
  #anchorAtMs = 0;
  #playing = false;
  #reported = false;
  #playedMs = 0;
  #latencyMs: number;
  #bufferMs = 0;
  #acceptedBytes = 0;
  #flushes: (() => void)[] = [];

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
      ...(environment === undefined ? {} : { environment }),
    });
    if (framed) this.#readStdout();
    const { primeMs, readyAfterMs } = program;
    if (readyAfterMs !== undefined) {
      const ready = (): void => options.onReport({ type: 'ready' });
      void this.process.exited.then(options.clock.after(readyAfterMs, ready));
    }
    if (primeMs !== undefined) this.write(new Uint8Array(bytesOfMs(format, primeMs)), false);
  }

  /** Of a framed program: it is put to use, and takes the device. */
  takeDevice(): void {
    if (this.#options.program.framed) this.#send('O');
  }

  /** True unless the device tells its position itself. */
  get estimated(): boolean {
    return !this.#options.program.reports || (this.#handedSoundBytes > 0 && !this.#reported);
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
    return msOfBytes(this.#options.format, this.#handedBytes) - this.#position();
  }

  /** Sound of this run that has been heard, in bytes. */
  heardBytes(): number {
    this.#settle();
    const first = this.#handed[0];
    if (first?.sound !== true) return this.#settledSoundBytes;
    return this.#settledSoundBytes + Math.max(0, this.#positionBytes() - this.#settledBytes);
  }

  /** Sound handed over and not heard yet, in bytes. */
  unheardBytes(): number {
    return this.#handedSoundBytes - this.heardBytes();
  }

  /** The account at the end of this run, which counts nothing any more afterwards. */
  retire(): { heardBytes: number; unheard: Uint8Array[] } {
    const heardBytes = this.heardBytes();
    const skip = Math.max(0, this.#positionBytes() - this.#settledBytes);
    const unheard = this.#handed.map(({ bytes, sound }, i) =>
      sound ? bytes.subarray(i === 0 ? skip : 0) : new Uint8Array(0),
    );
    this.#handed = [];
    this.#settledSoundBytes = 0;
    this.#handedSoundBytes = 0;
    this.#settledBytes = this.#handedBytes;
    this.#playedMs = msOfBytes(this.#options.format, this.#handedBytes);
    return { heardBytes, unheard: unheard.filter((bytes) => bytes.byteLength > 0) };
  }

  write(bytes: Uint8Array, sound: boolean): void {
    if (!this.#options.program.reports && this.aheadMs() <= 0) {
      // The device had run dry: its time begins again, one latency from now.
      this.#anchorMs = msOfBytes(this.#options.format, this.#handedBytes);
      this.#anchorAtMs = this.#options.clock.nowMs() + this.#latencyMs;
      this.#playing = true;
    }
    this.#settle();
    this.#handed.push({ bytes, sound });
    this.#handedBytes += bytes.byteLength;
    if (sound) this.#handedSoundBytes += bytes.byteLength;
    if (this.#options.program.framed) this.#send('P', bytes);
    else this.process.stdin?.write(bytes);
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
    this.#send('F');
    await Promise.race([flushed, this.process.exited]);
    cancel();
  }

  #send(type: 'O' | 'P' | 'F', payload: Uint8Array = new Uint8Array(0)): void {
    const header = Buffer.alloc(5);
    header.write(type, 'latin1');
    header.writeUInt32LE(payload.byteLength, 1);
    this.process.stdin?.write(header);
    if (payload.byteLength > 0) this.process.stdin?.write(payload);
  }

  #readStdout(): void {
    let rest = '';
    this.process.stdout?.setEncoding('latin1');
    this.process.stdout?.on('error', () => undefined);
    this.process.stdout?.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#read(line);
    });
  }

  #read(line: string): boolean {
    const report = this.#options.program.parse(line);
    if (report === undefined) return false;
    this.#note(report);
    this.#options.onReport(report);
    return true;
  }

  #note(report: PlayerReport): void {
    const nowMs = this.#options.clock.nowMs();
    switch (report.type) {
      case 'position':
        // Before it has begun, and in the idle time after a reply, the reports say nothing new.
        this.#reported ||= this.#handedBytes > 0;
        this.#anchorMs = report.playedMs;
        this.#anchorAtMs = nowMs;
        if (this.#playing) this.#latencyMs = report.latencyMs;
        break;
      case 'playing':
        this.#playing = bytesOfMs(this.#options.format, report.playedMs) < this.#handedBytes;
        // Its clock runs on although it has nothing left.
        if (!this.#playing) break;
        this.#reported = true;
        this.#anchorMs = report.playedMs;
        this.#anchorAtMs = nowMs;
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
      case 'waiting':
        break;
    }
  }

  /** Milliseconds of what was handed over that have been played. Never falls, never exceeds that. */
  #position(): number {
    const elapsedMs = this.#playing ? this.#options.clock.nowMs() - this.#anchorAtMs : 0;
    const nowMs = this.#anchorMs + Math.max(0, elapsedMs);
    const given = this.#options.program.framed ? this.#acceptedBytes : this.#handedBytes;
    const givenMs = msOfBytes(this.#options.format, given);
    this.#playedMs = Math.max(this.#playedMs, Math.min(nowMs, givenMs));
    return this.#playedMs;
  }

  #positionBytes(): number {
    return bytesOfMs(this.#options.format, this.#position());
  }

  #settle(): void {
    const played = this.#positionBytes();
    let segment = this.#handed[0];
    while (segment !== undefined && this.#settledBytes + segment.bytes.byteLength <= played) {
      this.#settledBytes += segment.bytes.byteLength;
      if (segment.sound) this.#settledSoundBytes += segment.bytes.byteLength;
      this.#handed.shift();
      segment = this.#handed[0];
    }
  }
}
