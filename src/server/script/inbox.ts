/** What a client has sent and no step has looked at yet. Sound in a row is one entry, without its bytes. */
import type { ClientFrame } from './frames.ts';

/** More than any script leaves unread. */
const MAX_WAITING = 1000;

export class Inbox {
  readonly #waiting: ClientFrame[] = [];
  #wake: () => void = () => {};
  #leave: () => void = () => {};
  #closed: { code: number; reason: string } | undefined;

  /** False: there is no more room. */
  push(frame: ClientFrame): boolean {
    const last = this.#waiting.at(-1);
    if (frame.kind === 'audio' && last?.kind === 'audio') last.audioMs += frame.audioMs;
    else if (this.#waiting.length >= MAX_WAITING) return false;
    else this.#waiting.push(frame);
    this.#wake();
    return true;
  }

  close(code: number, reason: string): void {
    this.#closed = { code, reason };
    this.#wake();
    this.#leave();
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get closed(): { code: number; reason: string } | undefined {
    return this.#closed;
  }

  take(): ClientFrame | undefined {
    return this.#waiting.shift();
  }

  /** What is left of one that was taken. */
  giveBack(frame: ClientFrame): void {
    this.#waiting.unshift(frame);
  }

  /** Until there is something new, or `untilMs` on the clock of `performance`. */
  async wait(untilMs: number): Promise<void> {
    if (this.#waiting.length > 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, untilMs - performance.now()));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** A pause, whatever comes; cut short when the client leaves. */
  async pause(ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    while (!this.#closed && performance.now() < untilMs) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, untilMs - performance.now());
        this.#leave = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
