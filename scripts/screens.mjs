// `npm run screens`: the pictures of `talk` in docs/screens, from a real run on a private sound server.
// Takes about a minute.
import { build, installPackages, installPrograms, runBench } from './prepare.mjs';

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
runBench('test/screens/vitest.config.ts');
