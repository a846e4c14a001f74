/** Talk in real time over a network that fails, in a minute; a quarter of an hour of it with `npm run soak`. */
import { writeSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import type { Plan } from './faults.ts';
import { soak } from './soak.ts';

const SEED = Number(process.env['GL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const SESSIONS: Record<string, Plan[]> = {
  'connections that are cut': [
    { kind: 'drop', moment: 'speech' },
    { kind: 'drop', moment: 'thinking' },
    { kind: '1011', moment: 'speech' },
    { kind: 'lost, then dropped', moment: 'speech' },
    { kind: 'drop', moment: 'reply' },
    { kind: 'none', moment: 'rest' },
  ],
  'a server that goes, and forgets': [
    { kind: 'goAway', moment: 'speech' },
    { kind: 'away', moment: 'thinking' },
    { kind: 'goAway', moment: 'reply' },
    { kind: 'stale handle', moment: 'speech' },
    { kind: 'none', moment: 'rest' },
  ],
  'a slow network that hesitates': [
    { kind: 'drop', moment: 'speech', slow: true },
    { kind: 'held writes', moment: 'speech', direction: 'up' },
    { kind: 'held writes', moment: 'reply', direction: 'down' },
    { kind: 'goAway', moment: 'thinking', slow: true },
  ],
  'a connection that is open and dead': [{ kind: 'half-open', moment: 'speech' }],
  'a connection that lets nothing out': [{ kind: 'half-open', moment: 'speech', direction: 'up' }],
  'a connection that lets nothing in': [
    { kind: 'half-open', moment: 'thinking', direction: 'down' },
  ],
};

const tell = (line: string): void => void (process.env['SOAK_TELL'] && writeSync(2, `${line}\n`));

describe.skipIf(process.platform === 'win32')('talk over a network that fails', () => {
  it.concurrent.each(Object.entries(SESSIONS))('%s', { timeout: 120_000 }, async (_what, plans) => {
    const soaked = await soak(plans, { seed: SEED, tell });
    expect({ seed: SEED, faults: soaked.faults }).toEqual({ seed: SEED, faults: [] });
    expect(soaked.well).toBe(soaked.utterances);
    if (process.env['SOAK_TELL']) console.log(JSON.stringify(soaked, undefined, 1));
  });
});
