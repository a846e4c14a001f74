/**
 * The `.env` of the working directory. It may belong to anybody's project, so it is read with suspicion:
 * keys, the model, the voice, and plain numbers and words count; whatever names a program, a file, a
 * host, a proxy or a location does not. Nothing of it ever enters the environment of a process.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Warning } from '../errors.ts';
import { addGiven, EMPTY_LAYER, keyAmong, type GivenSettings, type LayerContent } from './given.ts';
import { optionOf, settingOfEnvName } from './options.ts';

type DotenvLayer = { layer: LayerContent; warnings: Warning[] };

const MAX_BYTES = 256 * 1024;
const MAX_NAMES_TOLD = 60;

/** Names beside our own that would steer gemlive or the programs that it runs, were they believed. */
const STEERING =
  /^((https?|wss?|all|no|ftp|socks)_proxy|node_(options|path|extra_ca_certs|tls_reject_unauthorized|repl_external_module)|(ld|dyld)_\w+|ssl_cert_(file|dir)|openssl_conf|path|shell|home|tmpdir|xdg_\w+|(pulse|alsa|pipewire|sdl|jack)_\w+|audiodev|audiodriver|google_application_credentials|google_cloud_\w+|google_genai_\w+|(google_gemini|google_vertex|gemini)_base_url|gemini_api_(base|url|host|endpoint)|cloudsdk_\w+)$/i;

export async function readDotenv(cwd: string): Promise<DotenvLayer> {
  const found = await readSmallFile(join(cwd, '.env'));
  if (found === undefined) return { layer: EMPTY_LAYER, warnings: [] };
  if ('problem' in found) {
    const message = `.env in this folder is ignored: ${found.problem}`;
    return { layer: EMPTY_LAYER, warnings: [{ code: 'dotenv_unreadable', message }] };
  }
  // Loaded on demand: most folders have no .env.
  const { parse } = await import('dotenv');
  return dotenvLayer(parse(found.text));
}

/** Pure: what of these names and values counts. */
export function dotenvLayer(values: Readonly<Record<string, string>>): DotenvLayer {
  const settings: GivenSettings = {};
  const ignored: string[] = [];
  for (const [name, text] of Object.entries(values)) {
    if (text.trim() === '') continue;
    const named = settingOfEnvName(name);
    if (named && mayBeSet(named.key, text)) {
      addGiven(settings, named.key, { name, texts: [text], opposite: named.opposite });
    } else if (/^gemlive_/i.test(name) || STEERING.test(name)) {
      ignored.push(name);
    }
  }
  return {
    layer: { settings, key: keyAmong(values) },
    warnings: ignored.length === 0 ? [] : [ignoredWarning(ignored)],
  };
}

function mayBeSet(key: keyof GivenSettings, text: string): boolean {
  // A base URL counts with a credential of the same file only: resolve.ts sees to that.
  if (key === 'baseUrl') return true;
  if (key === 'system' && text.trimStart().startsWith('@')) return false;
  const option = optionOf(key);
  return option.value.plain || option.fromDotenv === true;
}

function ignoredWarning(names: readonly string[]): Warning {
  const told = names.slice(0, MAX_NAMES_TOLD).map((name) => name.slice(0, 60));
  const more = names.length - told.length;
  const list = told.join(', ') + (more > 0 ? ` and ${more} more` : '');
  return {
    code: 'dotenv_ignored',
    message: `.env in this folder: ignored ${list}`,
    hint: 'a .env sets keys, the model, the voice, plain numbers and words; set the rest in the environment',
  };
}

/** Undefined: there is no such file. A folder of that name (a Python environment) is none either. */
async function readSmallFile(
  path: string,
): Promise<{ text: string } | { problem: string } | undefined> {
  let file;
  try {
    // O_NONBLOCK, so that a named pipe does not hold us up. Windows has no such flag.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (stats.isDirectory()) return undefined;
    if (!stats.isFile()) return { problem: 'it is not a file' };
    if (stats.size > MAX_BYTES) return { problem: `it is larger than ${MAX_BYTES / 1024} KB` };
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
    return text.includes('\0') ? { problem: 'it is not text' } : { text };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { problem: 'it is not text' };
    return { problem: `it cannot be read (${code ?? 'unknown error'})` };
  } finally {
    await file?.close();
  }
}
