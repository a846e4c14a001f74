/** `npm run soak -- --real --minutes N`: talk in real time over a network that fails. */
import { writeSync } from 'node:fs';

import { expect, it } from 'vitest';

import { computer } from '../bench/machine.ts';
import { quantile } from '../bench/figures.ts';
import { replaceSection } from '../bench/report.ts';
import { cycle, type Plan } from './faults.ts';
import { fastGaps, leaks, report } from './report.ts';
import { soak } from './soak.ts';
import { randomFrom } from './utterances.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 15);
const SEED = Number(process.env['GL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

function* plans(random: () => number): Generator<Plan> {
  for (let round = 0; ; round += 1) yield* cycle(round, random);
}

it('no word is lost, none is said twice', { timeout: (MINUTES + 5) * 60_000 }, async () => {
  console.log(`seed ${SEED}`);
  const soaked = await soak(plans(randomFrom(SEED)), {
    seed: SEED,
    endMs: performance.now() + MINUTES * 60_000,
    tell: (line) => writeSync(2, `${line}\n`),
  });
  const text = report(soaked, computer());
  console.log(`${text}\n`, soaked.faults, soaked.warnings);
  if (process.env['BENCH_SAVE'] === '1')
    replaceSection('reconnecting.md', 'network', 'npm run soak -- --real --save', text);
  expect({ seed: SEED, faults: soaked.faults }).toEqual({ seed: SEED, faults: [] });
  expect(soaked.well).toBe(soaked.utterances);
  // No gap on this network is longer than the 5 s of the microphone that wait.
  expect(soaked.warnings['mic_backlog']).toBeUndefined();
  expect(leaks(soaked.resources)).toEqual([]);
  for (const which of ['gapMs', 'soundAfterMs'] as const) {
    const gaps = fastGaps(soaked.struck, which);
    expect(gaps.length).toBeGreaterThan(0);
    expect(quantile(gaps, 0.5)).toBeLessThan(500);
    expect(quantile(gaps, 0.95)).toBeLessThan(1000);
  }
});
