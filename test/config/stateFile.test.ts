/** Private files that are whole or not there, and the folder they lie in. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readPrivate, stateFolder, tidyPrivate, writePrivate } from '../../src/config/stateFile.ts';

const root = mkdtempSync(join(tmpdir(), 'gemlive-state-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const modeOf = (...path: string[]): number => statSync(join(root, ...path)).mode & 0o777;

it('the folder is where the platform has it; a relative XDG_STATE_HOME is none', () => {
  expect(stateFolder({ XDG_STATE_HOME: '/x' }, 'linux')).toBe('/x/gemlive');
  expect(stateFolder({ XDG_STATE_HOME: 'x' }, 'linux')).toMatch(/\.local\/state\/gemlive$/);
  expect(stateFolder({}, 'darwin')).toMatch(/Library\/Application Support\/gemlive$/);
  expect(stateFolder({ LOCALAPPDATA: '/l' }, 'win32')).toMatch(/^\/l\Wgemlive$/);
});

it('only the owner reads them, also in a folder that others could read', async () => {
  mkdirSync(join(root, 'open'), { mode: 0o755 });
  for (const folder of ['new', 'open']) {
    await writePrivate(join(root, folder), 'a', 'text');
    expect([modeOf(folder), modeOf(folder, 'a')]).toEqual([0o700, 0o600]);
    expect(await readPrivate(join(root, folder), 'a')).toBe('text');
  }
  expect(await readPrivate(join(root, 'nowhere'), 'a')).toBeUndefined();
});

it('who reads while it is written has the old text or the new, whole', async () => {
  const folder = join(root, 'busy');
  const text = (round: number): string => `${round} `.repeat(50_000);
  await writePrivate(folder, 'a', text(0));
  const progress = { round: 0 };
  const writing = (async () => {
    for (; progress.round < 40; progress.round += 1) {
      await writePrivate(folder, 'a', text(progress.round));
    }
  })();
  const seen = new Set<string>();
  while (progress.round < 40) seen.add((await readPrivate(folder, 'a')) ?? 'nothing');
  await writing;
  for (const one of seen) expect(one === text(Number.parseInt(one, 10))).toBe(true);
  expect(seen.size).toBeGreaterThan(1);
  expect(readdirSync(folder)).toEqual(['a']);
});

it('what is old goes, what is young or of another kind stays', async () => {
  const folder = join(root, 'old');
  const names = ['session-old', 'session-new', 'key', 'session-old.abc.tmp', 'session-new.abc.tmp'];
  mkdirSync(folder);
  for (const name of names) {
    writeFileSync(join(folder, name), '');
    const ageSeconds = name.includes('new') ? 60 : 2 * 86_400;
    utimesSync(join(folder, name), 0, Date.now() / 1000 - ageSeconds);
  }
  await tidyPrivate(folder, /^session-/, 86_400_000);
  expect(readdirSync(folder).sort()).toEqual(['key', 'session-new', 'session-new.abc.tmp']);
  await tidyPrivate(join(root, 'nowhere'), /x/, 1);
});
