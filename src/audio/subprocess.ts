/**
 * Child processes that never surprise: in a process group of their own (a Ctrl+C reaches gemlive alone),
 * nothing of theirs on the user's terminal, no unhandled `error`, and none left when gemlive has gone.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Readable, Writable } from 'node:stream';

/** What the children see. The caller says it, since only config/ reads `process.env`. */
export type ChildEnvironment = Record<string, string | undefined>;

export type ProcessOptions = {
  command: string;
  args: readonly string[];
  /** `command` is a line for the shell, written by the user: it keeps the user's language. */
  shell?: boolean;
  /** Absent: inherited. Every program that is not a line of the user's gets it as {@link inEnglish} makes it. */
  environment?: ChildEnvironment | undefined;
  stdin?: 'pipe' | 'ignore';
  stdout?: 'pipe' | 'ignore';
  /** Each line on stderr, which ends at `\n` or `\r`. True: it is dealt with, and is no last word. */
  onStderrLine?: (line: string) => boolean;
};

export type ProcessEnd = {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Set when there never was a process: no such program, no permission. */
  failedToStart?: NodeJS.ErrnoException;
};

const TAIL_LINES = 20;
const MAX_LINE_CHARS = 500;
/** From the end of a process to the end of its output, where nothing else holds that open. */
const HELD_OPEN_MS = 250;

/** For `spawn`: on Windows a detached child would open a window. */
export const OWN_GROUP = process.platform !== 'win32';

const live = new Set<Subprocess>();
let exitHooked = false;

/**
 * The environment of a program whose words gemlive reads. gettext prefers `LANGUAGE` to every locale but `C` itself,
 * so `LC_ALL` alone does not make a program speak English. `C.UTF-8` leaves the names of devices in their own letters.
 */
export function inEnglish(environment: ChildEnvironment | undefined): ChildEnvironment {
  // oxlint-disable-next-line eslint/no-restricted-properties -- passed on, not read
  const { LANGUAGE: _, ...rest } = environment ?? process.env;
  return { ...rest, LC_ALL: 'C.UTF-8' };
}

export function startProcess(options: ProcessOptions): Subprocess {
  const { environment, shell = false } = options;
  let child: ChildProcess;
  try {
    child = spawn(options.command, [...options.args], {
      stdio: [options.stdin ?? 'ignore', options.stdout ?? 'ignore', 'pipe'],
      detached: OWN_GROUP,
      windowsHide: true,
      shell,
      env: shell ? environment : inEnglish(environment),
    });
  } catch (error) {
    return new Subprocess(options.command, error as NodeJS.ErrnoException);
  }
  return new Subprocess(options.command, child, options.onStderrLine);
}

export class Subprocess {
  readonly command: string;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  /** The last lines it wrote on stderr. */
  readonly stderrTail: string[] = [];
  /** Settles when the process is gone. Never rejects. */
  readonly exited: Promise<ProcessEnd>;
  /** Settles when it is gone and all its output has been read. Never rejects. */
  readonly closed: Promise<ProcessEnd>;
  /** As `closed`, but it does not wait for long: something else may hold its output open. Never rejects. */
  readonly over: Promise<ProcessEnd>;
  readonly #child: ChildProcess | undefined;
  readonly #onStderrLine: ((line: string) => boolean) | undefined;
  #stderrRest = '';
  #alive: boolean;

  /** Takes over `child`, which must have been started in this same tick; or stands for one that could not be. */
  constructor(
    command: string,
    child: ChildProcess | NodeJS.ErrnoException,
    onStderrLine?: (line: string) => boolean,
  ) {
    this.command = command;
    this.#onStderrLine = onStderrLine;
    if (child instanceof Error) {
      this.stdin = null;
      this.stdout = null;
      this.#alive = false;
      this.exited = Promise.resolve({ code: null, signal: null, failedToStart: child });
      this.closed = this.exited;
      this.over = this.exited;
      return;
    }
    this.#child = child;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.#alive = true;
    // A child that dies while we write says so by its exit; EPIPE adds nothing.
    this.stdin?.on('error', () => undefined);
    this.#readStderr(child.stderr);
    this.exited = new Promise((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        // `error` also tells of a kill that failed; only a child without a pid never lived.
        if (child.pid !== undefined) return;
        this.#ended();
        resolve({ code: null, signal: null, failedToStart: error });
      });
      child.once('exit', (code, signal) => {
        this.#sweep();
        this.#ended();
        resolve({ code, signal });
      });
    });
    this.closed = new Promise((resolve) => {
      child.once('close', () => resolve(this.exited));
      void this.exited.then((end) => {
        if (end.failedToStart !== undefined) resolve(end);
      });
    });
    const heldOpen = this.exited.then(async (end) => {
      await new Promise((resolve) => setTimeout(resolve, HELD_OPEN_MS).unref());
      // What has come meanwhile is read first.
      await new Promise((resolve) => setImmediate(resolve));
      return end;
    });
    this.over = Promise.race([this.closed, heldOpen]);
    live.add(this);
    killTheLiveAtExit();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** SIGKILL to the process and whatever it started. Idempotent. */
  kill(): void {
    if (this.#alive) this.#sweep();
  }

  #ended(): void {
    this.#alive = false;
    live.delete(this);
  }

  #sweep(): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      if (OWN_GROUP) process.kill(-pid, 'SIGKILL');
      else this.#child?.kill('SIGKILL');
    } catch {
      // Gone already.
    }
  }

  #readStderr(stderr: Readable | null): void {
    const decoder = new StringDecoder('utf8');
    stderr?.on('error', () => undefined);
    stderr?.on('data', (chunk: Buffer) => {
      const lines = (this.#stderrRest + decoder.write(chunk)).split(/[\r\n]+/);
      // A program that never ends its line must not fill the memory.
      this.#stderrRest = (lines.pop() ?? '').slice(-MAX_LINE_CHARS);
      for (const line of lines) this.#takeLine(line);
    });
    stderr?.on('end', () => this.#takeLine(this.#stderrRest));
  }

  #takeLine(raw: string): void {
    const line = raw.trim().slice(0, MAX_LINE_CHARS);
    if (line === '') return;
    if (this.#onStderrLine?.(line) === true) return;
    this.stderrTail.push(line);
    if (this.stderrTail.length > TAIL_LINES) this.stderrTail.shift();
  }
}

function killTheLiveAtExit(): void {
  if (exitHooked) return;
  exitHooked = true;
  process.once('exit', () => {
    for (const child of live) child.kill();
  });
}
