/** `talk` without cursor movement: finished lines only. For `--plain`, screen readers, dumb terminals. */
import type { Glyphs } from './glyphs.ts';
import { harmless } from './harmless.ts';
import type { Line } from './view.ts';

export class PlainView {
  readonly #stream: NodeJS.WritableStream;
  readonly #glyphs: Glyphs;

  constructor(stream: NodeJS.WritableStream, glyphs: Glyphs) {
    this.#stream = stream;
    this.#glyphs = glyphs;
  }

  print(lines: readonly Line[]): void {
    for (const { who, text } of lines) {
      const shown = this.#glyphs.punctuation(harmless(text));
      this.#stream.write(`${who}: ${shown.replaceAll('\n', '\n  ')}\n`);
    }
  }
}
