/** What a device is given beyond its usual share, because it starved: on a busy machine, for as long as it is busy. */

const STEP_MS = 40;
const MAX_MS = 400;
const BACK_STEP_MS = 20;
/** Without a gap for so long, it gets less again; longer where that was too early. */
const CALM_MS = 10_000;
const MAX_CALM_MS = 160_000;

export class ExtraAhead {
  #ms = 0;
  #calmMs = CALM_MS;
  #calmSinceMs = 0;
  #shrunk = false;

  get ms(): number {
    return this.#ms;
  }

  /** It starved although there was sound. */
  starved(nowMs: number): void {
    if (this.#shrunk) this.#calmMs = Math.min(2 * this.#calmMs, MAX_CALM_MS);
    this.#shrunk = false;
    this.#ms = Math.min(this.#ms + STEP_MS, MAX_MS);
    this.#calmSinceMs = nowMs;
  }

  /** It plays, and did not starve. */
  plays(nowMs: number): void {
    if (this.#ms === 0 || nowMs - this.#calmSinceMs < this.#calmMs) return;
    this.#ms = Math.max(0, this.#ms - BACK_STEP_MS);
    this.#calmSinceMs = nowMs;
    this.#shrunk = true;
    if (this.#ms === 0) this.#calmMs = CALM_MS;
  }
}
