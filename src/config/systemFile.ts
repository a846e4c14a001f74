/** `--system @FILE`: the words of the instruction from a file. */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EXIT, GemliveError } from '../errors.ts';
import type { Layers } from './layers.ts';
import type { Resolved } from './settings.ts';

const MAX_BYTES = 1024 * 1024;

/**
 * Replaces `@FILE` by what the file says. A path in config.json counts from that file's folder, any
 * other from the working directory. @throws GemliveError (exit 8).
 */
export async function readSystemFile(
  resolved: Resolved,
  { cwd, configFolder }: Pick<Layers, 'cwd' | 'configFolder'>,
): Promise<Resolved> {
  const { system } = resolved.settings;
  if (system === undefined || !system.startsWith('@')) return resolved;
  const isConfig = resolved.sources.system.layer === 'config';
  const path = resolve(isConfig ? configFolder : cwd, system.slice(1));
  return {
    ...resolved,
    settings: { ...resolved.settings, system: await readInstruction(path, system.slice(1)) },
  };
}

async function readInstruction(path: string, shown: string): Promise<string> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw problem('input_unreadable', shown, 'it is not a file');
    if (stats.size > MAX_BYTES) throw problem('input_unreadable', shown, 'it is larger than 1 MB');
    const bytes = await readFile(path);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trimEnd();
  } catch (error) {
    if (error instanceof GemliveError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw problem('input_missing', shown, 'there is no such file', error);
    const isText = code !== 'ERR_ENCODING_INVALID_ENCODED_DATA';
    const why = isText ? `it cannot be read (${code ?? 'unknown error'})` : 'it is not UTF-8 text';
    throw problem('input_unreadable', shown, why, error);
  }
}

function problem(
  code: 'input_missing' | 'input_unreadable',
  path: string,
  why: string,
  cause?: unknown,
): GemliveError {
  return new GemliveError(`cannot read the system instruction from ${path}`, {
    code,
    exitCode: EXIT.input,
    why,
    hint: 'give the path of a text file after @, or the words themselves',
    cause,
  });
}
