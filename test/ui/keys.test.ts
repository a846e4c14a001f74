import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyParser, type Key } from '../../src/ui/keys.ts';
import { edit, EMPTY_LINE, type EditedLine } from '../../src/ui/lineEditor.ts';

const keysOf = (...chunks: string[]): Key[] => {
  const parser = new KeyParser();
  return [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.flush()];
};
const text = (typed: string): Key => ({ key: 'text', text: typed });
const paste = (pasted: string): Key => ({ key: 'paste', text: pasted });

describe('keys', () => {
  it.each<[string, Key[]]>([
    ['\x1b', [{ key: 'escape' }]],
    ['\x1b\x1b', [{ key: 'escape' }, { key: 'escape' }]],
    ['\x1b[D', [{ key: 'left' }]],
    ['\x1b[3~', [{ key: 'delete' }]],
    ['\x1b[1;5C', []],
    ['\x1bOP', []],
    ['\x1bOD', [{ key: 'left' }]],
    ['\x1bx', []],
    ['\x1b\r', []],
    ['m', [text('m')]],
    ['héllo', [text('héllo')]],
    ['a\rb\x7f', [text('a'), { key: 'enter' }, text('b'), { key: 'backspace' }]],
    ['\x03', [{ key: 'interrupt' }]],
    ['\x04', [{ key: 'eof' }]],
    ['?\x1b', [text('?'), { key: 'escape' }]],
    ['\x1a\x00', []],
  ])('%j', (chunk, keys) => expect(keysOf(chunk)).toEqual(keys));

  it.each<[string, Key[]]>([
    ['\x1b[27u', [{ key: 'escape' }]],
    ['\x1b[27;1:3u', []],
    ['\x1b[99;5u', [{ key: 'interrupt' }]],
    ['\x1b[99;69u', [{ key: 'interrupt' }]], // with caps lock
    ['\x1b[100;5u', [{ key: 'eof' }]],
    ['\x1b[13u', [{ key: 'enter' }]],
    ['\x1b[57414;129u', [{ key: 'enter' }]], // the keypad's, with num lock
    ['\x1b[127;1:2u', [{ key: 'backspace' }]],
    ['\x1b[1;1:2D', [{ key: 'left' }]],
    ['\x1b[1;1:3D', []],
    ['\x1b[109;;109u', [text('m')]],
    ['\x1b[109u', [text('m')]],
    ['\x1b[47;2;63u', [text('?')]],
    ['\x1b[47:63;2u', [text('?')]],
    ['\x1b[97;2u', [text('A')]],
    ['\x1b[0;;228u', [text('ä')]], // an input method
    ['\x1b[32;;32u', [text(' ')]],
    ['\x1b[32;1:2;32u', [{ key: 'text', text: ' ', repeat: true }]],
    ['\x1b[32;1:3u', [{ key: 'release', text: ' ' }]],
    ['\x1b[32;5u', []],
    ['\x1b[109;3u', []], // with Alt
    ['\x1b[57441;2u', []], // Shift alone
    ['\x1b[?11u', [{ key: 'protocol' }]],
    ['\x1b[1114112u\x1b[55296u\x1b[99999999999999999999u', []], // no characters
  ])('of the kitty protocol: %j', (chunk, keys) => expect(keysOf(chunk)).toEqual(keys));

  it('a sequence may come in pieces; what never ends is dropped', () => {
    expect(keysOf('\x1b[', 'D')).toEqual([{ key: 'left' }]);
    expect(keysOf('a\x1b', '[', '99;', '5u')).toEqual([text('a'), { key: 'interrupt' }]);
    expect(keysOf('\x1b[12')).toEqual([]);
    const parser = new KeyParser();
    expect(parser.push('\x1b[')).toEqual([]);
    expect(parser.waiting).toBe(true);
    expect(parser.flush()).toEqual([]);
    expect(parser.push('m')).toEqual([text('m')]);
  });

  it('one ESC byte alone in its chunk acts at once, whatever came before', () => {
    for (const before of ['', 'a', '\x1b[', '\x1b[200~pasted\x1b[201~', 'b\x1b']) {
      const parser = new KeyParser();
      parser.push(before);
      expect(parser.push('\x1b').at(-1)).toEqual({ key: 'escape' });
      expect(parser.waiting).toBe(false);
    }
  });

  it('a paste is words: its line breaks are no Enter, its sequences no keys', () => {
    expect(keysOf('\x1b[200~one\rtwo\r\nthree\tq\x03\x1b[D\x1b[201~\r')).toEqual([
      paste('one\ntwo\nthree q[D'),
      { key: 'enter' },
    ]);
    expect(keysOf('\x1b[200~one\r', '\ntwo\x1b[2', '01~m')).toEqual([
      paste('one\n'),
      paste('two'),
      text('m'),
    ]);
  });

  it('a paste whose end is lost does not keep the user', () => {
    expect(keysOf('\x1b[200~one', '\x03', 'm')).toEqual([
      paste('one'),
      { key: 'interrupt' },
      text('m'),
    ]);
  });

  /** Runs of one kind joined: where a run was cut by a chunk is no difference. */
  const joined = (keys: Key[]): Key[] =>
    keys.reduce<Key[]>((done, key) => {
      const last = done.at(-1);
      const joins =
        (last?.key === 'text' && key.key === 'text' && !last.repeat && !key.repeat) ||
        (last?.key === 'paste' && key.key === 'paste');
      if (!joins) return [...done, key];
      return [...done.slice(0, -1), { ...last, text: last.text + key.text }];
    }, []);

  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 5 }),
    fc.constantFrom(
      '\r',
      '\x7f',
      '\x03',
      '\x1b[D',
      '\x1bOC',
      '\x1b[27u',
      '\x1b[32;1:3u',
      '\x1b[3~',
    ),
    fc
      .tuple(fc.nat(70_000), fc.nat(255), fc.nat(4))
      .map(([code, modifiers, event]) => `\x1b[${code};${modifiers}:${event}u`),
    fc.string({ unit: 'binary', maxLength: 20 }).map((inner) => {
      const pasted = inner.replaceAll('\x1b', '');
      return `\x1b[200~${pasted}\r\n\x1b[201~`;
    }),
  );

  it('means the same wherever the reads cut it', () => {
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(200)), (pieces, cuts) => {
        const input = pieces.join('');
        const at = [...cuts, input.length].sort((a, b) => a - b);
        const chunks = at
          .map((end, index) => input.slice(at[index - 1] ?? 0, end))
          .filter((chunk) => chunk !== '');
        // An ESC alone is the Esc key, and Ctrl+C alone ends a paste: those cuts do make a difference.
        fc.pre(!chunks.some((chunk) => chunk === '\x1b' || chunk === '\x03'));
        expect(joined(keysOf(...chunks))).toEqual(joined(keysOf(input)));
      }),
    );
  });

  it('takes anything, in any pieces, and no text has a control character in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(piece, fc.string({ unit: 'binary' }), fc.constant('\x1b'))),
        (chunks) => {
          for (const key of keysOf(...chunks)) {
            if (key.key === 'text') expect(key.text).not.toMatch(/[\x00-\x1f\x7f]/);
            if (key.key === 'paste') expect(key.text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
          }
        },
      ),
    );
  });
});

