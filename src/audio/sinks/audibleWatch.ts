/** Whether answers can be heard at all: the sound server is asked at the beginning of each, out of the way of its first sound. */
import type { Warning } from '../../errors.ts';
import type { Clock } from '../clock.ts';

const LOOK_AFTER_MS = 300;

export class AudibleWatch {
  readonly #inspect: () => Promise<Warning | undefined>;
  readonly #clock: Clock;
  #listener: ((warning: Warning) => void) | undefined;
  #cancel: (() => void) | undefined;
  #isReply = false;
  /** What was said last; undefined when the loudspeaker has been fine since. */
  #told: string | undefined;

  /** `inspect` gives undefined where nothing is wrong. It must not reject. */
  constructor(inspect: () => Promise<Warning | undefined>, clock: Clock) {
    this.#inspect = inspect;
    this.#clock = clock;
  }

  onWarning(listener: (warning: Warning) => void): void {
    this.#listener = listener;
  }

  /** Sound of a reply has come. */
  sound(): void {
    if (this.#isReply || this.#listener === undefined) return;
    this.#isReply = true;
    this.#cancel?.();
    this.#cancel = this.#clock.after(LOOK_AFTER_MS, () => void this.#look());
  }

  replyEnded(): void {
    this.#isReply = false;
  }

  close(): void {
    this.#cancel?.();
    this.#listener = undefined;
  }

  async #look(): Promise<void> {
    const warning = await this.#inspect();
    const isNews = warning !== undefined && warning.message !== this.#told;
    this.#told = warning?.message;
    if (isNews) this.#listener?.(warning);
  }
}
