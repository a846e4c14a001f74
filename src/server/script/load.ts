/** From a file, a text or an object to a script that can be played. Every mistake is told with its place. */
import { open } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT, GemliveError, usageError } from '../../errors.ts';
import {
  loadedFrom,
  sessionsOf,
  allSteps,
  type LoadedScript,
  type PathInScript,
} from './loaded.ts';
import { isRecording, scriptFromRecording } from './recorded.ts';
import { SCRIPT_SCHEMA } from './schema.ts';
import type { Script } from './script.ts';
import { readSound } from './sounds.ts';
import { asPath, mistakeIn } from './mistake.ts';
import { parseText, type ParsedText } from './text.ts';

/** An object; a path, or a file URL; or, where it has a line break, the text itself. */
export type ScriptSource = Script | string | URL;

/** Of a recorded session: an hour of sound both ways is 300 MB, and nobody replays an hour. */
const MAX_BYTES = 128 * 1024 * 1024;
const HINT = 'the format of scripts: docs/testing-with-gemlive.md';

/** @throws GemliveError exit 8: the file, or a sound that it names, is missing or unreadable. Exit 2: it is no script. */
export async function loadScript(source: ScriptSource): Promise<LoadedScript> {
  if (typeof source === 'string' && source.includes('\n')) return fromText(source, 'script', '.');
  if (typeof source === 'string' || source instanceof URL) {
    const path = source instanceof URL ? fileURLToPath(source) : source;
    return fromText(await readText(path), basename(path), dirname(path));
  }
  const place = (path: PathInScript) => ({ where: asPath(path) });
  const script = check(source, (path, words) => usageError(`${asPath(path)}: ${words}`, HINT));
  return withSounds(loadedFrom(script, place), '.');
}

async function fromText(text: string, name: string, folder: string): Promise<LoadedScript> {
  if (isRecording(text)) return scriptFromRecording(text, name);
  const parsed = parseText(text, (line, column, words) => mistake(name, line, column, words));
  const script = check(parsed.value, (path, words, key) => {
    const { line, column } = parsed.placeOf(path, key);
    return mistake(name, line, column, words);
  });
  return withSounds(loadedFrom(script, placeIn(parsed, name)), folder);
}

const placeIn = (parsed: ParsedText, name: string) => (path: PathInScript) => {
  const { line } = parsed.placeOf(path);
  return { where: `${name}:${line}`, line };
};

const mistake = (name: string, line: number, column: number, words: string): GemliveError =>
  usageError(`${name}:${line}:${column}: ${words}`, HINT);

function check(
  value: unknown,
  errorAt: (path: PathInScript, words: string, key?: string) => GemliveError,
): Script {
  let result: ReturnType<typeof SCRIPT_SCHEMA.safeParse>;
  try {
    result = SCRIPT_SCHEMA.safeParse(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw errorAt([], 'it is nested too deeply'); // an object that holds itself
  }
  // Not what zod gives back: that is a copy, and what stands in a script is used as it stands.
  if (result.success) return value as Script;
  const { path, words, key } = mistakeIn(result.error.issues, value);
  throw errorAt(path, words, key);
}

async function withSounds(script: LoadedScript, folder: string): Promise<LoadedScript> {
  for (const session of sessionsOf(script)) {
    for (const loaded of allSteps(session.steps ?? [])) {
      if (!('audio' in loaded.step)) continue;
      loaded.sound = await readSound(loaded.step.audio, folder, loaded.where);
    }
  }
  return script;
}

async function readText(path: string): Promise<string> {
  try {
    const file = await open(path);
    try {
      const stats = await file.stat();
      if (stats.isDirectory()) throw unreadable(path, 'it is a folder');
      if (stats.size > MAX_BYTES) throw unreadable(path, 'it is larger than 128 MB');
      const bytes = await file.readFile();
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof GemliveError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw unreadable(path, 'there is no such file', 'input_missing');
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw unreadable(path, 'it is not UTF-8 text');
    throw unreadable(path, `it cannot be read (${code ?? 'unknown error'})`);
  }
}

function unreadable(
  path: string,
  why: string,
  code: 'input_missing' | 'input_unreadable' = 'input_unreadable',
): GemliveError {
  return new GemliveError(`cannot read the script ${resolve(path)}`, {
    code,
    exitCode: EXIT.input,
    why,
    hint: 'give the path of a YAML or JSON file, or of what --log has written',
  });
}
