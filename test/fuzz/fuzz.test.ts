import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { TARGETS } from './targets.ts';

it('spends all its runs', () => {
  expect(TARGETS.reduce((sum, { share }) => sum + share, 0)).toBe(100);
});

// The long form is `npm run fuzz`.
it.each(TARGETS)('$name stands whatever comes', async ({ property }) => {
  await fc.assert(property, { numRuns: 300 });
});
