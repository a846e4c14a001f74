/** Changes single settings in the user's config.json. The file is private, and is replaced whole or not at all. */
import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { configFilePath, configLayer } from './configFile.ts';
import { makeFolder } from './folders.ts';
import type { Environment } from './given.ts';
import { withMember, withoutMember } from './jsonMembers.ts';
import { settingNamed } from './options.ts';
import { replacePrivate } from './stateFile.ts';

/** The names are those in config.json; undefined takes a setting out. */
export type ConfigChanges = Readonly<Record<string, string | undefined>>;

export const KEY_IN_CONFIG = 'api-key';

export const configPath = (env: Environment = process.env): string =>
  configFilePath(env, process.platform).file;

/** @throws GemliveError (usage) for a file that is no JSON, or the system's error. */
export async function changeConfig(path: string, changes: ConfigChanges): Promise<void> {
  // Managers of dot files make links, and a link has to stay one.
  const target = await realpath(path).catch(() => path);
  const before = await readFile(target, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (before.trim() !== '') await configLayer(before, path);
  const after = changedText(before, changes);
  if (after === before) return;
  await makeFolder(dirname(target), 0o700);
  await replacePrivate(target, after);
}

/** Pure. `text`: an object in JSON, or nothing. */
export function changedText(text: string, changes: ConfigChanges): string {
  let changed = text.trim() === '' ? '{}\n' : text;
  for (const [name, value] of Object.entries(changes)) {
    const isMeant = (other: string): boolean => sameSetting(name, other);
    changed =
      value === undefined
        ? withoutMember(changed, isMeant)
        : withMember(changed, name, value, isMeant);
  }
  return changed;
}

/** `api_key`, `apiKey` and `api-key` are one, and so are the spellings of every setting. */
function sameSetting(name: string, other: string): boolean {
  if (name === KEY_IN_CONFIG) return /^api[-_]?key$/i.test(other);
  const [key, otherKey] = [settingNamed(name)?.key, settingNamed(other)?.key];
  return key !== undefined && key === otherKey;
}
