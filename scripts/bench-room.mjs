// `npm run bench:room [-- PART... --times N --seconds N --save]`: the built talk in live rooms. Parts are settled,
// alone, interruptions, headphones, noises, system and cost; some 55 minutes for all, which then go into docs/echo.md.
import { benchArguments } from './bench-arguments.mjs';
import { build, installPackages, installPrograms, runBench } from './prepare.mjs';

const PARTS = ['settled', 'alone', 'interruptions', 'headphones', 'noises', 'system', 'cost'];

const { env } = benchArguments('npm run bench:room', PARTS, { times: '50', seconds: '600' });
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
runBench('test/bench/vitest.config.ts', 'test/bench/roomBench.ts', env);
