/** What every failure of gemlive looks like on stderr. */
import { expect } from 'vitest';
import type { CliResult } from './cli.ts';

/** One error of at most three lines, after any warnings; never a stack, never exit 1. */
export function expectFailure(
  result: Pick<CliResult, 'code' | 'stderr'>,
  exitCode: number,
  ...words: RegExp[]
): void {
  const { code, stderr } = result;
  expect(stderr).toMatch(/^(warning: [^\n]+\n( {2}try: [^\n]+\n)?)*error: /);
  const error = stderr.slice(stderr.search(/^error: /m));
  expect(error).toMatch(/^error: [^\n]+\n( {2}why: [^\n]+\n)?( {2}try: [^\n]+\n)?$/);
  for (const word of words) expect(stderr).toMatch(word);
  expectNoStack(stderr);
  expect(code).toBe(exitCode);
}

export function expectNoStack(text: string): void {
  expect(text).not.toMatch(/^\s+at .*[(:]\d+/m);
  expect(text).not.toMatch(/\(a bug\)|\bnode:internal|UnhandledPromise|\(node:\d+\)/);
}
