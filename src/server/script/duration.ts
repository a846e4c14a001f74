/** `500ms`, `5s`, `1.5m`, `2h`, or a number of milliseconds. */
import type { Duration } from './script.ts';

const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** Timers take no more than 24 days; a test, far less. */
const MAX_MS = 86_400_000;

export const DURATION_PATTERN = /^\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h)$/;

/** Undefined for what is no duration, or longer than a day. */
export function readDuration(value: Duration): number | undefined {
  let ms = NaN;
  if (typeof value === 'number') ms = value;
  else if (DURATION_PATTERN.test(value)) {
    const unit = /[a-z]+$/.exec(value)?.[0] ?? 'ms';
    ms = Number(value.slice(0, -unit.length)) * (UNITS_MS[unit] ?? NaN);
  }
  return ms >= 0 && ms <= MAX_MS ? ms : undefined;
}

/** Of one that has been checked. */
export const msOf = (value: Duration | undefined, fallbackMs: number): number =>
  value === undefined ? fallbackMs : (readDuration(value) ?? fallbackMs);

/** In words: `500 ms`, `5 s`. */
export const inWords = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);
