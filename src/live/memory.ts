/** The handle of the newest state to come back to, and what is done when it is refused. */

/** A session that has to begin anew again so soon will not do better the third time. */
const FRESH_AGAIN_MS = 60_000;

export class Memory {
  handle: string | undefined;
  #freshAtMs = Number.NEGATIVE_INFINITY;

  /**
   * What the handle stands for is of no use. False: there was none, or a session that was new has been refused
   * a moment ago.
   */
  forget(nowMs: number): boolean {
    const again = nowMs - this.#freshAtMs < FRESH_AGAIN_MS;
    const had = this.handle !== undefined;
    this.#freshAtMs = nowMs;
    this.handle = undefined;
    return had || !again;
  }
}
