/** Text in columns: wrapping by display width, meters, the status line. Pure. */
import widthOf from 'string-width';
import { UNICODE, type Glyphs } from './glyphs.ts';

/** What the screen itself draws, one column each; the general way of measuring costs 20 times as much. */
const OWN_MARKS = /[●▮▯…›·↵]/g;

/** Columns that `text` takes; escape sequences take none. */
export function stringWidth(text: string): number {
  return widthOf(text.replace(OWN_MARKS, '.'));
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Wraps at blanks; a word wider than the line is broken. Every line fits `columns`. */
export function wrap(text: string, columns: number): string[] {
  const limit = Math.max(1, columns);
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    let width = 0;
    for (const word of paragraph.split(/(?<=\s)/)) {
      const wordWidth = stringWidth(word);
      if (width > 0 && width + stringWidth(word.trimEnd()) > limit) {
        lines.push(line.trimEnd());
        line = '';
        width = 0;
      }
      if (stringWidth(word.trimEnd()) <= limit) {
        line += word;
        width += wordWidth;
        continue;
      }
      for (const { segment } of graphemes.segment(word)) {
        const segmentWidth = stringWidth(segment);
        if (width > 0 && width + segmentWidth > limit) {
          lines.push(line);
          line = '';
          width = 0;
        }
        line += segment;
        width += segmentWidth;
      }
    }
    return [...lines, line.trimEnd()];
  });
}

/** Cuts at `columns`, with an ellipsis where something was lost. */
export function clip(text: string, columns: number, { ellipsis }: Glyphs = UNICODE): string {
  // No character needs more code units than a cell can hold of them: a pasted page is not measured whole.
  const looked = text.slice(0, (columns + 1) * LONGEST_GRAPHEME);
  if (looked === text && stringWidth(text) <= columns) return text;
  if (columns <= ellipsis.length) return ellipsis.slice(0, Math.max(0, columns));
  return takeWidth(graphemesOf(looked), columns - ellipsis.length).join('') + ellipsis;
}

/** The end of `text`, as much of it as fits. */
export function tail(text: string, columns: number): string {
  const looked = graphemesOf(text.slice(-(columns + 1) * LONGEST_GRAPHEME)).reverse();
  return takeWidth(looked, columns).reverse().join('');
}

const LONGEST_GRAPHEME = 16;

const graphemesOf = (text: string): string[] =>
  Array.from(graphemes.segment(text), ({ segment }) => segment);

function takeWidth(segments: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let width = 0;
  for (const segment of segments) {
    width += stringWidth(segment);
    if (width > columns) break;
    taken.push(segment);
  }
  return taken;
}

/** `▮▮▮▯▯▯▯▯` for a level from 0 to 1; `▮▮▮▮▮▮▮!` where the sound was too loud for its samples. */
export function meter(
  level: number,
  cells = 8,
  { full, empty }: Glyphs = UNICODE,
  clipped = false,
): string {
  const filled = Math.round(Math.min(1, Math.max(0, level)) * cells);
  const bar = full.repeat(filled) + empty.repeat(cells - filled);
  return clipped ? `${bar.slice(0, -1)}!` : bar;
}

/** How many of `parts` fit, the first ones first; at least one. */
export function fitting(
  parts: readonly string[],
  separator: string,
  columns: number,
): readonly string[] {
  let width = stringWidth(parts[0] ?? '');
  const end = parts.slice(1).findIndex((part) => {
    width += stringWidth(separator) + stringWidth(part);
    return width > columns;
  });
  return end < 0 ? parts : parts.slice(0, end + 1);
}
