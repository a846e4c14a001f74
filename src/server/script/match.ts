/** Whether a frame has what a script expects of it, and the first place where it has not. */
import type { Json } from './script.ts';

/** `/…/flags` as a regular expression; undefined for any other text. @throws Error in words */
export function asPattern(text: string): RegExp | undefined {
  const found = /^\/(.+)\/([a-z]*)$/s.exec(text);
  if (!found) return undefined;
  try {
    // Without `g` and `y`: they would remember where they last were.
    return new RegExp(found[1] ?? '', (found[2] ?? '').replace(/[gy]/g, ''));
  } catch (error) {
    throw new Error(`not a regular expression: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Undefined when `value` has all of `expected`; otherwise where it differs, in words. Fields of objects
 * that are not named, and further entries of lists, may be anything.
 */
export function difference(value: unknown, expected: Json, path = ''): string | undefined {
  const here = path === '' ? 'it' : path;
  if (expected === null) {
    return value === undefined || value === null ? undefined : `${here} is there`;
  }
  if (typeof expected === 'string') {
    const pattern = asPattern(expected);
    if (!pattern) return value === expected ? undefined : `${here} is ${short(value)}`;
    return typeof value === 'string' && pattern.test(value)
      ? undefined
      : `${here} is ${short(value)}`;
  }
  if (typeof expected !== 'object') {
    return value === expected ? undefined : `${here} is ${short(value)}`;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(value)) return `${here} is ${short(value)}`;
    for (const [index, entry] of expected.entries()) {
      const found = difference(value[index], entry, `${path}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `${here} is ${short(value)}`;
  }
  for (const [key, entry] of Object.entries(expected)) {
    const inner = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    const found = difference(inner, entry, path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

const MAX_SHOWN = 100;

/** For messages: one line, sound left out. */
export function short(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value, (key, inner: unknown) =>
    key === 'data' && typeof inner === 'string' ? `(${inner.length} characters)` : inner,
  );
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
