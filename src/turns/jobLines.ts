/**
 * Cuts the output of a model that translates or transcribes into lines. Such a model answers nothing, so the service
 * may never end a turn: a line ends at the end of a sentence, at a length, or in silence.
 */
import type { Clock } from '../audio/clock.ts';

/** A sentence that ends after so many characters ends its line. */
const SENTENCE_CHARACTERS = 80;
/** A line ends before the next word after so many characters. */
const LINE_CHARACTERS = 240;
const SILENCE_MS = 3_000;

const SENTENCE_END = /[.!?…。！？]["'”’»)\]]*\s*$/;

export type Side = 'user' | 'model';

export class JobLines {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  readonly #text: Record<Side, string> = { user: '', model: '' };
  #cancelSilence: () => void = () => {};

  constructor(clock: Clock, onSilence: () => void) {
    this.#clock = clock;
    this.#onSilence = onSilence;
  }

  /** Call this before `text` is added to its side. True: the line is complete, and `text` begins the next one. */
  endsBefore(side: Side, text: string): boolean {
    const ends = this.#isComplete(side, text);
    if (ends) this.over();
    this.#text[side] += text;
    this.sign();
    return ends;
  }

  /** Something of the line has come, such as its sound. */
  sign(): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#clock.after(SILENCE_MS, this.#onSilence);
  }

  /** The line has ended. */
  over(): void {
    this.#cancelSilence();
    this.#text.user = '';
    this.#text.model = '';
  }

  #isComplete(side: Side, text: string): boolean {
    const { model } = this.#text;
    if (model.length >= SENTENCE_CHARACTERS && SENTENCE_END.test(model)) return true;
    const line = this.#text[side];
    // A script without blanks may be cut between any two deltas.
    return (
      line.length >= LINE_CHARACTERS &&
      (/\s$/.test(line) || /^\s/.test(text) || !/\S\s\S/.test(line))
    );
  }
}
