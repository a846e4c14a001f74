/**
 * Whether the user speaks, from two detectors: the local one is quick, and the server's is the one that counts. Where
 * the server reports nothing, the local detector decides alone.
 */
export class UserActivity {
  readonly #onChange: (speaking: boolean) => void;
  #local = false;
  #server = false;
  #speaking = false;

  constructor(onChange: (speaking: boolean) => void) {
    this.#onChange = onChange;
  }

  local(speaking: boolean): void {
    this.#local = speaking;
    this.#settle();
  }

  serverStarted(): void {
    this.#server = true;
    this.#settle();
  }

  /** `stillHeard`: the local detector hears a voice at this moment, which is another utterance. */
  serverEnded(stillHeard: boolean): void {
    this.#server = false;
    if (!stillHeard) this.#local = false;
    this.#settle();
  }

  /** The server answers, or is gone: an end that it has not reported will not come. */
  serverMovedOn(): void {
    this.#server = false;
    this.#settle();
  }

  #settle(): void {
    const speaking = this.#local || this.#server;
    if (speaking === this.#speaking) return;
    this.#speaking = speaking;
    this.#onChange(speaking);
  }
}
