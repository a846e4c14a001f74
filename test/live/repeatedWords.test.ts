import { describe, expect, it } from 'vitest';
import { RepeatedWords } from '../../src/live/repeatedWords.ts';

/** What is new of the transcriptions of the second session, after those of the first. */
function again(first: readonly string[], second: readonly string[]): string[] {
  const words = new RepeatedWords();
  expect(first.map((text) => words.fresh(text))).toEqual(first);
  words.repeat();
  return second.map((text) => words.fresh(text));
}

describe('what is transcribed again', () => {
  it.each<[string, string[], string[], string[]]>([
    ['the same sentence', ['What is it?'], ['What is it?'], ['']],
    ['in other pieces', ['What is', ' it?'], ['Wh', 'at', ' is it', '?'], ['', '', '', '']],
    ['with other blanks and signs', ['what is it'], [' What, is it?'], ['']],
    ['and goes on', ['What is twel'], ['What is twelve times', ' two?'], ['ve times', ' two?']],
    ['as its end only', ['I would like to', 'book a table.'], ['Book a table.'], ['']],
    ['otherwise, from a word on', ['What is twelve'], ['What is twenty times'], [' twenty times']],
    ['as something else', ['Yes.'], ['What is it?'], ['What is it?']],
    ['after nothing', [], ['What is it?'], ['What is it?']],
  ])('%s', (_what, first, second, fresh) => {
    expect(again(first, second)).toEqual(fresh);
  });

  it('is written down when the question was answered before', () => {
    const words = new RepeatedWords();
    words.fresh('What is it?');
    words.over();
    words.repeat();
    expect(words.fresh('What is it?')).toBe('What is it?');
  });

  it('a third time is not written down, either', () => {
    const words = new RepeatedWords();
    words.fresh('What is');
    words.repeat();
    expect(words.fresh('What is it?')).toBe(' it?');
    words.repeat();
    expect(words.fresh('What is it? Well?')).toBe(' Well?');
  });
});
