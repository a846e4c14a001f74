/** Losses that follow each other: how long nothing has held, and how often it was tried. */

const GIVE_UP_MS = 60_000;
/** A connection that does not live so long has not ended an outage. */
const STABLE_MS = 5_000;

export class Outage {
  #sinceMs = 0;
  /** Since it began; 0 while there is none. */
  attempts = 0;

  begin(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.attempts = 0;
  }

  /** A connection that was ready at `readyAtMs` is lost: an outage begins, or goes on. */
  lost(nowMs: number, readyAtMs: number): void {
    if (nowMs - readyAtMs >= STABLE_MS || this.attempts === 0) this.begin(nowMs);
  }

  isHopeless(nowMs: number): boolean {
    return nowMs - this.#sinceMs > GIVE_UP_MS;
  }

  over(): void {
    this.attempts = 0;
  }
}
