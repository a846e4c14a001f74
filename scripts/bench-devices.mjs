// `npm run bench:devices`: takes about a quarter of an hour on Debian with PulseAudio and PipeWire.
import { installPrograms, runBench } from './prepare.mjs';

await installPrograms(['pulseaudio', 'pactl', 'aplay', 'sox', 'ffmpeg', 'pipewire']);
runBench('test/bench/vitest.config.ts', 'test/bench/devices.ts');
