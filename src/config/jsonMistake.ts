/** Where text stops being JSON. Node 20 tells the position of some mistakes only. */

const SPACE = /[ \t\r\n]*/y;
const SCALAR =
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** Counted from 1, for text that JSON.parse() has refused. */
export function jsonMistake(text: string): { line: number; column: number; atEnd: boolean } {
  const at = new Reader(text).mistakeAt();
  const before = text.slice(0, at).split('\n');
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    atEnd: text.slice(at).trim() === '',
  };
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  mistakeAt(): number {
    if (this.#value(0)) this.#take(SPACE);
    return this.#at;
  }

  /** Moves over what matches here. */
  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #mark(mark: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #value(depth: number): boolean {
    // Deeper than any settings are, and a guard for the stack.
    if (depth > 500) return false;
    if (this.#mark('{')) return this.#items('}', () => this.#member(depth + 1));
    if (this.#mark('[')) return this.#items(']', () => this.#value(depth + 1));
    return this.#take(SCALAR);
  }

  #member(depth: number): boolean {
    this.#take(SPACE);
    return this.#take(STRING) && this.#mark(':') && this.#value(depth);
  }

  #items(end: string, item: () => boolean): boolean {
    if (this.#mark(end)) return true;
    do {
      if (!item()) return false;
    } while (this.#mark(','));
    return this.#mark(end);
  }
}
