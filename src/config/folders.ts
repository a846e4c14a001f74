/** Folders that are made where they are missing. */
import { access, constants, mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname } from 'node:path';

/** In a container a user may have none, and no entry anywhere: then it is the one that is never there. */
export function homeFolder(): string {
  try {
    return homedir() || NO_HOME;
  } catch {
    return NO_HOME;
  }
}

const NO_HOME = '/dev/null/no-home';

/** It can be written to, or could be made where it is not there. */
export async function isWritable(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found) {
    return access(path, constants.W_OK | constants.X_OK).then(
      () => found.isDirectory(),
      () => false,
    );
  }
  const parent = dirname(path);
  return parent !== path && isWritable(parent);
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/**
 * With its parents. Node's own `recursive` tries for ever where a parent is there and takes no children, as in /proc.
 *
 * @throws the system's error.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  if (await isThere(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent, mode);
  await mkdir(path, { mode }).catch(async (error: unknown) => {
    if (!(await isThere(path))) throw error; // another process was faster
  });
}
