/**
 * Private files that outlive a process: `$XDG_STATE_HOME/gemlive/`, or the platform's own place. Only their
 * owner reads them, and a file is there whole or not at all.
 */
import { randomBytes } from 'node:crypto';
import { chmod, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { homeFolder, makeFolder } from './folders.ts';
import type { Environment } from './given.ts';

const TEMPORARY = '.tmp';
/** A process that was killed in the middle of a write leaves one behind. */
const TEMPORARY_LIFE_MS = 60 * 60 * 1000;

/** `platform`: where `XDG_STATE_HOME` does not say it. */
export function stateFolder(
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  return join(stateHome(env, platform), 'gemlive');
}

function stateHome(env: Environment, platform: NodeJS.Platform): string {
  const xdg = env['XDG_STATE_HOME'];
  // The specification says so: a relative path there is to be ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  if (platform === 'win32') return env['LOCALAPPDATA'] ?? join(homeFolder(), 'AppData', 'Local');
  if (platform === 'darwin') return join(homeFolder(), 'Library', 'Application Support');
  return join(homeFolder(), '.local', 'state');
}

/** Undefined for a file that is not there. @throws the system's error. */
export async function readPrivate(folder: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** In place of what was there; whoever reads meanwhile gets the old or the new, whole. @throws the system's error. */
export async function writePrivate(folder: string, name: string, text: string): Promise<void> {
  await ownFolder(folder);
  await replacePrivate(join(folder, name), text);
}

/** Replaces a file, or makes it, for its owner alone. Its folder is there. @throws the system's error. */
export async function replacePrivate(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}${TEMPORARY}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync(); // or a machine that loses power keeps an empty file of that name
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

async function ownFolder(folder: string): Promise<void> {
  await makeFolder(folder, 0o700);
  if (((await stat(folder)).mode & 0o077) !== 0) await chmod(folder, 0o700);
}

/** Files that nobody needs any more: those of `kind` after `lifeMs`, and what broken writes left. Never throws. */
export async function tidyPrivate(folder: string, kind: RegExp, lifeMs: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.map(async (name) => {
      const maxMs = name.endsWith(TEMPORARY)
        ? TEMPORARY_LIFE_MS
        : kind.test(name)
          ? lifeMs
          : Infinity;
      const path = join(folder, name);
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > maxMs) await rm(path, { force: true });
    }),
  ).catch(() => {}); // another process may be at it
}
