// `npm run fuzz`: a million inputs (FUZZ_RUNS) over all targets of test/fuzz, reproducible by FUZZ_SEED.
// FUZZ_TARGET=NAME runs one of them. Exits with 1, and the smallest input that fails, when one does.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';

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
  const files = ['test/fuzz/targets.ts', 'src/audio/untypedPackages.d.ts'];
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
  return pathToFileURL(join(folder, 'built', 'test', 'fuzz', 'targets.js')).href;
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

const folder = mkdtempSync(join(tmpdir(), 'gemlive-fuzz-'));
try {
  const { TARGETS } = await import(compile(folder));
  const only = process.env.FUZZ_TARGET;
  const targets = TARGETS.filter(({ name }) => only === undefined || name === only);
  if (targets.length === 0) {
    console.error(
      `error: no target ${JSON.stringify(only)}\n  try: ${TARGETS.map(({ name }) => name).join(', ')}`,
    );
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
  console.log(`${runs} inputs, ${failures} of ${targets.length} targets failed`);
  if (failures > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
