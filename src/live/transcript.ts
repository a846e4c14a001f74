/** The last lines of a conversation: what a session that cannot be taken up again is told. */
import type { LiveEvent } from '../events.ts';
import { joint, mergeTranscripts } from '../protocol/joinWords.ts';
import type { ClientMessage, Content } from '../protocol/messages.ts';
import type { Dropped } from './kept.ts';

const MAX_LINES = 40;
const MAX_CHARACTERS = 8_000;

/** `message`: of what was written, and not said or heard. */
type Line = {
  role: 'user' | 'model';
  text: string;
  message?: ClientMessage;
  /** Of the model: its words were transcribed, and text parts beside them do not count. */
  isSpoken?: boolean;
  /** Of the user: the line when its sound was sent again, and what has been transcribed since. */
  replay?: { said: string; again: string };
};

export class Transcript {
  #lines: Line[] = [];

  /** The user wrote, or the program for its user. */
  wrote(message: ClientMessage): void {
    for (const { role = 'user', parts } of turnsOf(message)) {
      this.#add({ role, text: parts.map(({ text = '' }) => text).join(''), message });
    }
  }

  heard(event: LiveEvent): void {
    if (event.type === 'inputTranscription' && !event.interim) {
      this.#add({ role: 'user', text: event.text });
    } else if (event.type === 'outputTranscription') {
      this.#add({ role: 'model', text: event.text, isSpoken: true });
    } else if (event.type === 'text') {
      this.#add({ role: 'model', text: event.text });
    }
  }

  /** The user's last words, or this message, are not to be said to any server again. */
  drop({ kind, messages }: Dropped): void {
    const last = this.#lines.findLastIndex(({ role, message }) => role === 'model' || message);
    this.#lines = this.#lines.filter(({ message }, index) =>
      kind === 'speech' ? index <= last : !message || !messages.has(message),
    );
  }

  /** What the user said last is sent again, and may be transcribed again. */
  replayed(): void {
    const last = this.#lines.at(-1);
    if (last?.role === 'user' && !last.message) last.replay = { said: last.text, again: '' };
  }

  /**
   * The oldest first, less what will be said again: messages that are `owed`, and with `owesSpeech` what was heard of
   * the user last. Empty without a word.
   */
  history(owed: (message: ClientMessage) => boolean, owesSpeech: boolean): Content[] {
    const lines = this.#lines.filter(({ message }) => !message || !owed(message));
    const last = lines.findLastIndex(({ role, message }) => role === 'model' || message);
    return lines
      .slice(0, owesSpeech ? last + 1 : undefined)
      .filter(({ text }) => text.trim() !== '')
      .map(({ role, text }) => ({ role, parts: [{ text }] }));
  }

  #add(line: Line): void {
    const last = this.#lines.at(-1);
    const goesOn = last?.role === line.role && !last.message && !line.message;
    if (goesOn) goOn(last, line);
    else this.#lines.push(line);
    let characters = 0;
    const keep = this.#lines.findLastIndex(({ text }, index) => {
      characters += text.length;
      return characters > MAX_CHARACTERS || this.#lines.length - index > MAX_LINES;
    });
    if (keep >= 0 && keep < this.#lines.length - 1) this.#lines.splice(0, keep + 1);
  }
}

function goOn(last: Line, { text, isSpoken = false }: Line): void {
  if (last.replay) {
    last.replay.again += joint(last.replay.again, text) + text;
    last.text = mergeTranscripts(last.replay.said, last.replay.again);
    return;
  }
  if (last.isSpoken === true && !isSpoken && last.role === 'model') return;
  const before = isSpoken && last.isSpoken !== true ? '' : last.text;
  last.text = before + joint(before, text) + text;
  last.isSpoken = isSpoken;
}

function turnsOf(message: ClientMessage): readonly Content[] {
  if ('clientContent' in message) return message.clientContent.turns ?? [];
  const text =
    'realtimeInput' in message && 'text' in message.realtimeInput && message.realtimeInput.text;
  return typeof text === 'string' ? [{ role: 'user', parts: [{ text }] }] : [];
}
