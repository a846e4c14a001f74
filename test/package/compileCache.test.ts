/** Where Node 22 and later keep the compiled code of the command. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { surroundings, type Surroundings } from '../support/leftovers.ts';

const keepsCode = Number(process.versions.node.split('.')[0]) >= 22;

let place: Surroundings;
beforeEach(() => {
  place = surroundings();
});
afterEach(() => place.remove());

async function runs(env: Record<string, string | undefined>): Promise<void> {
  const { code, stderr } = await runCli(['voices'], {
    cwd: place.folder,
    env: { ...place.env, ...env },
  });
  expect([code, stderr]).toEqual([0, '']);
  // Below /tmp anybody else could put code in its place.
  expect(place.temporaries()).toEqual([]);
}

it('is the folder for caches of the user', async () => {
  await runs({ XDG_CACHE_HOME: join(place.folder, 'caches') });
  expect(existsSync(join(place.folder, 'caches', 'gemlive'))).toBe(keepsCode);
});

it('is ~/.cache where no other is named', async () => {
  await runs({ HOME: place.folder, XDG_CACHE_HOME: undefined });
  expect(existsSync(join(place.folder, '.cache', 'gemlive'))).toBe(keepsCode);
});

it.each([
  ['no home', { HOME: undefined }],
  ['a relative one', { XDG_CACHE_HOME: 'caches' }],
  ['one that is a file', { XDG_CACHE_HOME: '/dev/null' }],
  ['one that takes no folders', { XDG_CACHE_HOME: '/proc' }],
])('is nowhere with %s', async (_what, env) => {
  await runs(env);
  expect(readdirSync(place.folder)).toEqual(['tmp']);
});
