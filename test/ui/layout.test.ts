import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ASCII, glyphsFor, UNICODE } from '../../src/ui/glyphs.ts';
import { clip, fitting, meter, stringWidth, tail, wrap } from '../../src/ui/layout.ts';

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
  expect(clip('abcdefg', 6, ASCII)).toBe('abc...');
  expect(clip('abcdefg', 2, ASCII)).toBe('..');
});

it('tail keeps the end, by whole characters', () => {
  expect(tail('abcdef', 3)).toBe('def');
  expect(tail('日本語', 5)).toBe('本語');
  expect(tail('ab👩‍👩‍👧', 2)).toBe('👩‍👩‍👧');
  expect(tail('ab', 9)).toBe('ab');
});

it('what is typed or pasted never makes a line wider than it may be', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 0, max: 40 }),
      (text, columns) => {
        expect(stringWidth(clip(text, columns))).toBeLessThanOrEqual(columns);
        expect(stringWidth(tail(text, columns))).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

it('the meter is full at 1 and empty at 0, whatever comes', () => {
  expect(meter(0, 4)).toBe('▯▯▯▯');
  expect(meter(0.5, 4)).toBe('▮▮▯▯');
  expect(meter(7, 4)).toBe('▮▮▮▮');
  expect(meter(-1, 4)).toBe('▯▯▯▯');
  expect(meter(0.5, 4, ASCII)).toBe('##--');
  expect(meter(1, 4, UNICODE, true)).toBe('▮▮▮!');
});

it('a narrow status line keeps its first parts', () => {
  const parts = ['● listening', 'you ▮▮', 'q quit'];
  expect(fitting(parts, '  ', 80)).toEqual(parts);
  expect(fitting(parts, '  ', 20)).toEqual(['● listening', 'you ▮▮']);
  expect(fitting(parts, '  ', 6)).toEqual(['● listening']);
});

it.each([
  [{ LANG: 'de_DE.UTF-8' }, UNICODE],
  [{ LANG: 'en_US.utf8', TERM: 'xterm' }, UNICODE],
  [{ LC_ALL: 'C', LANG: 'C.UTF-8' }, ASCII],
  [{ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' }, UNICODE],
  [{ LANG: 'de_DE@euro' }, ASCII],
  [{}, ASCII],
  [{ LANG: 'C.UTF-8', TERM: 'linux' }, ASCII],
  [{ LANG: 'C.UTF-8', TERM: 'dumb' }, ASCII],
])('%j can show more than ASCII, or not', (environment, glyphs) => {
  expect(glyphsFor(environment, 'linux')).toBe(glyphs);
});

it('without a locale the typography of others is plain, and their letters stay', () => {
  expect(ASCII.punctuation('“Café” — it’s…')).toBe('"Café" - it\'s...');
});
