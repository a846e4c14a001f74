// `npm run bench:echo [-- ROOM... --no-words]`: rooms on files, faster than real time; all of them, or those whose
// names contain one of the given. A whole run takes some four minutes and goes into docs/echo.md.
import { parseArgs } from 'node:util';
import { installPackages, installPrograms, runBench } from './prepare.mjs';

/** @returns {never} */
function usage(what) {
  console.error(`error: ${what}\n  try: npm run bench:echo -- [ROOM]... [--no-words]`);
  process.exit(2);
}

function read() {
  try {
    return parseArgs({ allowPositionals: true, options: { 'no-words': { type: 'boolean' } } });
  } catch (error) {
    return usage(error.message);
  }
}

const { values, positionals } = read();
const words = values['no-words'] !== true;

await installPackages();
const needed = ['flite', 'espeak-ng', 'sox', ...(words ? ['pocketsphinx_continuous'] : [])];
const missing = await installPrograms(needed);
if (missing.length > 0) {
  console.error(`error: the bench needs ${missing.join(', ')}`);
  process.exit(1);
}
runBench('test/bench/vitest.config.ts', 'test/bench/echoBench.ts', {
  GL_BENCH_ROOMS: positionals.join('\n'),
  GL_BENCH_WORDS: words ? 'yes' : 'no',
});