describe('the line that is typed', () => {
  const type = (line: EditedLine, ...chunks: string[]): EditedLine =>
    keysOf(...chunks).reduce(edit, line);

  it('is edited by grapheme', () => {
    expect(type(EMPTY_LINE, 'ab👩‍👩‍👧', '\x7f')).toEqual({ before: 'ab', after: '' });
    expect(type(EMPTY_LINE, 'abc', '\x1b[D', '\x1b[D', 'X')).toEqual({ before: 'aX', after: 'bc' });
    expect(type(EMPTY_LINE, 'abc', '\x01', '\x1b[C', '\x7f')).toEqual({ before: '', after: 'bc' });
    expect(type(EMPTY_LINE, 'abc', '\x15', 'd')).toEqual({ before: 'd', after: '' });
    expect(type(EMPTY_LINE, '\x7f', '\x1b[D', '\x1b[C')).toEqual(EMPTY_LINE);
    expect(type(EMPTY_LINE, 'one two  ', '\x17')).toEqual({ before: 'one ', after: '' });
    expect(type(EMPTY_LINE, 'ab', '\x1b[D', '\x1b[3~')).toEqual({ before: 'a', after: '' });
  });

  it('takes a paste whole, line breaks and all', () => {
    expect(type(EMPTY_LINE, 'a', '\x1b[200~1\r2\x1b[201~', 'z')).toEqual({
      before: 'a1\n2z',
      after: '',
    });
  });
});
