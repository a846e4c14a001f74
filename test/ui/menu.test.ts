/** A question with numbered answers: each key, and what is on the screen. */
import { describe, expect, it } from 'vitest';
import { UNICODE } from '../../src/ui/glyphs.ts';
import { stringWidth } from '../../src/ui/layout.ts';
import { KeyParser } from '../../src/ui/keys.ts';
import { menuLines, menuOf, pressed, type Menu } from '../../src/ui/menu.ts';

const short = menuOf('Loudspeaker:', ['Built-in', 'Headset', 'HDMI']);
const long = menuOf(
  'Voice:',
  Array.from({ length: 30 }, (_, index) => `Voice ${index + 1}`),
);

/** What all keys of `input` come to: `2` for the second item, `@2` for the cursor on it. */
function after(menu: Menu, input: string): string {
  let now = menu;
  for (const key of new KeyParser().push(input)) {
    const answer = pressed(now, key);
    if (answer.kind === 'chosen') return String(answer.index + 1);
    if (answer.kind !== 'moved') return answer.kind;
    now = answer.menu;
  }
  return `@${now.at + 1}`;
}

const UP = '\x1b[A';
const DOWN = '\x1b[B';

describe('keys', () => {
  it.each([
    ['\r', '1'],
    [`${DOWN}\r`, '2'],
    [`\x1bOB\x1bOB\r`, '3'],
    [`${DOWN}${DOWN}${DOWN}`, '@1'],
    [UP, '@3'],
    ['\x1b[F', '@3'],
    ['\x1b[F\x1b[H', '@1'],
    ['2', '2'],
    ['0', '@1'],
    ['4', '@1'],
    ['x2', '2'],
    ['s', 'skip'],
    ['S', 'skip'],
    ['q', 'leave'],
    ['\x1b', 'leave'],
    ['\x03', 'leave'],
    ['\x04', 'leave'],
    ['\x1a\t é', '@1'],
    // What is pasted was not meant for a question.
    ['\x1b[200~2\n\x1b[201~', '@1'],
    ['AIzaSyD-2-of-another-terminal', '@1'],
    ['\x1b[57420u\r', '2'],
  ])('%j', (input, expected) => expect(after(short, input)).toBe(expected));

  it.each([
    ['7', '@7'],
    ['12', '@12'],
    ['123', '@3'],
    ['39', '@9'],
    ['30\r', '30'],
    ['00', '@1'],
    [`1${DOWN}2`, '@2'],
  ])('%j, of thirty', (input, expected) => expect(after(long, input)).toBe(expected));
});

describe('the screen', () => {
  it('shows every item, the current one marked', () => {
    const lines = menuLines({ ...short, at: 1 }, { columns: 80, rows: 24, glyphs: UNICODE });
    expect(lines.map(({ text }) => text)).toEqual([
      'Loudspeaker:',
      '  1 Built-in',
      '› 2 Headset',
      '  3 HDMI',
      'arrows, Enter; s: skip, q: leave',
    ]);
  });

  it.each([
    [80, 24],
    [40, 10],
    [20, 5],
    [11, 3],
  ])(
    'fits %i columns and %i rows wherever the cursor is, and shows where it is',
    (columns, rows) => {
      for (let at = 0; at < long.labels.length; at += 1) {
        const lines = menuLines({ ...long, at }, { columns, rows, glyphs: UNICODE, live: '▮▮▯▯' });
        expect(lines.length).toBeLessThanOrEqual(Math.max(rows, 4));
        for (const { text } of lines) expect(stringWidth(text)).toBeLessThan(columns);
        expect(lines.filter(({ kind }) => kind === 'current')).toHaveLength(1);
      }
    },
  );
});
