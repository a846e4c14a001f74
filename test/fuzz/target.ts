/** What the fuzzer runs: a property that no input may break. Short in CI, long in `npm run fuzz`. */
import type * as fc from 'fast-check';

export type Target = {
  name: string;
  /** Its part of all runs, in per cent. */
  share: number;
  property: fc.IRawProperty<unknown>;
};

export function ensure(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** The path of the first number in `value` that JSON cannot carry. */
export function notFinite(value: unknown, path = ''): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  for (const [key, entry] of Object.entries(value)) {
    const found = notFinite(entry, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

export const same = (a: Uint8Array, b: Uint8Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(b);
