import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joint, mergeTranscripts } from '../../src/protocol/joinWords.ts';

const joined = (pieces: readonly string[], isNew = false): string =>
  pieces.reduce((line, piece) => line + joint(line, piece, isNew) + piece, '');

/** Texts as people write them: words, marks and numbers with single blanks between. */
const word = fc.oneof(
  fc.stringMatching(/^[a-zäöß]{1,8}$/),
  fc.stringMatching(/^[A-Z][a-z]{0,6}$/),
  fc.constantFrom('3.14', '10,000', '12:30', 'U.S.', 'e.g.', "don't", 'well-known', '(so)', '№5'),
  fc.constantFrom('Привет', 'κόσμε', 'مرحبا', 'नमस्ते', '안녕'),
);
const mark = fc.constantFrom('', '', '', ',', '.', '?', '!', '…', ':', ';');
const text = fc
  .array(fc.tuple(word, mark), { minLength: 1, maxLength: 12 })
  .map((words) => words.map(([one, end]) => one + end).join(' '));
const sentence = fc
  .tuple(fc.stringMatching(/^[A-Z][a-z]{1,6}$/), fc.array(fc.stringMatching(/^[a-z]{1,8}$/)))
  .map(([first, rest]) => `${[first, ...rest].join(' ')}.`);

/** `text` in pieces. */
const cut = (text: string, at: readonly number[]): string[] => {
  const cuts = [...new Set(at.map((one) => one % text.length))].toSorted((a, b) => a - b);
  return [0, ...cuts].map((from, index) => text.slice(from, cuts[index]));
};

describe('pieces of a transcript', () => {
  it('that carry their own blanks stay as they are, wherever they are cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 10 }), (whole, at) => {
        expect(joined(cut(whole, at))).toBe(whole);
      }),
      { numRuns: 2_000 },
    );
  });

  it('that are whole sentences have one blank between them', () => {
    fc.assert(
      fc.property(fc.array(sentence, { minLength: 1 }), (sentences) => {
        expect(joined(sentences)).toBe(sentences.join(' '));
      }),
    );
  });

  it('of different utterances have a blank between them, whatever they are', () => {
    fc.assert(
      fc.property(text, text, (one, two) => {
        expect(joined([one, two], true)).toBe(`${one} ${two}`);
      }),
    );
  });

  it('in a script without blanks have none', () => {
    const words = fc.array(fc.stringMatching(/^[一-龠ぁ-んァ-ヶ]{1,5}。?$/), { minLength: 1 });
    fc.assert(
      fc.property(words, fc.boolean(), (pieces, isNew) => {
        expect(joined(pieces, isNew)).toBe(pieces.join(''));
      }),
    );
  });

  it.each([
    [['Hel', 'lo'], 'Hello'],
    [['It is 3.', '14.'], 'It is 3.14.'],
    [['10,', '000'], '10,000'],
    [['node.', 'js'], 'node.js'],
    [['J.', 'R.'], 'J.R.'],
    [['Is it so?', 'Yes.'], 'Is it so? Yes.'],
    [['He said "no."', 'Then he left.'], 'He said "no." Then he left.'],
    [['वह आया।', 'वह गया।'], 'वह आया। वह गया।'],
    [['これは本です。', 'はい。'], 'これは本です。はい。'],
    [['สวัสดี', 'ครับ'], 'สวัสดีครับ'],
    [['Hello', '!'], 'Hello!'],
    [['One. ', 'Two.'], 'One. Two.'],
    [['One.', ' Two.'], 'One. Two.'],
  ])('%j', (pieces, line) => {
    expect(joined(pieces)).toBe(line);
  });

  it.each([
    [['I would like to', 'book a table'], 'I would like to book a table'],
    [['Well', ', then'], 'Well, then'],
    [['(', 'so'], '(so'],
    [['これは', '本です'], 'これは本です'],
  ])('%j of two utterances', (pieces, line) => {
    expect(joined(pieces, true)).toBe(line);
  });
});

describe('a transcript that comes again', () => {
  it.each([
    [
      'I would like to book a table for two.',
      'book a table for two.',
      'I would like to book a table for two.',
    ],
    ['I would like', 'I would like to book a table.', 'I would like to book a table.'],
    ['book a table', 'table for two', 'book a table table for two'],
    ['book a table for two', 'for two at noon.', 'book a table for two at noon.'],
    ['Book a table, for two!', 'book a table for 2', 'book a table for 2'],
    ['What time is it', 'what dime is it now', 'what dime is it now'],
    ['これは本です', '本ですか', 'これは本ですか'],
    ['a table for two.', 'a table for two.a table for two.', 'a table for two.'],
    ['I like a table for two.', 'a table for two.a table for two.', 'I like a table for two.'],
    ['a table for two.', 'for two, please.', 'a table for two, please.'],
    ['Yes.', '', 'Yes.'],
  ])('%j, then %j', (said, again, line) => {
    expect(mergeTranscripts(said, again)).toBe(line);
  });

  it('leaves a line as it is', () => {
    fc.assert(
      fc.property(text, (line) => {
        expect(mergeTranscripts(line, line)).toBe(line);
      }),
    );
  });

  it('keeps every word that is new', () => {
    const words = fc.uniqueArray(fc.stringMatching(/^[a-z]{3,8}$/), {
      minLength: 4,
      maxLength: 12,
    });
    fc.assert(
      fc.property(words, fc.nat(), (all, at) => {
        const from = 2 + (at % (all.length - 2));
        const [said, more] = [all.slice(0, from).join(' '), all.join(' ')];
        expect(mergeTranscripts(said, more)).toBe(more);
        expect(mergeTranscripts(said, all.slice(from - 2).join(' '))).toBe(more);
      }),
    );
  });
});
