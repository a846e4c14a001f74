/** The session's state machine against whatever a server, a network, a user and time may do to it. */
import * as fc from 'fast-check';
import { it } from 'vitest';
import { sessionModel } from './model/property.ts';

// The long forms are `npm run fuzz`, and MODEL_RUNS=25000 here.
const RUNS = Number(process.env['MODEL_RUNS'] ?? 1000);
const SEED = process.env['GL_SEED'];

it('a session keeps its promises', { timeout: 60_000 + RUNS * 100 }, async () => {
  const seed = SEED === undefined ? {} : { seed: Number(SEED) };
  await fc.assert(sessionModel, { numRuns: RUNS, ...seed });
});
