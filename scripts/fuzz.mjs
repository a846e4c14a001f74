// `npm run fuzz`: a million inputs (FUZZ_RUNS) over all targets of test/fuzz, and a million frames and handshakes
// at the built server, reproducible by FUZZ_SEED. FUZZ_TARGET=NAME runs one of them; the server is `server`, and
// FUZZ_ONLY=NUMBER one of its conversations. Exits with 1, and the smallest input that fails, when one does.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { build } from './prepare.mjs';

const root = join(import.meta.dirname, '..');
const totalRuns = numberOf('FUZZ_RUNS', 1_000_000);
const seed = numberOf('FUZZ_SEED', Math.floor(Math.random() * 2 ** 31));

function numberOf(name, fallback) {
  const text = process.env[name] ?? '';
  if (!/^-?\d*$/.test(text)) {
    console.error(`error: ${name} does not take ${JSON.stringify(text)}, only a whole number`);
    process.exit(2);
  }
  return text === '' ? fallback : Number(text);
}

/** src/ and test/fuzz as plain JavaScript in a folder of its own. */
function compile(folder) {
  const config = join(folder, 'tsconfig.json');
  const compilerOptions = {
    outDir: join(folder, 'built'),
    rootDir: root,
    declaration: false,
    typeRoots: [join(root, 'node_modules', '@types')],
  };
  const files = [
    'test/fuzz/targets.ts',
    'test/fuzz/server/campaign.ts',
    'src/audio/untypedPackages.d.ts',
  ];
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions,
      include: [],
      files: files.map((file) => join(root, file)),
    }),
  );
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the targets do not compile');
  const built = (name) => pathToFileURL(join(folder, 'built', 'test', 'fuzz', name)).href;
  return { targets: built('targets.js'), campaign: built('server/campaign.js') };
}

async function fuzz({ name, share, property }) {
  const numRuns = Math.max(1, Math.round((totalRuns * share) / 100));
  const startedAtMs = performance.now();
  const result = await fc.check(property, { seed, numRuns, endOnFailure: false });
  const seconds = (performance.now() - startedAtMs) / 1000;
  const rate = Math.round(result.numRuns / seconds);
  const row = [
    name.padEnd(22),
    String(result.numRuns).padStart(8),
    `${String(rate).padStart(7)}/s`,
  ];
  console.log(`${row.join('  ')}  ${result.failed ? 'FAILED' : 'ok'}`);
  if (result.failed) {
    console.log(fc.defaultReportMessage(result));
    console.log(
      `again: FUZZ_TARGET='${name}' FUZZ_RUNS=${totalRuns} FUZZ_SEED=${seed} npm run fuzz`,
    );
  }
  return result;
}

/** The built server in a process of its own, which must live, forget its clients and give its memory back. */
async function fuzzBuiltServer(campaign) {
  await build();
  const args = [join(root, 'bin', 'gemlive.js'), 'serve', '--port', '0'];
  const child = spawn(process.execPath, [...args, '--stt', 'none', '--tts', 'none'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const unexpected = [];
  child.stderr.on('data', (text) => {
    const lines = text.toString('utf8').split('\n');
    unexpected.push(...lines.filter((line) => /internal|\(a bug\)|Warning|\bat .*:\d+/.test(line)));
  });
  const exited = once(child, 'exit');
  const [line] = await Promise.race([once(child.stdout, 'data'), exited]);
  const port = Number(/:(\d+)\s*$/.exec(String(line))?.[1]);
  const { fuzzServer } = await import(campaign);
  const only = process.env.FUZZ_ONLY ? numberOf('FUZZ_ONLY', 0) : undefined;
  const files = () => readdirSync(`/proc/${child.pid}/fd`).length;
  const memory = () =>
    /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/smaps_rollup`, 'latin1'))?.[1] / 1024;
  const marks = [];
  const startedAtMs = performance.now();
  // A tenth of it warms up: after that memory may not grow with the number of clients.
  const parts = only === undefined ? 10 : 1;
  const sum = { frames: 0, conversations: 0, handshakes: 0, ends: new Map(), findings: [] };
  for (let part = 0; part < parts && sum.findings.length === 0; part++) {
    const inputs = Math.ceil(totalRuns / parts);
    const options = { port, seed: seed + part * 1_000_003, inputs };
    const one = await fuzzServer({ ...options, ...(only !== undefined && { seed, only }) });
    for (const key of ['frames', 'conversations', 'handshakes']) sum[key] += one[key];
    for (const [end, count] of one.ends) sum.ends.set(end, (sum.ends.get(end) ?? 0) + count);
    sum.findings.push(...one.findings.map((finding) => `seed ${options.seed}, ${finding}`));
    await pause(1000);
    if (process.platform === 'linux') marks.push(`${memory().toFixed(0)} MiB, ${files()} files`);
  }
  const inputs = sum.frames + sum.conversations + sum.handshakes;
  const seconds = (performance.now() - startedAtMs) / 1000;
  if (child.exitCode !== null) sum.findings.push(`the server ended with ${child.exitCode}`);
  child.kill('SIGTERM');
  const [code] = await exited;
  if (code !== 0) sum.findings.push(`the server ended with ${code}`);
  if (unexpected.length > 0) sum.findings.push(...unexpected.slice(0, 10));
  console.log(
    `${'server'.padEnd(22)}  ${String(inputs).padStart(8)}  ${String(Math.round(inputs / seconds)).padStart(7)}/s  ${sum.findings.length > 0 ? 'FAILED' : 'ok'}`,
  );
  console.log(
    `  ${sum.frames} frames in ${sum.conversations} conversations, ${sum.handshakes} other handshakes, ${seconds.toFixed(0)} s`,
  );
  console.log(`  ends: ${[...sum.ends].map(([end, count]) => `${count} × ${end}`).join(', ')}`);
  console.log(`  the server after each tenth: ${marks.join('; ')}`);
  for (const finding of sum.findings) console.log(finding);
  return { inputs, failed: sum.findings.length > 0 };
}

const folder = mkdtempSync(join(tmpdir(), 'gemlive-fuzz-'));
try {
  const built = compile(folder);
  const { TARGETS } = await import(built.targets);
  const only = process.env.FUZZ_TARGET;
  const targets = TARGETS.filter(({ name }) => only === undefined || name === only);
  const withServer = only === undefined || only === 'server';
  if (targets.length === 0 && !withServer) {
    const names = [...TARGETS.map(({ name }) => name), 'server'];
    console.error(`error: no target ${JSON.stringify(only)}\n  try: ${names.join(', ')}`);
    process.exitCode = 2;
  }
  console.log(`seed ${seed}`);
  let runs = 0;
  let failures = 0;
  for (const target of targets) {
    const result = await fuzz(target);
    runs += result.numRuns;
    failures += result.failed ? 1 : 0;
  }
  if (withServer) {
    const { inputs, failed } = await fuzzBuiltServer(built.campaign);
    runs += inputs;
    failures += failed ? 1 : 0;
  }
  const count = targets.length + (withServer ? 1 : 0);
  console.log(`${runs} inputs, ${failures} of ${count} targets failed`);
  if (failures > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
