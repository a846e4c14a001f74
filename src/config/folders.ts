/** Folders that are made where they are missing. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

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
