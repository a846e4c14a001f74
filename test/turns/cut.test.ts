import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutAtHeard } from '../../src/turns/cut.ts';

it.each([
  ['one two three four', 0, 4000, '—'],
  ['one two three four', 4000, 4000, 'one two three four'],
  ['one two three four', 9000, 4000, 'one two three four'],
  ['one two three four', 1000, 4000, 'one—'],
  ['one two three four', 2100, 4000, 'one two—'],
  ['一二三四五六七八', 2000, 4000, '一二三四—'],
  ['unheard of', 0, 0, 'unheard of—'],
  ['', 0, 0, '—'],
])('%j heard %d of %d ms is %j', (text, heardMs, soundMs, expected) => {
  expect(cutAtHeard(text, heardMs, soundMs)).toBe(expected);
});

it('is a beginning of the text with a dash, or the whole of it', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.nat(5000),
      fc.nat(5000),
      (text, heard, sound) => {
        const cut = cutAtHeard(text, heard, sound);
        if (cut === text) return;
        expect(cut.endsWith('—')).toBe(true);
        expect(text.startsWith(cut.slice(0, -1))).toBe(true);
      },
    ),
  );
});

it('never grows when less was heard', () => {
  fc.assert(
    fc.property(fc.lorem({ maxCount: 30 }), fc.nat(1000), fc.nat(1000), (text, a, b) => {
      const [less, more] = a < b ? [a, b] : [b, a];
      expect(cutAtHeard(text, less, 1000).length).toBeLessThanOrEqual(
        cutAtHeard(text, more, 1000).length + 1,
      );
    }),
  );
});
