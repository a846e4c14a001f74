/**
 * Where settings come from, before anybody has looked at their values: flags, environment, `.env`,
 * config.json. This folder is the only one that reads the environment.
 */
import type { Warning } from '../errors.ts';
import { configFilePath, readConfigFile } from './configFile.ts';
import { readDotenv } from './dotenvFile.ts';
import {
  addGiven,
  EMPTY_LAYER,
  KEY_NAMES,
  keyAmong,
  type Environment,
  type GivenSettings,
  type LayerContent,
} from './given.ts';
import { nearest } from './nearest.ts';
import { envNameOf, optionOf, SETTING_KEYS, settingOfEnvName } from './options.ts';
import type { SettingKey } from './settings.ts';

export type Layers = {
  flag: GivenSettings;
  env: LayerContent;
  dotenv: LayerContent;
  config: LayerContent;
  /** Against these, `@FILE` is resolved. */
  cwd: string;
  configFolder: string;
  warnings: Warning[];
};

/**
 * Reads the three places. Only a broken config.json is an error; a broken `.env` is a warning.
 *
 * @throws GemliveError (usage), unless `withoutBroken`: it counts as empty then.
 */
export async function loadLayers(
  flag: GivenSettings,
  cwd: string,
  env: Environment = process.env,
  { withoutBroken = false } = {},
): Promise<Layers> {
  const path = configFilePath(env, process.platform);
  const [fromEnv, dotenv, config] = [
    environmentLayer(env),
    await readDotenv(cwd),
    await readConfigFile(path.file).catch((error: unknown) => {
      if (!withoutBroken) throw error;
      return { layer: EMPTY_LAYER, warnings: [] };
    }),
  ];
  return {
    flag,
    env: fromEnv.layer,
    dotenv: dotenv.layer,
    config: config.layer,
    cwd,
    configFolder: path.folder,
    warnings: [...fromEnv.warnings, ...dotenv.warnings, ...config.warnings],
  };
}

/** As Google's own tools have them. Ours are stronger. */
const GOOGLE_NAMES: readonly [name: string, key: SettingKey][] = [
  ['GOOGLE_GENAI_USE_VERTEXAI', 'vertex'],
  ['GOOGLE_CLOUD_PROJECT', 'project'],
  ['GOOGLE_CLOUD_LOCATION', 'location'],
];

/** Not a setting, but for whoever looks for a fault: the folder for what the echo canceller is given. */
const ECHO_DUMP = 'GEMLIVE_ECHO_DUMP';

export function echoDumpFolder(env: Environment = process.env): string | undefined {
  return env[ECHO_DUMP] || undefined;
}

export function environmentLayer(env: Environment): { layer: LayerContent; warnings: Warning[] } {
  const settings: GivenSettings = {};
  const warnings: Warning[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || text.trim() === '' || !name.startsWith('GEMLIVE_')) continue;
    if (name === ECHO_DUMP) continue;
    const named = settingOfEnvName(name);
    if (named) addGiven(settings, named.key, { name, texts: [text], opposite: named.opposite });
    else warnings.push(unknownName(name));
  }
  for (const [name, key] of GOOGLE_NAMES) {
    const text = env[name]?.trim() ?? '';
    if (text !== '' && !settings[key]) settings[key] = { name, texts: [text], opposite: false };
  }
  return { layer: { settings, key: keyAmong(env) }, warnings };
}

function unknownName(name: string): Warning {
  const known = SETTING_KEYS.flatMap((key) => envNameOf(key) ?? []);
  const near = nearest(name, known);
  return {
    code: 'unknown_setting',
    message: `${name} in the environment is not a setting of gemlive`,
    ...(near !== undefined && { hint: `did you mean ${near}?` }),
  };
}

const SECRET_NAMES: readonly string[] = [
  ...KEY_NAMES,
  ...SETTING_KEYS.flatMap((key) => (optionOf(key).secret ? (envNameOf(key) ?? []) : [])),
];

/** The environment for child processes: a recorder or a player has no use for the key. */
export function childEnvironment(env: Environment = process.env): NodeJS.ProcessEnv {
  const child: NodeJS.ProcessEnv = { ...env };
  for (const name of SECRET_NAMES) delete child[name];
  return child;
}

/** What the environment says about the terminal: no colour, please. */
export function wantsNoColour(env: Environment = process.env): boolean {
  return (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
}

/** `--json` shapes even the errors that come before any setting is resolved. */
export function wantsJson(env: Environment = process.env): boolean {
  const { settings } = environmentLayer(env).layer;
  const given = settings.json;
  const text = given?.texts[0];
  return text !== undefined && optionOf('json').value.read(text) === !given?.opposite;
}
