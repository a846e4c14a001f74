/** What `gemlive doctor --json` says. */
import { expect } from 'vitest';
import { eventsIn, type CliResult } from './cli.ts';
import { expectNoStack } from './messages.ts';

export type ToldCheck = {
  name: string;
  status: 'ok' | 'warn' | 'fail' | 'skipped';
  summary: string;
  facts: Record<string, unknown>;
  fix: string[];
};

export type Told = {
  code: number | null;
  checks: ToldCheck[];
  /** `recorder ✗`, …: those that are not fine. */
  trouble: string[];
  verdict: Record<string, unknown>;
  of: (name: string) => ToldCheck;
  stdout: string;
};

/** Reads and checks the shape: a plan, checks, one verdict, the end with the exit code. */
export function toldBy({ code, stdout, stderr }: CliResult): Told {
  const events = eventsIn(stdout);
  expect(stderr).toBe('');
  expectNoStack(stdout);
  expect(events[0]).toMatchObject({ type: 'plan', plays: expect.any(Boolean) });
  expect(events.at(-1)).toMatchObject({ type: 'end', exitCode: code });
  const verdict = events.at(-2) ?? {};
  expect(verdict['type']).toBe('verdict');
  const checks = events.filter(({ type }) => type === 'check') as unknown as ToldCheck[];
  expect(checks).toHaveLength(events.length - 3);
  const cause = checks.find(({ status }) => status === 'fail');
  // The first failure is the cause, and what helps against it is what is told last.
  expect(verdict['status'] === 'fail').toBe(cause !== undefined);
  if (cause) {
    expect(verdict).toMatchObject({ cause: cause.name, summary: cause.summary });
    expect(cause.fix[0]).toBe(verdict['fix']);
    expect(cause.fix[0]).toEqual(expect.any(String));
  }
  const marks = { ok: '✓', warn: '!', fail: '✗', skipped: '–' };
  return {
    code,
    checks,
    verdict,
    stdout,
    trouble: checks
      .filter(({ status }) => status !== 'ok')
      .map(({ name, status }) => `${name} ${marks[status]}`),
    of: (name) => {
      const found = checks.find((check) => check.name === name);
      if (!found) throw new Error(`nothing is told of ${name}: ${stdout}`);
      return found;
    },
  };
}
