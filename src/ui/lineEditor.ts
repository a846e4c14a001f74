/** One line of typing, as a value. */
import type { Key } from './keys.ts';

export type EditedLine = { before: string; after: string };

export const EMPTY_LINE: EditedLine = { before: '', after: '' };

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

const lastOf = (text: string): string => [...graphemes.segment(text)].at(-1)?.segment ?? '';
/** Empty for an empty text. */
export const firstGrapheme = (text: string): string =>
  [...graphemes.segment(text)][0]?.segment ?? '';

export function edit({ before, after }: EditedLine, key: Key): EditedLine {
  switch (key.key) {
    case 'text':
      return { before: before + key.text, after };
    case 'backspace':
      return { before: before.slice(0, before.length - lastOf(before).length), after };
    case 'left': {
      const moved = lastOf(before);
      return { before: before.slice(0, before.length - moved.length), after: moved + after };
    }
    case 'right': {
      const moved = firstGrapheme(after);
      return { before: before + moved, after: after.slice(moved.length) };
    }
    case 'home':
      return { before: '', after: before + after };
    case 'end':
      return { before: before + after, after: '' };
    case 'clear':
      return { before: '', after };
    default:
      return { before, after };
  }
}
