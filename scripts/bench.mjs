// `npm run bench [-- PART... --seconds N --save]`: parts are startup, cpu (with memory), latency, idle; the
// seconds are those of two-way audio of every subject, 300 unless told otherwise. A run of all parts goes
// into docs/performance.md, and one of some parts with --save. Takes 35 minutes on Debian with PulseAudio.
import { parseArgs } from 'node:util';
import { build, installPackages, installPrograms, runBench } from './prepare.mjs';

const PARTS = ['startup', 'cpu', 'latency', 'idle'];

/** @returns {never} */
function usage(what) {
  console.error(
    `error: ${what}\n  try: npm run bench -- [${PARTS.join('|')}]... [--seconds N] [--save]`,
  );
  process.exit(2);
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { seconds: { type: 'string' }, save: { type: 'boolean' } },
    });
  } catch (error) {
    return usage(error.message);
  }
}

const { values, positionals } = read();
const unknown = positionals.find((part) => !PARTS.includes(part));
if (unknown !== undefined) usage(`unknown part "${unknown}"`);
const seconds = Number(values.seconds ?? 300);
if (!(seconds >= 1)) usage(`--seconds is no number from 1 up: ${values.seconds}`);

await installPackages();
const missing = await installPrograms(['pulseaudio', 'pactl', 'aplay']);
if (process.platform !== 'linux' || missing.length > 0) {
  console.error('error: the bench needs Linux (/proc) and PulseAudio');
  process.exit(1);
}
await build();
runBench('test/bench/vitest.config.ts', 'test/bench/bench.ts', {
  BENCH_SECONDS: String(seconds),
  BENCH_SAVE: values.save || positionals.length === 0 ? '1' : '0',
  ...(positionals.length > 0 && { BENCH_PARTS: positionals.join(',') }),
});
