/** The last lines of a conversation: what a session that cannot be taken up again is told. */
import type { LiveEvent } from '../events.ts';
import type { Content } from '../protocol/messages.ts';

const MAX_LINES = 40;
const MAX_CHARACTERS = 8_000;

export class Transcript {
  #lines: Content[] = [];

  /** The user wrote. */
  wrote(turns: readonly Content[]): void {
    for (const { role = 'user', parts } of turns) {
      this.#add(role, parts.map(({ text = '' }) => text).join(''), true);
    }
  }

  heard(event: LiveEvent): void {
    if (event.type === 'inputTranscription' && !event.interim) this.#add('user', event.text);
    else if (event.type === 'outputTranscription' || event.type === 'text') {
      this.#add('model', event.text);
    }
  }

  /** Turns that alternate, the oldest first. Empty without a word. */
  get history(): Content[] {
    return this.#lines.filter(({ parts }) => parts[0]?.text?.trim());
  }

  #add(role: 'user' | 'model', text: string, whole = false): void {
    const last = this.#lines.at(-1);
    const [part] = last?.parts ?? [];
    if (last?.role === role && part && !whole) part.text = (part.text ?? '') + text;
    else this.#lines.push({ role, parts: [{ text }] });
    let characters = 0;
    const keep = this.#lines.findLastIndex(({ parts }, index) => {
      characters += parts[0]?.text?.length ?? 0;
      return characters > MAX_CHARACTERS || this.#lines.length - index > MAX_LINES;
    });
    if (keep >= 0 && keep < this.#lines.length - 1) this.#lines.splice(0, keep + 1);
  }
}
