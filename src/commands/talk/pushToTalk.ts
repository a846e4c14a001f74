/**
 * The key of push to talk. A tap begins and the next one ends it; where the terminal tells when a key is
 * let go, holding it for longer than a tap is talking for as long as it is held.
 */

/** A key held for less than this was tapped. */
const TAP_MS = 300;
/** Terminals that tell nothing repeat a held key about thirty times a second; no finger taps that fast. */
const REPEAT_MS = 120;

export class PushToTalk {
  readonly #talk: (talking: boolean) => void;
  readonly #nowMs: () => number;
  #talking = false;
  /** When the press that began to talk was; undefined when its key is up, or it ended it. */
  #beganMs: number | undefined;
  #lastPressMs = Number.NEGATIVE_INFINITY;

  constructor(talk: (talking: boolean) => void, nowMs: () => number = () => performance.now()) {
    this.#talk = talk;
    this.#nowMs = nowMs;
  }

  press(): void {
    const nowMs = this.#nowMs();
    const isRepeat = nowMs - this.#lastPressMs < REPEAT_MS;
    this.#lastPressMs = nowMs;
    if (isRepeat) return;
    this.#beganMs = this.#talking ? undefined : nowMs;
    this.#set(!this.#talking);
  }

  /** Only some terminals tell. */
  release(): void {
    const heldMs = this.#beganMs === undefined ? 0 : this.#nowMs() - this.#beganMs;
    this.#beganMs = undefined;
    if (heldMs >= TAP_MS) this.#set(false);
  }

  #set(talking: boolean): void {
    this.#talking = talking;
    this.#talk(talking);
  }
}
