/** Text in columns: wrapping by display width, meters, the status line. Pure. */
import widthOf from 'string-width';

/** What the screen itself draws, one column each; the general way of measuring costs 20 times as much. */
const OWN_MARKS = /[●▮▯…›·]/g;

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
export function clip(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let width = 1;
  let clipped = '';
  for (const { segment } of graphemes.segment(text)) {
    width += stringWidth(segment);
    if (width > columns) break;
    clipped += segment;
  }
  return `${clipped}…`;
}

/** `▮▮▮▯▯▯▯▯` for a level from 0 to 1. */
export function meter(level: number, cells = 8): string {
  const full = Math.round(Math.min(1, Math.max(0, level)) * cells);
  return '▮'.repeat(full) + '▯'.repeat(cells - full);
}

/** As many of `parts` as fit, the first ones first. */
export function fitParts(parts: readonly string[], separator: string, columns: number): string {
  let line = parts[0] ?? '';
  for (const part of parts.slice(1)) {
    if (stringWidth(line) + stringWidth(separator) + stringWidth(part) > columns) break;
    line += separator + part;
  }
  return clip(line, columns);
}
