/** One line of typing, as a value. What was pasted may have line breaks in it. */
import type { Key } from './keys.ts';

export type EditedLine = { before: string; after: string };

export const EMPTY_LINE: EditedLine = { before: '', after: '' };

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** No character is longer; a pasted page is not looked through for one. */
const LONGEST = 64;

const lastOf = (text: string): string =>
  [...graphemes.segment(text.slice(-LONGEST))].at(-1)?.segment ?? '';
/** Empty for an empty text. */
export const firstGrapheme = (text: string): string =>
  [...graphemes.segment(text.slice(0, LONGEST))][0]?.segment ?? '';

export function edit({ before, after }: EditedLine, key: Key): EditedLine {
  switch (key.key) {
    case 'text':
    case 'paste':
      return { before: before + key.text, after };
    case 'backspace':
      return { before: before.slice(0, before.length - lastOf(before).length), after };
    case 'delete':
      return { before, after: after.slice(firstGrapheme(after).length) };
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
    case 'clearWord':
      return { before: before.replace(/\S*\s*$/, ''), after };
    default:
      return { before, after };
  }
}
