// `npm run conformance [-- NAME... --real --real-url URL --turns N --long]`: every scenario, every open question
// and the timing, against `gemlive serve`. With --real the same against the real service (GEMINI_API_KEY), and
// what differs; --real-url names another server instead, which needs no key. NAME is a scenario, a question,
// `probes` or `timing`. --long adds what takes minutes. Exits 1 where `gemlive serve` did not do its part.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build, installPackages, installPrograms, root } from './prepare.mjs';

const REAL_URL = 'https://generativelanguage.googleapis.com';

/** @returns {never} */
function usage(what) {
  console.error(
    `error: ${what}\n  try: npm run conformance -- [NAME]... [--real] [--real-url URL] [--turns N] [--long]`,
  );
  process.exit(2);
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        real: { type: 'boolean', default: false },
        'real-url': { type: 'string' },
        turns: { type: 'string', default: '20' },
        long: { type: 'boolean', default: false },
        'no-build': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return usage(error.message);
  }
}

/** The scenarios are TypeScript, which Node 20 does not read. */
async function load(folder) {
  const { build: bundle } = await import('rolldown');
  await bundle({
    cwd: root,
    input: { run: 'test/conformance/compare/run.ts' },
    platform: 'node',
    external: ['bufferutil', 'utf-8-validate'],
    output: { dir: folder, format: 'esm', entryFileNames: '[name].mjs' },
    logLevel: 'warn',
  });
  return import(pathToFileURL(join(folder, 'run.mjs')).href);
}

async function serve() {
  const child = spawn(process.execPath, [join(root, 'bin', 'gemlive.js'), 'serve', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: tmpdir(),
  });
  const lines = createInterface({ input: child.stdout });
  const [url] = await Promise.race([
    once(lines, 'line'),
    once(child, 'close').then(([code]) => {
      throw new Error(`gemlive serve ended with ${code}`);
    }),
  ]);
  return { url, child };
}

const { values, positionals } = read();
const turns = Number(values.turns);
if (!(Number.isInteger(turns) && turns >= 1)) usage(`--turns is no count: ${values.turns}`);
const realUrl = values['real-url'];
if (realUrl !== undefined && !URL.canParse(realUrl)) usage(`--real-url is no URL: ${realUrl}`);
if (realUrl !== undefined && values.real) usage('--real and --real-url exclude each other');
const key = process.env.GEMINI_API_KEY ?? process.env.GOOGLE_API_KEY;
if (values.real && !key) {
  console.log('skipped: --real needs GEMINI_API_KEY, and there is none');
  process.exit(0);
}
let other;
if (values.real) other = { name: 'real', url: REAL_URL, key };
else if (realUrl !== undefined) other = { name: 'other', url: realUrl, key: undefined };

if (!values['no-build']) {
  await installPackages();
  const missing = await installPrograms(['flite', 'pocketsphinx_continuous']);
  if (missing.length > 0) usage(`not on this machine: ${missing.join(', ')}`);
  await build();
}
const folder = mkdtempSync(join(tmpdir(), 'gemlive-conformance-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let server;
try {
  const { run, NAMES } = await load(folder);
  const unknown = positionals.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) usage(`unknown name "${unknown}"; there are ${NAMES.join(', ')}`);
  server = await serve();
  const { scenarios, probes, failed, differences } = await run({
    local: { name: 'gemlive', url: server.url, key: undefined },
    other,
    only: positionals,
    long: values.long,
    turns,
    fixtures: join(root, 'audio-fixtures'),
    limitMs: values.real ? 90_000 : 45_000,
    print: (line) => console.log(line),
  });
  const compared = other ? `, ${differences} differences` : '';
  console.log(
    `conformance: ${scenarios} scenarios, ${probes} probes, ${failed.length} failed${compared}`,
  );
  if (failed.length > 0) {
    console.log(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
} finally {
  if (server && server.child.exitCode === null) {
    server.child.kill('SIGTERM');
    await once(server.child, 'close');
  }
}
