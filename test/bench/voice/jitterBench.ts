/** Five minutes on each bad network: `vitest run --config test/bench/vitest.config.ts test/bench/voice/jitterBench.ts`. */
import { expect, it } from 'vitest';

import { jitterTable, measureJitter } from './jitter.ts';

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 300);

it('plays through bad networks', { timeout: (3 * SECONDS + 120) * 1000 }, async () => {
  const rows = await measureJitter({ seconds: SECONDS });
  process.stdout.write(`${jitterTable(rows)}\n`);
  expect(rows.filter(({ whole }) => !whole)).toEqual([]);
});
