/** One thing that was looked at: what came of it, and what to do. */
import { GemliveError, type ExitCode } from '../../errors.ts';
import type { CheckStatus, Fix } from '../../ui/checkLines.ts';

export type { Fix } from '../../ui/checkLines.ts';

/** In the order in which they are told: what comes later may depend on what comes before. */
export const CHECKS = [
  'system',
  'settings',
  'sound',
  'recorder',
  'microphone',
  'player',
  'loopback',
  'speech',
  'key',
  'network',
  'service',
  'model',
  'session',
  'engines',
] as const;
export type CheckName = (typeof CHECKS)[number];

export type Check = {
  name: CheckName;
  /** `skipped`: it was not looked at, which is no fault of its own. */
  status: CheckStatus;
  /** One line. */
  summary: string;
  /** More lines, for people. */
  more?: readonly string[];
  /** For programs; names carry their units. */
  facts?: Record<string, unknown>;
  /** The first one is what helps most. */
  fix?: readonly Fix[];
  /** Of a `fail`. */
  exitCode?: ExitCode;
};

export const skipped = (name: CheckName, why: string): Check => ({
  name,
  status: 'skipped',
  summary: `not checked: ${why}`,
});

/** An error of gemlive as a failed check; its hint follows the fixes that are known to be better. */
export function failed(name: CheckName, error: GemliveError, fix: readonly Fix[] = []): Check {
  const { message, why, hint, code, exitCode } = error;
  return {
    name,
    status: 'fail',
    summary: message,
    exitCode,
    facts: { code },
    ...(why !== undefined && { more: [why] }),
    fix: fix.length > 0 || hint === undefined ? fix : [{ words: hint }],
  };
}

export const textOf = (fix: Fix): string => ('run' in fix ? fix.run : fix.words);
