// `npm run soak:voice [-- --minutes N]`: a conversation of an hour, or N minutes, and what it holds; the table goes
// into docs/voice.md.
import { parseArgs } from 'node:util';
import { build, installPackages, installPrograms, runBench } from './prepare.mjs';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } });
const minutes = Number(values.minutes);
if (!(Number.isInteger(minutes) && minutes >= 1)) {
  console.error(`error: --minutes is no count: ${values.minutes}`);
  process.exit(2);
}
await installPackages();
const missing = await installPrograms([
  'pulseaudio',
  'pactl',
  'sox',
  'flite',
  'pocketsphinx_continuous',
]);
if (process.platform !== 'linux' || missing.length > 0) {
  console.error(`error: the soak needs Linux and ${missing.join(', ')}`);
  process.exit(1);
}
await build();
runBench('test/bench/vitest.config.ts', 'test/bench/voice/soakBench.ts', {
  BENCH_MINUTES: String(minutes),
  BENCH_SAVE: '1',
});
