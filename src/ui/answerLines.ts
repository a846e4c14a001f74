/** Lines of answers for a pipe: each once, as it is when its turn is over, and what late words add to it. */
export class AnswerLines {
  #turn = 0;
  #text = '';
  #printed = { turn: 0, text: '' };

  /** The line of a turn, whole. An interruption or late words may change it. */
  final(turn: number, text: string): void {
    this.#turn = turn;
    this.#text = text;
  }

  /** What is to be printed now; empty where there is nothing new. */
  take(): string {
    const { turn, text } = this.#printed;
    const isSame = this.#turn === turn && this.#text.startsWith(text);
    this.#printed = { turn: this.#turn, text: this.#text };
    return isSame ? this.#text.slice(text.length).trim() : this.#text;
  }
}
