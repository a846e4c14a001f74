/** package-lock.json: `npm ci` takes it as it is, on every platform that the packages have native parts for. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

type Locked = { optionalDependencies?: Record<string, string>; os?: string[]; cpu?: string[] };

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'package-lock.json'), 'utf8');
const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
const nameOf = (path: string): string => path.replace(/^.*node_modules\//, '');
const names = new Set(Object.keys(packages).map(nameOf));

it('is in step with package.json: npm ci installs it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gemlive-lock-'));
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    cpSync(join(root, file), join(folder, file));
  const args = ['ci', '--dry-run', '--offline', '--ignore-scripts'];
  const options = { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  const { status, stderr } = spawnSync('npm', args, options);
  rmSync(folder, { recursive: true });
  expect([status, stderr.includes('EUSAGE')]).toEqual([0, false]);
});

it('has every optional package that a package of it names', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).flatMap((name) =>
      names.has(name) ? [] : [`${nameOf(path)}: ${name}`],
    ),
  );
  expect(missing).toEqual([]);
});

const TOOLS = ['@oxlint/', '@oxfmt/', '@oxlint-tsgolint/', '@typescript/', '@rolldown/'];

it.each([
  ['darwin', 'arm64', [...TOOLS, '@decibri/']],
  ['darwin', 'x64', TOOLS],
  ['win32', 'x64', [...TOOLS, '@decibri/']],
  ['win32', 'arm64', TOOLS],
  ['linux', 'x64', [...TOOLS, '@decibri/']],
  ['linux', 'arm64', [...TOOLS, '@decibri/']],
])('has the native parts for %s %s', (os, cpu, scopes) => {
  const native = Object.entries(packages)
    .filter(([, locked]) => locked.os?.includes(os) && locked.cpu?.includes(cpu))
    .map(([path]) => nameOf(path));
  for (const scope of scopes) {
    expect(native, scope).toContainEqual(expect.stringMatching(new RegExp(`^${scope}`)));
  }
});

it('names no registry', () => {
  expect(text).not.toContain('"resolved"');
});
