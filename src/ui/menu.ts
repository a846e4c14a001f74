/** A question with numbered answers, as a value and as lines. Pure. */
import type { Glyphs } from './glyphs.ts';
import type { Key } from './keys.ts';
import { clip, wrap } from './layout.ts';

export type Menu = {
  question: string;
  labels: readonly string[];
  /** The one that Enter takes, counted from 0. */
  at: number;
  /** The digits that were typed in a row, in a menu of ten or more. */
  digits: string;
};

export type MenuAnswer =
  | { kind: 'moved'; menu: Menu }
  | { kind: 'chosen'; index: number }
  | { kind: 'skip' | 'leave' };

/** Up to nine answers are chosen by their digit alone; of more, a digit moves to one. */
const MAX_DIRECT = 9;
/** Nobody types more characters at once. */
const MAX_TYPED = 8;
const KEYS = 'arrows, Enter; s: skip, q: leave';
const HEAD_LINES = 2;

export const menuOf = (question: string, labels: readonly string[], at = 0): Menu => ({
  question,
  labels,
  at,
  digits: '',
});

/** Returns what was pasted, also in a terminal that does not say so. */
export function pastedIn(key: Key): string | undefined {
  if (key.key === 'paste') return key.text;
  return key.key === 'text' && key.text.length > MAX_TYPED ? key.text : undefined;
}

/** Over a slow line several keys come as one text. */
export function pressed(menu: Menu, key: Key): MenuAnswer {
  // The user did not mean it for this question.
  if (pastedIn(key) !== undefined) return { kind: 'moved', menu };
  switch (key.key) {
    case 'interrupt':
    case 'eof':
    case 'escape':
      return { kind: 'leave' };
    case 'enter':
      return { kind: 'chosen', index: menu.at };
    case 'up':
      return moved(menu, menu.at - 1);
    case 'down':
      return moved(menu, menu.at + 1);
    case 'home':
      return moved(menu, 0);
    case 'end':
      return moved(menu, menu.labels.length - 1);
    case 'text':
      return typed(menu, key.text);
    default:
      return { kind: 'moved', menu };
  }
}

function moved(menu: Menu, to: number, digits = ''): MenuAnswer {
  const { length } = menu.labels;
  return { kind: 'moved', menu: { ...menu, at: (to + length) % length, digits } };
}

function typed(menu: Menu, text: string): MenuAnswer {
  let now = menu;
  for (const letter of text) {
    if (/^[sS]$/.test(letter)) return { kind: 'skip' };
    if (/^[qQ]$/.test(letter)) return { kind: 'leave' };
    if (!/^\d$/.test(letter)) continue;
    const { length } = now.labels;
    if (length <= MAX_DIRECT) {
      const index = Number(letter) - 1;
      if (index >= 0 && index < length) return { kind: 'chosen', index };
      continue;
    }
    const isMeant = (number: number): boolean => number >= 1 && number <= length;
    const digits = [now.digits + letter, letter].find((row) => isMeant(Number(row)));
    if (digits !== undefined) now = { ...now, at: Number(digits) - 1, digits };
  }
  return { kind: 'moved', menu: now };
}

export type MenuLine = { text: string; kind: 'question' | 'live' | 'item' | 'current' | 'keys' };

/** `live`: a line that changes while the question stands. A long list shows the part around the current item. */
export function menuLines(
  { question, labels, at }: Menu,
  { columns, rows, glyphs, live }: { columns: number; rows: number; glyphs: Glyphs; live?: string },
): MenuLine[] {
  const width = Math.max(10, columns - 1);
  const head = wrap(question, width).map((text): MenuLine => ({ text, kind: 'question' }));
  if (live !== undefined) head.push({ text: clip(live, width, glyphs), kind: 'live' });
  const room = Math.max(1, rows - head.length - HEAD_LINES);
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), labels.length - room));
  const places = String(labels.length).length;
  const items = labels.slice(from, from + room).map((label, index): MenuLine => {
    const isCurrent = from + index === at;
    const number = String(from + index + 1).padStart(places);
    const mark = isCurrent ? glyphs.prompt : ' ';
    const text = clip(`${mark} ${number} ${label}`, width, glyphs);
    return { text, kind: isCurrent ? 'current' : 'item' };
  });
  return [...head, ...items, { text: clip(KEYS, width, glyphs), kind: 'keys' }];
}
