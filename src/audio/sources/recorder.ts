/**
 * A microphone behind one run of a recorder program, by node-record-lpcm16 with modules of our own. Opening
 * it means that sound has come: nothing else proves a device. Runs that end are replaced in recovering.ts.
 */
import type { ChildProcess } from 'node:child_process';

import type { Recording } from 'node-record-lpcm16';

import { EXIT, GemliveError } from '../../errors.ts';
import { describeEnd, failureOf, OpenFailure } from '../backends/failures.ts';
import type { RecorderProgram } from '../backends/recorders.ts';
import { INPUT_FORMAT } from '../format.ts';
import { Rechunker } from '../pcm.ts';
import type { AudioSource } from '../ports.ts';
import { inEnglish, OWN_GROUP, Subprocess } from '../subprocess.ts';
import type { ChildEnvironment } from '../subprocess.ts';

export interface RecorderSource extends AudioSource {
  /** Idempotent: the device is let go. Ends the frames. */
  close(): Promise<void>;
}

/** One run of the program: when it ends, the frames end with `recorder_lost`. */
export interface RecorderRun extends RecorderSource {
  /** What it records from, as the sound server calls it; undefined where the program does not say. */
  readonly device: string | undefined;
  /** The sound server has suspended that, and it gives nothing until it is resumed. */
  readonly suspended?: boolean;
  /** Frames that have come so far, read or not. */
  readonly received: number;
  /** The sound server has moved it to another device. One listener. */
  onMoved(listener: (device: string) => void): void;
}

export type RecorderSourceOptions = {
  program: RecorderProgram;
  device?: string;
  environment?: ChildEnvironment;
};

const SOUND_WITHIN_MS = 3000;
/** Frames that wait for a reader who is late; more than the 5 s of the session, then the oldest go. */
const MAX_WAITING_FRAMES = 500;

/** Settles with the first sound. Throws OpenFailure, or what `signal` says. */
export async function openRecorderSource(
  options: RecorderSourceOptions,
  signal?: AbortSignal,
): Promise<RecorderRun> {
  signal?.throwIfAborted();
  const { default: library } = await import('node-record-lpcm16');
  const { program, device, environment } = options;
  const missing = program.missing?.();
  if (missing !== undefined)
    throw new OpenFailure(`${program.name}: ${missing}`, {
      missingProgram: true,
      isModule: program.isModule ?? false,
    });
  let recording: Recording;
  try {
    recording = library.record({
      sampleRate: INPUT_FORMAT.sampleRateHz,
      channels: INPUT_FORMAT.channels,
      // Its default is a WAV header in front.
      audioType: 'raw',
      recorder: program.modulePath,
      spawnOptions: {
        detached: OWN_GROUP,
        windowsHide: true,
        env: program.command === undefined ? inEnglish(environment) : environment,
      },
      ...(device === undefined ? {} : { device }),
      ...(program.driver === undefined ? {} : { driver: program.driver }),
      ...(program.command === undefined ? {} : { command: program.command }),
    });
  } catch (error) {
    throw new OpenFailure(
      `${program.name}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  // In this same tick: it emits errors without a listener of its own, as strings, even for our own stop.
  recording.stream().on('error', () => undefined);
  const source = new ProcessSource(options, recording.process);
  try {
    await source.untilSound(signal);
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

class ProcessSource implements RecorderRun {
  readonly format = INPUT_FORMAT;
  readonly label: string;
  readonly #program: RecorderProgram;
  readonly #process: Subprocess;
  readonly #frames: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #closed = false;
  #device: string | undefined;
  suspended = false;
  #onMoved: (device: string) => void = () => {};
  received = 0;

  constructor({ program, device }: RecorderSourceOptions, child: ChildProcess) {
    this.#program = program;
    const process = new Subprocess(program.name, child, (line) => this.#onReport(line));
    this.#process = process;
    this.label = device === undefined ? program.name : `${program.name} (${device})`;
    const rechunker = new Rechunker(INPUT_FORMAT);
    process.stdout?.on('data', (chunk: Uint8Array) => {
      for (const frame of rechunker.push(chunk)) {
        this.#frames.push(frame);
        this.received += 1;
      }
      while (this.#frames.length > MAX_WAITING_FRAMES) this.#frames.shift();
      // Not for a part of a frame: whoever waits takes being woken for a frame or the end.
      if (this.#frames.length > 0) this.#wake?.();
    });
    void process.over.then(() => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  get device(): string | undefined {
    return this.#device;
  }

  onMoved(listener: (device: string) => void): void {
    this.#onMoved = listener;
  }

  #onReport(line: string): boolean {
    const report = this.#program.report?.(line);
    if (report?.suspended !== undefined) this.suspended = report.suspended;
    if (report?.device !== undefined && report.device !== this.#device) {
      const isMove = this.#device !== undefined;
      this.#device = report.device;
      if (isMove) this.#onMoved(report.device);
    }
    return report !== undefined;
  }

  async untilSound(signal: AbortSignal | undefined): Promise<void> {
    const deadline = AbortSignal.timeout(SOUND_WITHIN_MS);
    const stop = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    const wake = (): void => this.#wake?.();
    stop.addEventListener('abort', wake);
    if (!stop.aborted) await this.#next();
    stop.removeEventListener('abort', wake);
    signal?.throwIfAborted();
    if (this.#frames.length > 0) {
      // What it has said of its device, before it gave sound, lies in another pipe.
      await new Promise<void>((resolve) => setImmediate(resolve));
      return;
    }
    if (this.suspended && !this.#ended) {
      const device = this.#device ?? 'it';
      throw new OpenFailure(`${this.#program.name}: the sound server has suspended ${device}`, {
        isSuspended: true,
      });
    }
    if (!this.#ended) {
      const seconds = SOUND_WITHIN_MS / 1000;
      throw new OpenFailure(`${this.#program.name}: no sound came in ${seconds} s`, {
        isModule: this.#program.isModule ?? false,
      });
    }
    const { name, isModule } = this.#program;
    throw failureOf(name, await this.#process.over, this.#process.stderrTail, isModule);
  }

  async *frames(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    // Once, and not for every frame.
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted && !this.#closed) {
        const frame = this.#frames.shift();
        if (frame !== undefined) yield frame;
        else if (this.#ended) throw await this.#lost();
        else await this.#next();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    this.#process.kill();
    await this.#process.exited;
  }

  /** Waits for a frame, the end, or whoever calls wake. */
  #next(): Promise<void> {
    if (this.#ended || this.#closed || this.#frames.length > 0) return Promise.resolve();
    return new Promise((resolve) => (this.#wake = resolve));
  }

  async #lost(): Promise<GemliveError> {
    const { name } = this.#program;
    return new GemliveError('the microphone is lost', {
      code: 'recorder_lost',
      exitCode: EXIT.audio,
      why: `${name}: ${describeEnd(await this.#process.over, this.#process.stderrTail)}`,
      hint: 'connect the device again, or see that the sound server runs, and start anew',
    });
  }
}
