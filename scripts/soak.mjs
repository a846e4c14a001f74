// `npm run soak [-- --hours N]`: a day of talk, or N hours, on a clock and a network of our own, in some seconds; three
// times, each from another seed. GL_SEED repeats one. The first failure ends it.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { installPackages } from './prepare.mjs';

const { values } = parseArgs({ options: { hours: { type: 'string', default: '24' } } });
if (!(Number(values.hours) >= 1)) {
  console.error(`error: --hours is no number from 1 up: ${values.hours}`);
  process.exit(2);
}
await installPackages();
const seeds = process.env.GL_SEED ? [process.env.GL_SEED] : [1, 2, 3].map(() => `${Date.now()}`);
for (const [index, seed] of seeds.entries()) {
  const env = { ...process.env, SOAK_HOURS: values.hours, GL_SEED: `${Number(seed) + index}` };
  const args = ['vitest', 'run', 'test/live/day.test.ts', '--testTimeout', '3600000'];
  const { status } = spawnSync('npx', args, { stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}
