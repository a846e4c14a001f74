import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calculate, formatNumber } from '../../src/server/brain/arithmetic.ts';
import { answer } from '../../src/server/brain/builtIn.ts';
import { digitsForWords, valueOfWords } from '../../src/server/brain/numbers.ts';
import { sentencesOf } from '../../src/server/brain/sentences.ts';

const NOW = new Date(2026, 10, 21, 14, 5);
const timeIn = (timeZone: string): string =>
  NOW.toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit', timeZone }).replaceAll(
    '\u202f',
    ' ',
  );
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
    ['what is a hundred minus one', 99],
    ['a thousand plus a million', 1_001_000],
    ['twelve hundred plus one', 1201],
    ['what is two point five times two', 5],
    ['three point one four one five times two', 6.283],
    ['point five plus point five', 1],
    ['what is the square root of one hundred and forty four', 12],
    ['the square root of nine plus one', 4],
    ['subtract 5 from 9', 4],
    ['add three to four', 7],
    ['multiply six by seven', 42],
    ['divide eighty one by nine', 9],
    ['the difference between ten and four', 6],
    ['half of ten plus five', 10],
    ['double five plus one', 11],
    ['12x12', 144],
    ['seven times for', 28],
    ['two plus to', 4],
    ['what is to plus age', 10],
    ['what is mine plus two', 11],
    ['what is 0.1 + 0.2', 0.30000000000000004],
  ])('%s', (text, value) => expect(calculate(text)?.value).toBe(value));

  it.each([
    'five factorial plus one',
    'a third of nine plus one',
    'the cube root of eight plus one',
    'two dozen minus one',
    'two and a half times two',
    'one million million plus one',
  ])('%s is not understood, and no part of it is answered', (text) =>
    expect(calculate(text)).toBeUndefined(),
  );

  it.each([
    [0.1 + 0.2, '0.3'],
    [1 / 3, 'about 0.333333'],
    [144, '144'],
    [-0, '0'],
    [2 ** 53 - 1, '9007199254740991'],
    [999_999_999 ** 2, 'about 1.00 times 10 to the power of 18'],
    [1e-7, '0.0000001'],
    [1 / 30_000, 'about 0.0000333'],
    [1e-300, 'about 0'],
    [1234.5, '1234.5'],
  ])('%d is said as %s', (value, words) => expect(formatNumber(value)).toBe(words));

  it('never says a figure that is far from the value', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), (value) => {
        const [, figure = '', , power = '0'] =
          /^(?:about )?(-?[\d.]+)( times 10 to the power of (\d+))?$/.exec(formatNumber(value)) ??
          [];
        const said = Number(figure) * 10 ** Number(power);
        expect(Math.abs(said - value)).toBeLessThanOrEqual(Math.max(1e-6, Math.abs(value) * 0.006));
      }),
    );
  });

  it.each(['what is 12', 'hello', 'call 555', '3 + ', '(((', '12 apples and', '2026-11'])(
    '%s is no calculation, or a small one, and never throws',
    (text) =>
      expect([undefined, 'number']).toContain(calculate(text) && typeof calculate(text)?.value),
  );
});

describe('answers', () => {
  it.each([
    ['what is 12 times 12', '12 times 12 is 144.'],
    ['What is twelve times twelve?', '12 times 12 is 144.'],
    ['What time is it?', 'It is 2:05 PM.'],
    ['what day is it today', 'Today is Saturday, 21 November 2026.'],
    ["What's the date?", 'Today is Saturday, 21 November 2026.'],
    ['repeat after me: the sky is blue', 'The sky is blue.'],
    ['Say Hello World!', 'Hello World!'],
    ['count to five', '1, 2, 3, 4, 5.'],
    ['please count from 3 to 1', '3, 2, 1.'],
    ['my name is ada', 'Nice to meet you, Ada.'],
    ['hello', 'Hello! What can I do for you?'],
    ['what date is it tomorrow', 'Tomorrow is Sunday, 22 November 2026.'],
    ['what day was it yesterday', 'Yesterday was Friday, 20 November 2026.'],
    ['what time is it in rome', `In Rome it is ${timeIn('Europe/Rome')}.`],
    ['what time is it in New York?', `In New York it is ${timeIn('America/New_York')}.`],
    ['what time is it in narnia', 'I do not know the time in Narnia. Here it is 2:05 PM.'],
    ['can you say hello', 'Hello.'],
    ['count two ten', '1, 2, 3, 4, 5, 6, 7, 8, 9, 10.'],
    ['count down from three', '3, 2, 1.'],
    ['count to 5000', 'I count to 1000 at most.'],
    ['what is one divided by three', '1 divided by 3 is about 0.333333.'],
    ['what is the square root of 16', 'The square root of 16 is 4.'],
    ['what is the square root of -16', 'The square root of minus 16 has no value.'],
    ['what is 1 divided by 0', '1 divided by 0 has no value.'],
  ])('%s → %s', (question, reply) => expect(ask(question)).toBe(reply));

  it('remembers', () => {
    expect(ask('what did I say?', ['the sky is blue'])).toBe('You said: The sky is blue.');
    expect(ask('what did I say?')).toMatch(/not said anything/);
    expect(ask('what is my name', ['my name is Ada', 'hello'])).toBe('Your name is Ada.');
    expect(ask('what is my name')).toMatch(/not told me/);
    expect(answer({ text: 'say that again', earlier: [], answered: 'Yes.', now: NOW })).toBe(
      'Yes.',
    );
    expect(ask('please repeat that')).toMatch(/not said anything/);
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
