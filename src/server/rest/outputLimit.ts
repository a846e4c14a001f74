/** Where an answer ends before it is whole: at a stop sequence, or when it is long enough. */
import { CHARACTERS_PER_TOKEN } from '../usage.ts';

export class OutputLimit {
  readonly #stops: readonly string[];
  /** What may be the beginning of a stop sequence. */
  #held = '';
  #heldBack: number;
  #charactersLeft: number;
  #reason: 'STOP' | 'MAX_TOKENS' | undefined;

  constructor(maxTokens: number | undefined, stopSequences: readonly string[] = []) {
    this.#stops = stopSequences.filter((stop) => stop !== '');
    this.#heldBack = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    this.#charactersLeft = maxTokens ? maxTokens * CHARACTERS_PER_TOKEN : Infinity;
  }

  /** Why it is over, or nothing. */
  get reason(): 'STOP' | 'MAX_TOKENS' | undefined {
    return this.#reason;
  }

  /** What of it can be told already. */
  push(text: string): string {
    if (this.#reason) return '';
    this.#held += text;
    const stopAt = this.#stops
      .map((stop) => this.#held.indexOf(stop))
      .filter((at) => at >= 0)
      .reduce((first, at) => Math.min(first, at), Infinity);
    if (stopAt !== Infinity) {
      this.#reason = 'STOP';
      this.#held = this.#held.slice(0, stopAt);
      return this.#take(stopAt);
    }
    return this.#take(Math.max(0, this.#held.length - this.#heldBack));
  }

  /** No more comes: what was held back is no stop sequence. */
  end(): string {
    return this.#take(this.#held.length);
  }

  #take(length: number): string {
    const told = this.#held.slice(0, Math.min(length, this.#charactersLeft));
    this.#held = this.#held.slice(length);
    if (told.length < length) {
      this.#reason = 'MAX_TOKENS';
      this.#held = '';
    }
    this.#charactersLeft -= told.length;
    return told;
  }
}
