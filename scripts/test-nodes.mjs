// `npm run test:nodes`: `npm test` in clean copies of this tree, with each Node that is supported, with the
// native module `speaker` and without. Takes about six minutes for each of the six runs.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, run } from './prepare.mjs';

const USAGE = `usage: npm run test:nodes -- [20 22 24] [--with-speaker] [--without-speaker] [-- ARGUMENTS OF VITEST]
  the versions are those of the npm package \`node\`; without one of the two options, both are run
  try: npm run test:nodes -- 24 --without-speaker -- test/cli`;

/** `{ versions, speakers, vitest }`; speakers: with it (true), without (false), or both. */
function readArguments(args) {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const { values, positionals } = parseArgs({
    args: args.slice(0, end),
    allowPositionals: true,
    options: { 'with-speaker': { type: 'boolean' }, 'without-speaker': { type: 'boolean' } },
  });
  const odd = positionals.find((version) => !/^\d+(\.\d+){0,2}$/.test(version));
  if (odd !== undefined) throw new Error(`no version of Node: ${odd}`);
  const speakers = [true, false].filter((is) => values[is ? 'with-speaker' : 'without-speaker']);
  return {
    versions: positionals.length > 0 ? positionals : ['20', '22', '24'],
    speakers: speakers.length > 0 ? speakers : [true, false],
    vitest: args.slice(end + 1),
  };
}

/** The folder of its program. Rejects where npm has no such version. */
async function installNode(version, folder) {
  mkdirSync(folder, { recursive: true });
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, `node@${version}`]);
  const bin = join(folder, 'node_modules', 'node', 'bin');
  if (!existsSync(join(bin, 'node')))
    throw new Error(`npm's package node@${version} has no program`);
  return bin;
}

/** What is in git, and what could be, as it is on the disk now: no packages, nothing built. */
function copyTree(to) {
  const list = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (list.status !== 0) throw new Error(`git ls-files: ${list.error?.message ?? list.stderr}`);
  for (const path of list.stdout.split('\0')) {
    if (path === '' || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(root, path), join(to, path));
  }
}

/** Runs `npm test` there, shown as it goes. Its own limits end it. Resolves to how it ended and its last count. */
function npmTest(cwd, bin, withSpeaker, vitest) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  delete env.GL_TEST_WITHOUT_SPEAKER;
  if (!withSpeaker) env.GL_TEST_WITHOUT_SPEAKER = '1';
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['test', '--', ...vitest], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let tail = '';
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      tail = (tail + chunk).slice(-1000);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const count =
        /^tests: (.*)$/m.exec(tail)?.[1] ?? `no count (${signal ?? `exit code ${code}`})`;
      resolve({ ok: code === 0, count });
    });
  });
}

async function runOne(version, withSpeaker, vitest, folder, bin) {
  const started = performance.now();
  const copy = join(folder, `${version}-${withSpeaker ? 'with' : 'without'}`);
  copyTree(copy);
  const node = spawnSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`\n== Node ${node}, ${withSpeaker ? 'with' : 'without'} speaker`);
  const { ok, count } = await npmTest(copy, bin, withSpeaker, vitest);
  const built = existsSync(join(copy, 'node_modules/speaker/build/Release/binding.node'));
  rmSync(copy, { recursive: true, force: true });
  const seconds = Math.round((performance.now() - started) / 1000);
  const asWanted = built === withSpeaker;
  const why = asWanted ? '' : ` (wanted: ${withSpeaker ? 'yes' : 'no'})`;
  return {
    ok: ok && asWanted,
    line: `Node ${node}, speaker: ${built ? 'yes' : 'no'}${why}, ${count}, ${seconds} s`,
  };
}

async function main({ versions, speakers, vitest }) {
  const folder = mkdtempSync(join(tmpdir(), 'gemlive-nodes-'));
  // Recorded sessions lie beside the tree: also beside its copies.
  const shared = join(root, '..', 'shared');
  if (existsSync(shared)) symlinkSync(shared, join(folder, 'shared'));
  const results = [];
  let interrupted = false;
  // The run that goes on gets it, too, and ends; then the folder can go.
  process.once('SIGINT', () => (interrupted = true));
  try {
    for (const version of versions) {
      const bin = await installNode(version, join(folder, `node-${version}`));
      for (const withSpeaker of speakers) {
        if (!interrupted) results.push(await runOne(version, withSpeaker, vitest, folder, bin));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    console.log('');
    for (const { ok, line } of results) console.log(`${ok ? 'ok    ' : 'FAILED'}  ${line}`);
  }
  return !interrupted && results.every(({ ok }) => ok);
}

let chosen;
try {
  chosen = readArguments(process.argv.slice(2));
} catch (error) {
  console.error(`error: ${error.message}\n${USAGE}`);
  process.exit(2);
}
try {
  process.exitCode = (await main(chosen)) ? 0 : 1;
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
