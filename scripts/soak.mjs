// `npm run soak`: a network that fails all the time. A day of talk on a clock and a network of our own, in some seconds,
// three times, each from another seed (`--day` for that alone, `--hours N`); then the built binary in real time, for 15
// minutes (`--real` for that alone, `--minutes N`), whose table goes into docs/reconnecting.md with --save. GL_SEED
// repeats one. The first failure ends it.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { build, installPackages, runBench } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '24' },
    minutes: { type: 'string', default: '15' },
    day: { type: 'boolean', default: false },
    real: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
for (const name of ['hours', 'minutes']) {
  if (Number(values[name]) >= 1) continue;
  console.error(`error: --${name} is no number from 1 up: ${values[name]}`);
  process.exit(2);
}
await installPackages();
if (values.day || !values.real) {
  const seeds = process.env.GL_SEED ? [process.env.GL_SEED] : [1, 2, 3].map(() => `${Date.now()}`);
  for (const [index, seed] of seeds.entries()) {
    const env = { ...process.env, SOAK_HOURS: values.hours, GL_SEED: `${Number(seed) + index}` };
    const args = ['vitest', 'run', 'test/live/day.test.ts', '--testTimeout', '3600000'];
    const { status } = spawnSync('npx', args, { stdio: 'inherit', env });
    if (status !== 0) process.exit(status ?? 1);
  }
}
if (values.real || !values.day) {
  if (process.platform === 'win32') {
    console.error('error: the soak in real time needs named pipes');
    process.exit(1);
  }
  await build();
  runBench('test/bench/vitest.config.ts', 'test/soak/soakBench.ts', {
    SOAK_MINUTES: values.minutes,
    ...(values.save && { BENCH_SAVE: '1' }),
  });
}
