/** The user's own settings: `$XDG_CONFIG_HOME/gemlive/config.json`, or the platform's own place. */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { EXIT, GemliveError, type Warning } from '../errors.ts';
import { homeFolder } from './folders.ts';
import { EMPTY_LAYER, type Environment, type GivenSettings, type LayerContent } from './given.ts';
import { jsonMistake } from './jsonMistake.ts';
import { nearest } from './nearest.ts';
import { optionOf, SETTING_KEYS, settingNamed } from './options.ts';

type ConfigLayer = { layer: LayerContent; warnings: Warning[] };

export function configFilePath(
  env: Environment,
  platform: NodeJS.Platform,
): { folder: string; file: string } {
  const folder = join(configHome(env, platform), 'gemlive');
  return { folder, file: join(folder, 'config.json') };
}

function configHome(env: Environment, platform: NodeJS.Platform): string {
  const xdg = env['XDG_CONFIG_HOME'];
  // The specification says so: a relative path there is to be ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  if (platform === 'win32') return env['APPDATA'] ?? join(homeFolder(), 'AppData', 'Roaming');
  if (platform === 'darwin') return join(homeFolder(), 'Library', 'Application Support');
  return join(homeFolder(), '.config');
}

/** A missing file is an empty one. @throws GemliveError (usage) for one that cannot be read or understood. */
export async function readConfigFile(path: string): Promise<ConfigLayer> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { layer: EMPTY_LAYER, warnings: [] };
    throw configError(path, `it cannot be read (${code ?? 'unknown error'})`, error);
  }
  return configLayer(text, path);
}

/** @throws GemliveError (usage) with the place where the JSON is broken. */
export async function configLayer(text: string, path: string): Promise<ConfigLayer> {
  const plain = text.replace(/^\uFEFF/, '');
  let json: unknown;
  try {
    json = JSON.parse(plain);
  } catch (error) {
    throw configError(path, `it is not JSON: ${placeOf(plain)}`, error);
  }
  // Most users have no config.json.
  const { CONFIG_SHAPE } = await import('./configShape.ts');
  const parsed = CONFIG_SHAPE.safeParse(json);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    const what = where === '' ? 'not an object' : `"${where}" is not text, a number, true or false`;
    throw configError(path, what);
  }
  return settingsIn(parsed.data);
}

type ConfigValue = string | number | boolean | null | string[];

function settingsIn(data: Record<string, ConfigValue>): ConfigLayer {
  const settings: GivenSettings = {};
  const warnings: Warning[] = [];
  let apiKey: string | undefined;
  for (const [name, value] of Object.entries(data)) {
    if (value === null || value === '') continue;
    const named = settingNamed(name);
    if (/^api[-_]?key$/i.test(name) && typeof value === 'string') {
      apiKey = value.trim();
    } else if (!named || optionOf(named.key).oneCall) {
      warnings.push(unknownKey(name));
    } else {
      const texts = Array.isArray(value) ? value : [String(value)];
      settings[named.key] = { name, texts, opposite: named.opposite };
    }
  }
  const key = apiKey === undefined ? undefined : { name: 'api-key', apiKey };
  return { layer: { settings, key }, warnings };
}

function unknownKey(name: string): Warning {
  const near = nearest(
    name,
    SETTING_KEYS.map((key) => optionOf(key).name),
  );
  return {
    code: 'unknown_setting',
    message: `"${name.slice(0, 60)}" in config.json is not a setting of gemlive`,
    ...(near !== undefined && { hint: `did you mean "${near}"?` }),
  };
}

function placeOf(text: string): string {
  const { line, column, atEnd } = jsonMistake(text);
  return atEnd ? 'it ends too early' : `the mistake is in line ${line}, column ${column}`;
}

function configError(path: string, why: string, cause?: unknown): GemliveError {
  return new GemliveError(`cannot use ${path}`, {
    code: 'usage',
    exitCode: EXIT.usage,
    why,
    hint: `mend the file, or move it away from ${dirname(path)}`,
    cause,
  });
}
