import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeys } from '../../src/ui/keys.ts';
import { edit, EMPTY_LINE, type EditedLine } from '../../src/ui/lineEditor.ts';

describe('keys', () => {
  it.each([
    ['\x1b', [{ key: 'escape' }]],
    ['\x1b[D', [{ key: 'left' }]],
    ['\x1b[1;5C', []],
    ['\x1bOP', []],
    ['m', [{ key: 'text', text: 'm' }]],
    ['héllo', [{ key: 'text', text: 'héllo' }]],
    [
      'a\rb\x7f',
      [
        { key: 'text', text: 'a' },
        { key: 'enter' },
        { key: 'text', text: 'b' },
        { key: 'backspace' },
      ],
    ],
    ['\x03', [{ key: 'interrupt' }]],
    ['\x04', [{ key: 'eof' }]],
    ['?\x1b', [{ key: 'text', text: '?' }, { key: 'escape' }]],
    ['\x1a\x00', []],
  ])('%j', (chunk, keys) => expect(parseKeys(chunk)).toEqual(keys));

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (chunk) => {
        for (const key of parseKeys(chunk))
          if (key.key === 'text') expect(key.text).not.toMatch(/[\x00-\x1f]/);
      }),
    );
  });
});

describe('the line that is typed', () => {
  const type = (line: EditedLine, ...chunks: string[]): EditedLine =>
    chunks.flatMap(parseKeys).reduce(edit, line);

  it('is edited by grapheme', () => {
    expect(type(EMPTY_LINE, 'ab👩‍👩‍👧', '\x7f')).toEqual({ before: 'ab', after: '' });
    expect(type(EMPTY_LINE, 'abc', '\x1b[D', '\x1b[D', 'X')).toEqual({ before: 'aX', after: 'bc' });
    expect(type(EMPTY_LINE, 'abc', '\x01', '\x1b[C', '\x7f')).toEqual({ before: '', after: 'bc' });
    expect(type(EMPTY_LINE, 'abc', '\x15', 'd')).toEqual({ before: 'd', after: '' });
    expect(type(EMPTY_LINE, '\x7f', '\x1b[D', '\x1b[C')).toEqual(EMPTY_LINE);
  });
});
