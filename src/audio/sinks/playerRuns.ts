/** The player process in use, and where starting is slow, the next one, warm beside it. */
import type { ProcessEnd } from '../subprocess.ts';
import type { PlayerReport } from './playerProgram.ts';
import { PlayerRun } from './playerRun.ts';
import type { PlayerRunOptions } from './playerRun.ts';

export type RunListener = {
  report(report: PlayerReport): void;
  /** The one in use has died, and was not killed by `next()`. */
  end(end: ProcessEnd): void;
};

export class PlayerRuns {
  readonly #options: Omit<PlayerRunOptions, 'onReport'>;
  readonly #listener: RunListener;
  #current: PlayerRun | undefined;
  #spare: PlayerRun | undefined;
  #keepsSpare = false;

  constructor(options: Omit<PlayerRunOptions, 'onReport'>, listener: RunListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** There is one after the first `next()`. */
  get current(): PlayerRun {
    return (this.#current ??= this.#start());
  }

  /** The next one is the one in use from here on, and nothing more is told of the one before. */
  next(): void {
    const run = this.#spare?.process.alive ? this.#spare : this.#start();
    this.#spare = undefined;
    this.#current = run;
    run.takeDevice();
    if (this.#keepsSpare) this.keepSpare();
  }

  /** From now on. One that dies in waiting is not replaced: the next is started when it is needed. */
  keepSpare(): void {
    if (!this.#options.program.framed) return;
    this.#keepsSpare = true;
    this.#spare = this.#start();
  }

  /** `atOnce` false: one that ends by itself may say its last. */
  async close(atOnce: boolean): Promise<void> {
    this.#keepsSpare = false;
    const byEof = this.#options.program.endsByEof === true && !atOnce;
    await Promise.all([byEof ? this.current.end() : this.#current?.kill(), this.#spare?.kill()]);
  }

  #start(): PlayerRun {
    const run = new PlayerRun({
      ...this.#options,
      onReport: (report) => {
        if (run === this.#current) this.#listener.report(report);
      },
    });
    void run.process.over.then((end) => {
      if (run === this.#current) this.#listener.end(end);
    });
    return run;
  }
}
