// `npm run bench:server [-- PART... --sessions N --seconds N --idle N --profile FOLDER --save]`: parts are talking,
// idle, turnover and neighbours; 500 talk for 60 seconds and 5000 are idle, unless told otherwise. A run of all parts
// goes into docs/server-performance.md, and one of some parts with --save. `--profile`: V8's profiles of the server.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, installPackages, runBench } from './prepare.mjs';

const PARTS = ['talking', 'idle', 'turnover', 'neighbours'];

/** @returns {never} */
function usage(what) {
  console.error(
    `error: ${what}\n  try: npm run bench:server -- [${PARTS.join('|')}]... [--sessions N] [--seconds N] [--idle N] [--profile FOLDER] [--save]`,
  );
  process.exit(2);
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        sessions: { type: 'string', default: '500' },
        seconds: { type: 'string', default: '60' },
        idle: { type: 'string', default: '5000' },
        profile: { type: 'string' },
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
for (const name of ['sessions', 'seconds', 'idle']) {
  const count = Number(values[name]);
  if (!(Number.isInteger(count) && count >= 1)) usage(`--${name} is no count: ${values[name]}`);
}
if (Number(values.seconds) < 11) usage('--seconds is less than a round of the conversation: 11');
if (process.platform !== 'linux') {
  console.error('error: the bench needs Linux (/proc)');
  process.exit(1);
}

await installPackages();
await build();
runBench('test/bench/vitest.config.ts', 'test/bench/server/serverBench.ts', {
  BENCH_SESSIONS: values.sessions,
  BENCH_SECONDS: values.seconds,
  BENCH_IDLE: values.idle,
  BENCH_SAVE: values.save || positionals.length === 0 ? '1' : '0',
  ...(positionals.length > 0 && { BENCH_PARTS: positionals.join(',') }),
  ...(values.profile !== undefined && { BENCH_PROFILE: resolve(values.profile) }),
});
