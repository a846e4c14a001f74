import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SentenceSplitter, sentencesOf } from '../../src/server/brain/sentences.ts';

describe('sentences', () => {
  it.each<[string, string[]]>([
    ['Hello. How are you? Fine!', ['Hello. ', 'How are you? ', 'Fine!']],
    ['It is 3.5 degrees. Yes.', ['It is 3.5 degrees. ', 'Yes.']],
    ['See Dr. No, Mr. Bean, e.g. now. Then go.', ['See Dr. No, Mr. Bean, e.g. now. ', 'Then go.']],
    [
      'J. R. Smith of the U.S. Army came. I did.',
      ['J. R. Smith of the U.S. Army came. ', 'I did.'],
    ],
    ['So do I. Then go.', ['So do I. ', 'Then go.']],
    ['At 5 p.m. we go. At 6 p.m. They go.', ['At 5 p.m. we go. ', 'At 6 p.m. ', 'They go.']],
    ['Cats, dogs, etc. are here. Etc. Yes.', ['Cats, dogs, etc. are here. ', 'Etc. ', 'Yes.']],
    ['1. Milk\n2. Eggs\n\nThat is all.', ['1. Milk\n', '2. Eggs\n', '\nThat is all.']],
    ['“Stop!” he said. "Go." She went.', ['“Stop!” he said. ', '"Go." ', 'She went.']],
    ['Well... perhaps. Hm… No.', ['Well... perhaps. ', 'Hm… ', 'No.']],
    ['What?! Really?', ['What?! ', 'Really?']],
    [
      'See https://a.example/b.c?d=e. Then v1.2.3.',
      ['See https://a.example/b.c?d=e. ', 'Then v1.2.3.'],
    ],
    ['**Done.** Next.', ['**Done.** ', 'Next.']],
    ['你好。我很好！「是的。」再见', ['你好。', '我很好！', '「是的。」', '再见']],
    ['नमस्ते। कैसे हो?', ['नमस्ते। ', 'कैसे हो?']],
    ['... ! Well.', ['... ! Well.']],
    ['A line\nand another', ['A line\n', 'and another']],
    ['Windows.\r\nLines.', ['Windows.\r', '\nLines.']],
    ['', []],
    [' \n ', [' \n ']],
  ])('%j', (text, sentences) => expect(sentencesOf(text)).toEqual(sentences));

  it('are given as soon as they are sure', () => {
    const splitter = new SentenceSplitter();
    expect(splitter.push('It is 3.')).toEqual([]); // perhaps 3.5
    expect(splitter.push('5 now')).toEqual([]);
    expect(splitter.push('.')).toEqual([]);
    expect(splitter.push(' ')).toEqual(['It is 3.5 now. ']);
    expect(splitter.push('Line\n')).toEqual(['Line\n']);
    expect(splitter.push('At 5 p.m. ')).toEqual([]); // perhaps `we go`
    expect(splitter.push('T')).toEqual(['At 5 p.m. ']);
    expect(splitter.end()).toEqual(['T']);
    expect(splitter.end()).toEqual([]);
  });

  it('that are too long are cut, at a comma where there is one', () => {
    const words = 'word '.repeat(20).trim();
    const [first = '', second = ''] = sentencesOf(`${words}, ${words} ${words}, end.`);
    expect(first).toBe(`${words}, `);
    expect(second.endsWith(' ')).toBe(true);
    expect(sentencesOf(`${words} ${words} ${words}`).map((piece) => piece.length)).toEqual([
      200, 99,
    ]);
    const unbroken = sentencesOf('😀'.repeat(250));
    expect(unbroken.map((piece) => piece.length)).toEqual([200, 200, 100]);
    expect(sentencesOf(`a${'😀'.repeat(150)}`).every((piece) => !/\p{Cs}/u.test(piece))).toBe(true);
  });

  const text = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '.',
          '. ',
          '? ',
          '!',
          '\n',
          ' ',
          '"',
          ')',
          ',',
          '。',
          '」',
          '…',
          '3.5',
          'Dr.',
        ),
        fc.constantFrom(
          'e.g. ',
          'p.m. ',
          'I.',
          'Word',
          'word',
          'word '.repeat(30),
          '😀',
          '\r\n',
          '1.',
        ),
        fc.string({ unit: 'grapheme', maxLength: 8 }),
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join(''));

  it('joined are the text, and do not depend on where it was cut', () => {
    fc.assert(
      fc.property(
        text,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (all, sizes) => {
          const splitter = new SentenceSplitter();
          const got: string[] = [];
          for (let at = 0, turn = 0; at < all.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1;
            got.push(...splitter.push(all.slice(at, at + size)));
            at += size;
          }
          got.push(...splitter.end());
          expect(got.join('')).toBe(all);
          expect(got).toEqual(sentencesOf(all));
          for (const piece of got) expect(piece.length).toBeGreaterThan(0);
          for (const piece of got) expect(piece.length).toBeLessThanOrEqual(201);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
