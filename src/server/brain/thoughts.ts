/** Models that think aloud begin with `<think>…</think>`: that is no part of the answer. */
import type { BrainPiece } from './brain.ts';

const OPEN = /^\s*<(think|thinking)>/;

/** Text in pieces cut anywhere → what is said and what is only thought. */
export class ThoughtFilter {
  #state: 'start' | 'thinking' | 'answer' = 'start';
  #held = '';
  #close = '';
  readonly #label: string;

  /** `label`: what some models put before their answer, such as `Assistant:`. It is dropped. */
  constructor(label = '') {
    this.#label = label;
  }

  push(text: string): BrainPiece[] {
    this.#held += text;
    return this.#take();
  }

  end(): BrainPiece[] {
    const rest = this.#state === 'thinking' ? this.#held : this.#withoutLabel();
    this.#held = '';
    if (rest.trim() === '') return [];
    return [this.#state === 'thinking' ? { thought: rest } : { text: rest }];
  }

  #take(): BrainPiece[] {
    const pieces: BrainPiece[] = [];
    if (this.#state === 'start') {
      const open = OPEN.exec(this.#held);
      if (open) {
        this.#state = 'thinking';
        this.#close = `</${open[1]}>`;
        this.#held = this.#held.slice(open[0].length);
      } else if (this.#mayBegin()) {
        return pieces;
      } else {
        this.#beginAnswer();
      }
    }
    if (this.#state === 'thinking') {
      const at = this.#held.indexOf(this.#close);
      // The last few characters may be the beginning of the end.
      const sure = at === -1 ? Math.max(0, this.#held.length - this.#close.length + 1) : at;
      if (sure > 0) pieces.push({ thought: this.#held.slice(0, sure) });
      this.#held = this.#held.slice(at === -1 ? sure : at + this.#close.length);
      if (at === -1) return pieces;
      this.#state = 'start'; // what follows begins with blanks, and may be another thought
      return [...pieces, ...this.#take()];
    }
    if (this.#held !== '') pieces.push({ text: this.#held });
    this.#held = '';
    return pieces;
  }

  #beginAnswer(): void {
    this.#state = 'answer';
    this.#held = this.#withoutLabel();
  }

  #withoutLabel(): string {
    const text = this.#held.trimStart();
    const isLabelled = this.#label !== '' && text.startsWith(this.#label);
    return isLabelled ? text.slice(this.#label.length).trimStart() : text;
  }

  /** What is held may still become the mark of a thought, or is no more than the label and blanks. */
  #mayBegin(): boolean {
    const begun = this.#held.trimStart();
    if (begun.startsWith(this.#label) && begun.slice(this.#label.length).trim() === '') return true;
    return [this.#label, '<think>', '<thinking>'].some((mark) => mark.startsWith(begun));
  }
}
