// `npm run bench:voice [-- PART... --times N --seconds N --save]`: parts are silence, microphone, networks, devices
// and interruptions; 50 times each, and 300 seconds of bad networks, unless told otherwise. A run of all parts
// goes into docs/voice.md, and one of some parts with --save.
import { parseArgs } from 'node:util';
import { build, installPackages, installPrograms, runBench } from './prepare.mjs';

const PARTS = ['silence', 'microphone', 'networks', 'devices', 'interruptions'];

/** @returns {never} */
function usage(what) {
  console.error(
    `error: ${what}\n  try: npm run bench:voice -- [${PARTS.join('|')}]... [--times N] [--seconds N] [--save]`,
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
const seconds = Number(values.seconds ?? 300);
if (!(seconds >= 1)) usage(`--seconds is no number from 1 up: ${values.seconds}`);
if (!(Number.isInteger(times) && times >= 1)) usage(`--times is no count: ${values.times}`);

await installPackages();
const missing = await installPrograms(['pulseaudio', 'pactl', 'aplay', 'sox', 'flite', 'pipewire']);
if (process.platform !== 'linux' || missing.length > 0) {
  console.error('error: the bench needs Linux, PulseAudio and PipeWire');
  process.exit(1);
}
await build();
runBench('test/bench/vitest.config.ts', 'test/bench/voice/voiceBench.ts', {
  BENCH_TIMES: String(times),
  BENCH_SECONDS: String(seconds),
  BENCH_SAVE: values.save || positionals.length === 0 ? '1' : '0',
  ...(positionals.length > 0 && { BENCH_PARTS: positionals.join(',') }),
});
