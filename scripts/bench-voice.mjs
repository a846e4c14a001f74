// `npm run bench:voice [-- PART... --times N --seconds N --save]`: parts are silence, microphone, networks, devices
// and interruptions; 50 times each, and 300 seconds of bad networks, unless told otherwise. A run of all parts
// goes into docs/voice.md, and one of some parts with --save.
import { benchArguments } from './bench-arguments.mjs';
import { build, installPackages, installPrograms, runBench } from './prepare.mjs';

const PARTS = ['silence', 'microphone', 'networks', 'devices', 'interruptions'];

const { env } = benchArguments('npm run bench:voice', PARTS, { times: '50', seconds: '300' });
await installPackages();
const missing = await installPrograms(['pulseaudio', 'pactl', 'aplay', 'sox', 'flite', 'pipewire']);
if (process.platform !== 'linux' || missing.length > 0) {
  console.error('error: the bench needs Linux, PulseAudio and PipeWire');
  process.exit(1);
}
await build();
runBench('test/bench/vitest.config.ts', 'test/bench/voice/voiceBench.ts', env);
