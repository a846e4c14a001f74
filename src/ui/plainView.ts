/** `talk` without cursor movement: finished lines only. For `--plain`, screen readers, dumb terminals. */
import { harmless } from './harmless.ts';
import { turnLines, type Line, type ViewState } from './view.ts';

export class PlainView {
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  print(lines: readonly Line[]): void {
    for (const { who, text } of lines) {
      this.#stream.write(`${who}: ${harmless(text).replaceAll('\n', '\n  ')}\n`);
    }
  }

  close(view?: ViewState): void {
    if (view) this.print(view.turns.flatMap(turnLines));
  }
}
