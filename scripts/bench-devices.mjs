// `npm run bench:devices`: takes about a quarter of an hour on Debian with PulseAudio and PipeWire.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installPrograms, root } from './prepare.mjs';

await installPrograms(['pulseaudio', 'pactl', 'aplay', 'sox', 'ffmpeg', 'pipewire']);
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', '--config', 'test/bench/vitest.config.ts', 'test/bench/devices.ts'];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
