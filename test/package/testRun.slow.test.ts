/** `npm test` on tests that hang, fail, are skipped or are killed: its exit code and its last lines. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../support/until.ts';

const root = join(import.meta.dirname, '..', '..');
let folder: string;
beforeEach(() => {
  mkdirSync(join(root, 'test', 'planted'), { recursive: true });
  folder = mkdtempSync(join(root, 'test', 'planted', 'run-'));
});
afterEach(() => rmSync(join(root, 'test', 'planted'), { recursive: true, force: true }));

function plant(name: string, tests: string): void {
  const text = `import { it } from 'vitest';\n${tests}\n`;
  writeFileSync(join(folder, `${name}.test.ts`), text);
}

type Run = { child: ReturnType<typeof spawn>; output: () => string; ended: Promise<number | null> };

function run(limitSeconds: number): Run {
  const { CI: _ci, GL_TEST_RUN: _outer, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, 'scripts', 'test.mjs'), '--no-build', folder], {
    cwd: root,
    env: { ...env, GL_TEST_LIMIT_SECONDS: String(limitSeconds) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, output: () => output, ended };
}

const lastLine = (output: string): string => output.trimEnd().split('\n').at(-1) ?? '';

it('counts what passed, failed and was skipped', async () => {
  plant('mixed', `it('a', () => {}); it('b', () => { throw new Error('no'); }); it.skip('c');`);
  const { ended, output } = run(60);
  expect(await ended).toBe(1);
  expect(lastLine(output())).toBe('1 passed, 1 failed, 1 skipped');
  expect(output()).toMatch(/^skipped: .*mixed\.test\.ts > c$/m);
  expect(output()).toMatch(/^failed: .*mixed\.test\.ts > b$/m);
});

it('counts a file that cannot be loaded, and an error outside of all tests', async () => {
  plant('broken', `throw new Error('no');`);
  plant('stray', `it('a', () => { setTimeout(() => { throw new Error('late'); }); });`);
  const { ended, output } = run(60);
  expect(await ended).toBe(1);
  expect(lastLine(output())).toMatch(/^1 passed, [2-9] failed, 0 skipped$/);
});

it('names a test that waits for ever, and one that never yields, when the time is up', async () => {
  plant('waits', `it('is fine', () => {}); it('waits', () => new Promise(() => {}), 600_000);`);
  plant('spins', `it('spins', () => { for (;;); });`);
  const { ended, output } = run(12);
  expect(await ended).toBe(1);
  expect(output()).toContain('the time limit of 12 s was reached');
  expect(output()).toMatch(/^failed: .*waits\.test\.ts > waits \(was running\)$/m);
  expect(output()).toMatch(/^failed: .*spins\.test\.ts > spins \(was running\)$/m);
  expect(lastLine(output())).toMatch(/^\d passed, 2 failed, 0 skipped$/);
});

it('says what ran when vitest is killed', async () => {
  plant('waits', `it('is fine', () => {}); it('waits', () => new Promise(() => {}), 600_000);`);
  const { child, ended, output } = run(60);
  const vitest = (): number | undefined =>
    readdirSync('/proc')
      .map(Number)
      .find((pid) => parentOf(pid) === child.pid);
  await until('the tests run', () => /RUN/.test(output()));
  process.kill(vitest()!, 'SIGKILL');
  expect(await ended).toBe(1);
  expect(output()).toContain('vitest ended with SIGKILL');
  expect(lastLine(output())).toMatch(/^\d passed, [1-9] failed, 0 skipped$/);
});

it('leaves with 130 after Ctrl+C', async () => {
  plant('waits', `it('waits', () => new Promise(() => {}), 600_000);`);
  const { child, ended, output } = run(60);
  await until('the tests run', () => /RUN/.test(output()));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(lastLine(output())).toMatch(/^0 passed, 1 failed, 0 skipped$/);
});

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '');
    return Number(stat.split(' ')[1]);
  } catch {
    return undefined;
  }
}
