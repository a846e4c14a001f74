/** The modes of the terminal that the keys of `talk` need; they are left however the process ends. */

const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l';
// The kitty keyboard protocol. A terminal that does not know it ignores the question.
const ASK_PROTOCOL = '\x1b[?u';
/**
 * All keys as sequences, with their events and text: a terminal tells of the release of a key that types
 * something only then (disambiguate 1 + event types 2 + all keys 8 + text 16).
 */
const PUSH_ALL_KEYS = '\x1b[>27u';
/** While a line is typed, text comes as text: input methods and dead keys work (disambiguate 1). */
const SET_TEXT = '\x1b[=1;1u';
const SET_ALL_KEYS = '\x1b[=27;1u';
const POP = '\x1b[<u';

export class KeyModes {
  readonly #stdin: NodeJS.ReadStream;
  readonly #control: (sequence: string) => void;
  readonly #restore = (): void => this.leave();
  #isEntered = false;
  #reports = false;
  #isTyping = false;

  constructor(stdin: NodeJS.ReadStream, control: (sequence: string) => void) {
    this.#stdin = stdin;
    this.#control = control;
  }

  /** The release of keys is told. */
  get tellsRelease(): boolean {
    return this.#reports;
  }

  enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#stdin.setRawMode(true);
    this.#control(PASTE_ON);
    if (this.#reports) this.#control(PUSH_ALL_KEYS + (this.#isTyping ? SET_TEXT : ''));
    process.once('exit', this.#restore);
  }

  /** Idempotent; {@link enter} comes back to the same modes. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    process.off('exit', this.#restore);
    if (this.#reports) this.#control(POP);
    this.#control(PASTE_OFF);
    this.#stdin.setRawMode(false);
  }

  /** The answer, if there is one, comes as a key. */
  query(): void {
    this.#control(ASK_PROTOCOL);
  }

  reportRelease(): void {
    this.#reports = true;
    this.#control(PUSH_ALL_KEYS + (this.#isTyping ? SET_TEXT : ''));
  }

  setTyping(isTyping: boolean): void {
    this.#isTyping = isTyping;
    if (this.#reports) this.#control(isTyping ? SET_TEXT : SET_ALL_KEYS);
  }
}
