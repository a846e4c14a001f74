/**
 * Which messages of a client are in a state that it can come back to. Sound that is still held, because nobody knows
 * yet whether it is the beginning of an utterance, or because it is one without an end, is in none.
 */
export class Consumed {
  /** The setup is 0. */
  #last = -1;
  /** Of the sound that is held while nobody speaks, up to where on the stream. */
  readonly #sound: { index: number; toMs: number }[] = [];
  /** Where the utterance in progress began, and before it those that will be heard together with it. */
  readonly #utterances: number[] = [];

  /** A message has come. */
  next(): void {
    this.#last += 1;
  }

  /** It was sound, up to `toMs`; what is before `heldFromMs` is forgotten. */
  heard(toMs: number, heldFromMs: number): void {
    this.#sound.push({ index: this.#last, toMs });
    while ((this.#sound[0]?.toMs ?? Infinity) <= heldFromMs) this.#sound.shift();
  }

  /** It was none: what was held before it does not count any more, or it would be said twice. */
  entered(): void {
    this.#sound.length = 0;
  }

  utteranceBegan(heldFromMs: number): void {
    const first = this.#sound.find(({ toMs }) => toMs > heldFromMs);
    this.#utterances.push(first?.index ?? this.#last);
    this.#sound.length = 0;
  }

  /** `joins`: an utterance that is over waits to be heard together with the next. */
  lastIndex({ speaking, joins }: { speaking: boolean; joins: boolean }): number {
    if (!joins) this.#utterances.splice(0, this.#utterances.length - (speaking ? 1 : 0));
    const [first = this.#sound[0]?.index ?? this.#last + 1] = this.#utterances;
    return first - 1;
  }
}
