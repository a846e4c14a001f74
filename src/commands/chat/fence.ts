/** Several lines between `"""` are one text. */

const FENCE = '"""';

export class Fence {
  #lines: string[] | undefined;

  get isOpen(): boolean {
    return this.#lines !== undefined;
  }

  /** What the user has written; undefined while more lines belong to it. `isText`: it is no command. */
  take(line: string): { text: string; isText: boolean } | undefined {
    const end = line.trimEnd();
    if (this.#lines) {
      if (!end.endsWith(FENCE)) {
        this.#lines.push(line);
        return undefined;
      }
      const text = [...this.#lines, end.slice(0, -FENCE.length)].join('\n').trim();
      this.#lines = undefined;
      return { text, isText: true };
    }
    if (!line.trimStart().startsWith(FENCE)) {
      return { text: line.trim(), isText: !line.startsWith('/') };
    }
    const first = line.trimStart().slice(FENCE.length);
    if (first.trimEnd().endsWith(FENCE)) {
      return { text: first.trimEnd().slice(0, -FENCE.length).trim(), isText: true };
    }
    this.#lines = first === '' ? [] : [first];
    return undefined;
  }

  drop(): void {
    this.#lines = undefined;
  }
}
