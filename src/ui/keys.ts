/**
 * Raw terminal input → keys: what every terminal sends, the kitty keyboard protocol, bracketed paste.
 * Sequences may be split over chunks.
 */
import { csiKey } from './csi.ts';

export type Key =
  | { key: 'escape' | 'enter' | 'backspace' | 'delete' | 'left' | 'right' | 'home' | 'end' }
  | { key: 'up' | 'down' }
  /** The line up to the cursor, and the word before it. */
  | { key: 'clear' | 'clearWord' }
  | { key: 'interrupt' | 'eof' }
  /** `repeat`: the key is held down; only some terminals tell. */
  | { key: 'text'; text: string; repeat?: true }
  /** The key of this text was let go; only some terminals tell. */
  | { key: 'release'; text: string }
  /** A piece of what was pasted. Its line breaks are `\n`, other control characters are gone. */
  | { key: 'paste'; text: string }
  /** The terminal knows the kitty keyboard protocol. */
  | { key: 'protocol' };

const SINGLE: Record<string, Key> = {
  '\x01': { key: 'home' },
  '\x03': { key: 'interrupt' },
  '\x04': { key: 'eof' },
  '\x05': { key: 'end' },
  '\b': { key: 'backspace' },
  '\n': { key: 'enter' },
  '\r': { key: 'enter' },
  '\x15': { key: 'clear' },
  '\x17': { key: 'clearWord' },
  '\x1b': { key: 'escape' },
  '\x7f': { key: 'backspace' },
  '\x1b\x7f': { key: 'clearWord' },
};
const APPLICATION: Record<string, Key> = {
  A: { key: 'up' },
  B: { key: 'down' },
  D: { key: 'left' },
  C: { key: 'right' },
  H: { key: 'home' },
  F: { key: 'end' },
  M: { key: 'enter' },
};

const PASTE_BEGINS = '\x1b[200~';
const PASTE_ENDS = '\x1b[201~';
/** Longer than any key's; what never ends is not kept for ever. */
const MAX_SEQUENCE = 64;

// One unit of input at a time: a sequence, a control character, or a run of text.
const UNIT =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|O[^\x00-\x1f]|(?![[O\x1b])[^\x00-\x1f]|[\r\n])|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+/suy;
/** The beginning of a sequence whose end has not come. */
const UNFINISHED = /\x1b(?:\[[0-?]*[ -/]*|O)?$/;

export class KeyParser {
  #pending = '';
  #pasting = false;
  #afterReturn = false;

  /** The end of a sequence is missing: {@link flush} when it does not come within a moment. */
  get waiting(): boolean {
    return this.#pending !== '';
  }

  /** A chunk that is exactly one ESC byte is the Esc key, at once. */
  push(chunk: string): Key[] {
    // A paste whose end got lost must not keep the user inside.
    if (this.#pasting && chunk === '\x03') {
      this.#pasting = false;
      this.#pending = '';
      return [{ key: 'interrupt' }];
    }
    if (chunk === '\x1b' && !this.#pasting) {
      return [...this.flush(), { key: 'escape' }];
    }
    let rest = this.#pending + chunk;
    this.#pending = '';
    const keys: Key[] = [];
    while (rest !== '') rest = this.#pasting ? this.#paste(rest, keys) : this.#keys(rest, keys);
    return keys;
  }

  /** What was held back, as it is: an ESC was the Esc key, the beginning of anything else is no key. */
  flush(): Key[] {
    const pending = this.#pending;
    this.#pending = '';
    if (this.#pasting) return this.#pasted(pending);
    return pending === '\x1b' ? [{ key: 'escape' }] : [];
  }

  /** Up to where a paste begins. Returns what is left to read. */
  #keys(input: string, keys: Key[]): string {
    const unfinished = UNFINISHED.exec(input.slice(-MAX_SEQUENCE));
    const end = unfinished ? input.length - unfinished[0].length : input.length;
    this.#pending = input.slice(end);
    UNIT.lastIndex = 0;
    while (UNIT.lastIndex < end) {
      const at = UNIT.lastIndex;
      const unit = UNIT.exec(input)?.[0];
      if (unit === undefined) {
        UNIT.lastIndex = at + 1; // an ESC that begins nothing, before another one
        if (input[at] === '\x1b') keys.push({ key: 'escape' });
        continue;
      }
      if (unit === PASTE_BEGINS) {
        this.#pasting = true;
        this.#pending = '';
        return input.slice(at + unit.length);
      }
      const key = keyOf(unit);
      if (key) keys.push(key);
    }
    return '';
  }

  #paste(input: string, keys: Key[]): string {
    const end = input.indexOf(PASTE_ENDS);
    if (end >= 0) {
      keys.push(...this.#pasted(input.slice(0, end)));
      this.#pasting = false;
      this.#afterReturn = false;
      return input.slice(end + PASTE_ENDS.length);
    }
    let held = Math.min(PASTE_ENDS.length - 1, input.length);
    while (!PASTE_ENDS.startsWith(input.slice(input.length - held))) held -= 1;
    this.#pending = held === 0 ? '' : input.slice(-held);
    keys.push(...this.#pasted(input.slice(0, input.length - held)));
    return '';
  }

  #pasted(raw: string): Key[] {
    const joined = this.#afterReturn && raw.startsWith('\n') ? raw.slice(1) : raw;
    if (raw !== '') this.#afterReturn = raw.endsWith('\r');
    const text = joined
      .replace(/\r\n?/g, '\n')
      .replaceAll('\t', ' ')
      .replace(/[\x00-\x09\x0b-\x1f\x7f]/g, '');
    return text === '' ? [] : [{ key: 'paste', text }];
  }
}

function keyOf(unit: string): Key | undefined {
  if (unit.startsWith('\x1b[')) return csiKey(unit.slice(2));
  if (unit.startsWith('\x1bO')) return APPLICATION[unit.slice(2)];
  if (SINGLE[unit]) return SINGLE[unit];
  return /^[\x00-\x1f\x7f]/.test(unit) ? undefined : { key: 'text', text: unit };
}
