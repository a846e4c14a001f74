/** A player's clock that runs on when nothing is left to play, and falls back to the truth when the next sound comes. */

/** A clock that has run on for less than this may not be seen to fall back. */
const DOUBT_MS = 100;

export class RunningClock {
  #beyondMs = 0;
  #lastMs = 0;

  /**
   * The position that a reading gives. `end`: all of the `handedMs` has been played. Undefined: the clock still runs
   * on from before, and the reading says nothing.
   */
  read(playedMs: number, handedMs: number): number | 'end' | undefined {
    const isOld = this.#beyondMs > DOUBT_MS && playedMs >= this.#lastMs;
    this.#lastMs = playedMs;
    if (playedMs >= handedMs) {
      this.#beyondMs = playedMs - handedMs;
      return 'end';
    }
    if (isOld) return undefined;
    this.#beyondMs = 0;
    return playedMs;
  }
}
