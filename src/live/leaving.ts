/** A connection that the server is going to cut: when it may be left, and when it has to be (turns.md §4.1 of the contract). */

export type Surroundings = {
  /** Nobody speaks and nothing is owed. */
  isResting(): boolean;
  /** A tool call waits for its result. */
  isCalling(): boolean;
};

export class Leaving {
  /** From here on an answer may be cut. */
  readonly byMs: number;
  /** From here on anything may. */
  readonly lastMs: number;
  /** Of the next connection on its way: aborted when this one is lost before it is left, or the next one fails. */
  attempt: AbortController | undefined;

  /** `timeLeftMs`: until the server cuts. */
  constructor(nowMs: number, timeLeftMs: number) {
    this.byMs = nowMs + timeLeftMs / 2;
    this.lastMs = nowMs + Math.max(timeLeftMs - 1000, timeLeftMs * 0.8);
  }

  mayGo(nowMs: number, around: Surroundings): boolean {
    if (nowMs >= this.lastMs) return true;
    return !around.isCalling() && (nowMs >= this.byMs || around.isResting());
  }
}
