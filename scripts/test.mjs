// `npm test`: the deterministic tests and one real conversation, from a clean checkout. `npm run test:all`: the
// rest, which measures real time or takes long. Arguments select files of both: `npm test -- test/live`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, FOR_SPEAKER, installPackages, installPrograms, root } from './prepare.mjs';
import { TestRun } from './testRun.mjs';

const QUICK = ['unit', 'conversation'];
const REST = ['slow', 'device', 'realtime'];
/** A run that takes longer hangs. The first needs 5 minutes on two cores, the second 15. */
const LIMIT_SECONDS = { quick: 20 * 60, rest: 45 * 60 };
const GIVE_UP_MS = 5_000;

const args = process.argv.slice(2);
const isRest = args.includes('--rest');
/** For tests of this script: what they run beside must not lose its dist/. */
const isBuilt = args.includes('--no-build');
const selection = args.filter((arg) => arg !== '--rest' && arg !== '--no-build');

const absent = await installPrograms([
  'pulseaudio',
  'pactl',
  'aplay',
  'sox',
  'flite',
  'pocketsphinx_continuous',
  'espeak-ng',
  'ffmpeg',
  'zsh',
  'fish',
  'groff',
  'pipewire',
  ...FOR_SPEAKER,
]);
// After them: npm builds `speaker` only where its headers are.
await installPackages();
const missing = absent.filter((program) => !FOR_SPEAKER.includes(program));
if (missing.length > 0 && process.env.CI === 'true') {
  console.error(
    `error: under CI every test must run, and these are missing: ${missing.join(', ')}`,
  );
  process.exit(1);
}
if (!isBuilt) await build();

const projects = selection.length > 0 ? [] : isRest ? REST : QUICK;
const limitSeconds =
  Number(process.env.GL_TEST_LIMIT_SECONDS) || LIMIT_SECONDS[isRest ? 'rest' : 'quick'];
const run = new TestRun();
const vitest = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    `--reporter=${join(root, 'scripts', 'testProgress.mjs')}`,
    ...projects.map((name) => `--project=${name}`),
    ...selection,
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...run.environment },
    // A group of its own: a signal for this script ends it only after the summary knows.
    detached: process.platform !== 'win32',
  },
);
vitest.on('message', (message) => run.take(message));

/** Why the run was ended from here. */
let ended;
function end(why) {
  if (ended !== undefined) return;
  ended = why;
  // At once, because what is killed tells nothing more.
  run.stopped();
  signal('SIGTERM');
  setTimeout(() => signal('SIGKILL'), GIVE_UP_MS).unref();
}
function signal(name) {
  try {
    if (process.platform === 'win32') vitest.kill(name);
    else process.kill(-(vitest.pid ?? Number.NaN), name);
  } catch {
    // It has ended.
  }
}
setTimeout(
  () => end(`the time limit of ${limitSeconds} s was reached`),
  limitSeconds * 1000,
).unref();
for (const [name, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 })) {
  process.on(name, () => {
    process.exitCode = 128 + number;
    end(`${name} was received`);
  });
}

const status = await new Promise((resolve) => {
  vitest.on('error', (error) => resolve(error.message));
  vitest.on('exit', (code, killedBy) => resolve(killedBy ?? code));
});
signal('SIGKILL');
if (ended === undefined && status !== 0 && status !== 1) ended = `vitest ended with ${status}`;
run.killRemains();
const failed = run.report(ended, status !== 0);
process.exitCode ||= failed ? 1 : 0;
// Something of a killed run may still hold the channel.
process.exit();
