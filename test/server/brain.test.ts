import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calculate } from '../../src/server/brain/arithmetic.ts';
import { answer, sentencesOf } from '../../src/server/brain/builtIn.ts';
import { digitsForWords, valueOfWords } from '../../src/server/brain/numbers.ts';

const NOW = new Date(2026, 10, 21, 14, 5);
const ask = (text: string, earlier: string[] = []) => answer({ text, earlier, now: NOW });

describe('number words', () => {
  it.each([
    ['twelve', 12],
    ['forty two', 42],
    ['one hundred', 100],
    ['one hundred and forty four', 144],
    ['two thousand five hundred', 2500],
    ['three million two hundred thousand and one', 3_200_001],
    ['one two', undefined],
    ['twenty eleven', undefined],
    ['and', undefined],
  ])('%s is %s', (words, value) => expect(valueOfWords(words.split(' '))).toBe(value));

  it.each([
    ['what is twelve times twelve', 'what is 12 times 12'],
    ['forty-two plus one', '42 plus 1'],
    ['one two three', '1 2 3'],
    ['five and six', '5 and 6'],
    ['hundred', 'hundred'],
    ['two and a half', '2 and a half'],
  ])('%s → %s', (words, digits) => expect(digitsForWords(words)).toBe(digits));
});

describe('arithmetic', () => {
  it.each([
    ['what is 12 times 12', 144],
    ['What is 12 * (3 + 4)?', 84],
    ['what is twelve time twelve', 144],
    ['seven plus five divided by two', 9.5],
    ['one hundred minus one', 99],
    ['2 to the power of 10', 1024],
    ['five squared', 25],
    ['10 percent of 250', 25],
    ['-3 + 5', 2],
    ['1,000 times 3', 3000],
    ['2 ^ 3 ^ 2', 512],
    ['what is 0.1 + 0.2', 0.30000000000000004],
  ])('%s', (text, value) => expect(calculate(text)?.value).toBe(value));

  it.each(['what is 12', 'hello', 'call 555', '3 + ', '(((', '12 apples and', '2026-11'])(
    '%s is no calculation, or a small one, and never throws',
    (text) =>
      expect([undefined, 'number']).toContain(calculate(text) && typeof calculate(text)?.value),
  );
});

describe('answers', () => {
  it.each([
    ['what is 12 times 12', '12 times 12 is 144.'],
    ['What time is it?', 'It is 2:05 PM.'],
    ['what day is it today', 'Today is Saturday, 21 November 2026.'],
    ["What's the date?", 'Today is Saturday, 21 November 2026.'],
    ['repeat after me: the sky is blue', 'The sky is blue.'],
    ['Say Hello World!', 'Hello World!'],
    ['count to five', '1, 2, 3, 4, 5.'],
    ['please count from 3 to 1', '3, 2, 1.'],
    ['my name is ada', 'Nice to meet you, Ada.'],
    ['hello', 'Hello! What can I do for you?'],
    ['what is 1 divided by 0', '1 divided by 0 has no value.'],
  ])('%s → %s', (question, reply) => expect(ask(question)).toBe(reply));

  it('remembers', () => {
    expect(ask('what did I say?', ['the sky is blue'])).toBe('You said: The sky is blue.');
    expect(ask('what did I say?')).toMatch(/not said anything/);
    expect(ask('what is my name', ['my name is Ada', 'hello'])).toBe('Your name is Ada.');
    expect(ask('what is my name')).toMatch(/not told me/);
  });

  it('counts long ways in sentences', () => {
    const reply = ask('please count to one hundred');
    expect(sentencesOf(reply)).toHaveLength(10);
    expect(reply.endsWith('100.')).toBe(true);
    expect(ask('count to 999999999').length).toBeLessThan(6000);
  });

  it('says what it can do where it has no answer, and takes any text', () => {
    expect(ask('why is the sky blue')).toMatch(/no answer to that.*time.*arithmetic/);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const reply = ask(text);
        expect(reply.length).toBeGreaterThan(0);
        expect(sentencesOf(reply).join('')).toBe(reply);
      }),
    );
  });
});
