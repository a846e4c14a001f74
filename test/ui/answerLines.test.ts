import { expect, it } from 'vitest';
import { AnswerLines } from '../../src/ui/answerLines.ts';

it('prints each line once, as it was last, and then what late words add', () => {
  const lines = new AnswerLines();
  expect(lines.take()).toBe('');
  lines.final(1, 'All of it was sent early');
  lines.final(1, 'All of it—');
  expect(lines.take()).toBe('All of it—');
  expect(lines.take()).toBe('');
  lines.final(2, 'Yes.');
  expect(lines.take()).toBe('Yes.');
  lines.final(2, 'Yes. Indeed.');
  expect(lines.take()).toBe('Indeed.');
  lines.final(3, 'Yes. Indeed.');
  expect(lines.take()).toBe('Yes. Indeed.');
});
