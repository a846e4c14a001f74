/** Speaks with flite on a thread of its own, so that sockets and sound go on meanwhile. */
import { Worker } from 'node:worker_threads';

/** In src/ there is no such file: the program that is built has it. */
export const FLITE_WORKER = new URL('./fliteWorker.js', import.meta.url);

/** What the thread begins with. `compiled`: what an earlier thread has compiled from the file at `path`. */
export type FliteStart = { path: string; compiled: WebAssembly.Module | undefined };
export type FliteSentence = { text: string; voice: 'slt' | 'rms' };
export type FliteMessage =
  | { compiled: WebAssembly.Module }
  | { pcm: Uint8Array }
  | { failure: string };

type Job = FliteSentence & { done: (pcm: Uint8Array) => void; fail: (error: Error) => void };

/** A sentence takes a tenth of a second. A thread that needs so long for one is ended. */
const LIMIT_MS = 60_000;
/** A thread that nobody uses is ended, since it holds some 70 MB. */
const IDLE_MS = 60_000;

export class FliteThread {
  readonly #path: string;
  #worker: Worker | undefined;
  #compiled: WebAssembly.Module | undefined;
  /** The thread speaks the first of them. */
  readonly #jobs: Job[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `path`: flite, compiled to WASI. Nothing is loaded before the first sentence. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves to 24 kHz mono s16le. Rejects with the signal's reason. */
  async speak(sentence: FliteSentence, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    let job: Job | undefined;
    const stop = (): void => job && this.#drop(job, signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await new Promise<Uint8Array>((done, fail) => {
        job = { ...sentence, done, fail };
        this.#jobs.push(job);
        if (this.#jobs.length === 1) this.#next();
      });
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** A sentence that is being spoken can be interrupted only together with its thread. */
  #drop(job: Job, why: Error): void {
    const at = this.#jobs.indexOf(job);
    if (at < 0) return;
    job.fail(why);
    if (at > 0) return void this.#jobs.splice(at, 1);
    this.#end();
    this.#finish();
  }

  #finish(): void {
    this.#jobs.shift();
    this.#next();
  }

  #next(): void {
    clearTimeout(this.#timer);
    const [job] = this.#jobs;
    if (job === undefined) {
      this.#worker?.unref();
      this.#timer = setTimeout(() => {
        this.#end();
        this.#compiled = undefined;
      }, IDLE_MS).unref();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#drop(job, new Error(`flite-wasm was not done after ${LIMIT_MS / 1000} s`));
    }, LIMIT_MS);
    this.#worker ??= this.#start();
    this.#worker.ref();
    const { text, voice } = job;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage({ text, voice } satisfies FliteSentence);
  }

  #start(): Worker {
    const start: FliteStart = { path: this.#path, compiled: this.#compiled };
    // Options of this process may be for its own program only, and would keep a thread from starting.
    const worker = new Worker(FLITE_WORKER, { workerData: start, execArgv: [] });
    const broke = (why: string): void => {
      if (worker !== this.#worker) return; // it was ended here
      this.#worker = undefined;
      this.#jobs[0]?.fail(new Error(`flite-wasm does not work: ${why}`));
      this.#finish();
    };
    worker.on('error', (error) => broke(error.message));
    worker.on('exit', () => broke('its thread has ended'));
    worker.on('message', (message: FliteMessage) => {
      if (worker !== this.#worker) return;
      if ('compiled' in message) {
        this.#compiled = message.compiled;
        return;
      }
      const [job] = this.#jobs;
      if ('pcm' in message) job?.done(message.pcm);
      else job?.fail(new Error(message.failure));
      this.#finish();
    });
    return worker;
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.terminate().catch(() => {});
  }
}
