// `npm run bench:server [-- PART... --sessions N --seconds N --idle N --profile FOLDER --save]`: parts are talking,
// idle, turnover and neighbours; 500 talk for 60 seconds and 5000 are idle, unless told otherwise. A run of all parts
// goes into docs/server-performance.md, and one of some parts with --save. `--profile`: V8's profiles of the server.
import { resolve } from 'node:path';
import { benchArguments } from './bench-arguments.mjs';
import { build, installPackages, runBench } from './prepare.mjs';

const PARTS = ['talking', 'idle', 'turnover', 'neighbours'];

const { values, env, usage } = benchArguments(
  'npm run bench:server',
  PARTS,
  { sessions: '500', seconds: '60', idle: '5000' },
  { profile: 'FOLDER' },
);
if (Number(values.seconds) < 11) usage('--seconds is less than a round of the conversation: 11');
if (process.platform !== 'linux') {
  console.error('error: the bench needs Linux (/proc)');
  process.exit(1);
}

await installPackages();
await build();
runBench('test/bench/vitest.config.ts', 'test/bench/server/serverBench.ts', {
  ...env,
  ...(values.profile !== undefined && { BENCH_PROFILE: resolve(values.profile) }),
});
