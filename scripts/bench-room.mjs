// `npm run bench:room [-- PART... --times N --seconds N --save]`: the built talk in live rooms. Parts are settled,
// alone, interruptions, noises and cost; some 30 minutes for all, which then go into docs/echo.md.
import { parseArgs } from 'node:util';
import { build, installPackages, installPrograms, runBench } from './prepare.mjs';

const PARTS = ['settled', 'alone', 'interruptions', 'noises', 'cost'];

/** @returns {never} */
function usage(what) {
  console.error(
    `error: ${what}\n  try: npm run bench:room -- [${PARTS.join('|')}]... [--times N] [--seconds N] [--save]`,
  );
  process.exit(2);
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        times: { type: 'string' },
        seconds: { type: 'string' },
        save: { type: 'boolean' },
      },
    });
  } catch (error) {
    return usage(error.message);
  }
}

const { values, positionals } = read();
const unknown = positionals.find((part) => !PARTS.includes(part));
if (unknown !== undefined) usage(`unknown part "${unknown}"`);
const times = Number(values.times ?? 50);
const seconds = Number(values.seconds ?? 600);
if (!(seconds >= 1)) usage(`--seconds is no number from 1 up: ${values.seconds}`);
if (!(Number.isInteger(times) && times >= 1)) usage(`--times is no count: ${values.times}`);

await installPackages();
const missing = await installPrograms([
  'pulseaudio',
  'pactl',
  'sox',
  'flite',
  'pocketsphinx_continuous',
]);
if (process.platform !== 'linux' || missing.length > 0) {
  console.error(`error: the bench needs Linux and ${missing.join(', ') || 'PulseAudio'}`);
  process.exit(1);
}
await build();
runBench('test/bench/vitest.config.ts', 'test/bench/roomBench.ts', {
  BENCH_TIMES: String(times),
  BENCH_SECONDS: String(seconds),
  BENCH_SAVE: values.save || positionals.length === 0 ? '1' : '0',
  ...(positionals.length > 0 && { BENCH_PARTS: positionals.join(',') }),
});
