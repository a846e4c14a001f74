import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, fitParts, meter, stringWidth, wrap } from '../../src/ui/layout.ts';

describe('wrap', () => {
  it('breaks at blanks, and words that are too wide', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrap('日本語のテキスト', 6)).toEqual(['日本語', 'のテキ', 'スト']);
    expect(wrap('a\nb', 10)).toEqual(['a', 'b']);
  });

  it('never exceeds the width and loses nothing but blanks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        fc.integer({ min: 2, max: 40 }),
        (text, columns) => {
          const clean = text.replace(/[\p{C}]/gu, '');
          const lines = wrap(clean, columns);
          // A single character may be wider than a very narrow line.
          for (const line of lines) {
            const isOne = [...new Intl.Segmenter().segment(line)].length === 1;
            if (!isOne) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
          }
          expect(lines.join('').replace(/\s/gu, '')).toBe(clean.replace(/\s/gu, ''));
        },
      ),
    );
  });
});

it('clip keeps what fits and says that something is missing', () => {
  expect(clip('abcdef', 6)).toBe('abcdef');
  expect(clip('abcdefg', 6)).toBe('abcde…');
  expect(clip('日本語', 5)).toBe('日本…');
});

it('the meter is full at 1 and empty at 0, whatever comes', () => {
  expect(meter(0, 4)).toBe('▯▯▯▯');
  expect(meter(0.5, 4)).toBe('▮▮▯▯');
  expect(meter(7, 4)).toBe('▮▮▮▮');
  expect(meter(-1, 4)).toBe('▯▯▯▯');
});

it('a narrow status line keeps its first parts', () => {
  expect(fitParts(['● listening', 'you ▮▮', 'q quit'], '  ', 80)).toBe(
    '● listening  you ▮▮  q quit',
  );
  expect(fitParts(['● listening', 'you ▮▮', 'q quit'], '  ', 20)).toBe('● listening  you ▮▮');
  expect(fitParts(['● listening', 'you ▮▮', 'q quit'], '  ', 6)).toBe('● lis…');
});
