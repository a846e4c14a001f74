// `npm run screens`: the pictures of `talk` in docs/screens, from a real run on a private sound server.
// Takes about a minute.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, installPackages, installPrograms, root } from './prepare.mjs';

await installPackages();
const missing = await installPrograms([
  'script',
  'pulseaudio',
  'pactl',
  'flite',
  'pocketsphinx_continuous',
]);
if (missing.length > 0) {
  console.error(`error: no pictures of a conversation without ${missing.join(', ')}`);
  process.exit(1);
}
await build();
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', '--config', 'test/screens/vitest.config.ts'];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
