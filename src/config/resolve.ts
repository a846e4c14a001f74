/** Layers → one value for each setting, with its source. Pure. */
import { EXIT, GemliveError } from '../errors.ts';
import { onPlatform, profileOf } from '../protocol/models.ts';
import type { Given, GivenSettings } from './given.ts';
import type { Layers } from './layers.ts';
import { nearest } from './nearest.ts';
import { defaultOf, optionOf, SETTING_KEYS, takes, type AnyOption } from './options.ts';
import { credentialOf, settleDoor } from './door.ts';
import { refuse } from './refuse.ts';
import { settleAlphaFields } from './alphaFields.ts';
import {
  describeSource,
  type CommandName,
  type Credential,
  type Layer,
  type Resolved,
  type SettingKey,
  type Settings,
  type Source,
} from './settings.ts';

/**
 * @throws GemliveError (usage) for a value that is not allowed, wherever it came from, and
 * (refused_setting) for one from the command line that the model is known not to take.
 */
export function resolveSettings(command: CommandName, layers: Layers): Resolved {
  const warnings = [...layers.warnings];
  const { settings, sources } = valuesIn(command, layers);
  settleDoor({ settings, sources, warnings });
  const credential = credentialOf(layers, settings, sources);
  const { baseUrl, ...honest } = layers.dotenv.settings;
  if (baseUrl && !isFromDotenv(credential)) {
    const weaker = valuesIn(command, { ...layers, dotenv: { ...layers.dotenv, settings: honest } });
    settings.baseUrl = weaker.settings.baseUrl;
    sources.baseUrl = weaker.sources.baseUrl;
    if (!layers.flag.baseUrl && !layers.env.settings.baseUrl) {
      warnings.push({
        code: 'dotenv_ignored',
        message: `.env in this folder: ignored ${baseUrl.name}, since the ${CALLED[credential.kind]} in use is not from that file`,
        hint: 'give the address with --base-url',
      });
    }
  }
  const resolved: Resolved = {
    command,
    settings,
    sources,
    credential,
    profile: onPlatform(profileOf(settings.model), settings.vertex ? 'vertex' : 'gemini'),
    warnings,
  };
  return shapesSetup(command, settings) ? settleAlphaFields(refuse(resolved)) : resolved;
}

const MODEL = optionOf('model');

function shapesSetup(command: CommandName, settings: Settings): boolean {
  if (command === 'voices') return settings.preview !== undefined;
  if (command === 'token') return settings.lock;
  return takes(command, MODEL);
}

type Values = { settings: Settings; sources: Record<SettingKey, Source> };

function valuesIn(command: CommandName, layers: Layers): Values {
  const given = [
    ['flag', layers.flag],
    ['env', layers.env.settings],
    ['dotenv', layers.dotenv.settings],
    ['config', layers.config.settings],
  ] satisfies [Layer, GivenSettings][];
  const settings: Partial<Record<SettingKey, Settings[SettingKey]>> = {};
  const sources: Partial<Record<SettingKey, Source>> = {};
  for (const key of SETTING_KEYS) {
    const option = optionOf(key);
    const layer = takes(command, option) ? given.find(([, content]) => content[key]) : undefined;
    const winner = layer?.[1][key];
    // Set for other tools, perhaps: they matter, and may be wrong, where Vertex AI is wanted.
    const isIdle =
      winner?.name.startsWith('GOOGLE_') === true &&
      settings.vertex !== true &&
      option.value.read(winner.texts[0] ?? '') === undefined;
    if (layer && winner && !isIdle) {
      sources[key] = { layer: layer[0], name: winner.name };
      settings[key] = readValue(option, winner, sources[key]);
    } else {
      sources[key] = { layer: 'default', name: option.name };
      settings[key] = defaultOf(key, command);
    }
  }
  return { settings: settings as Settings, sources: sources as Record<SettingKey, Source> };
}

/**
 * A base URL from `.env` would carry the user's own credential to a host that a stranger's project chose: it
 * counts only with a key or token of the same file. A weaker layer's base URL then takes its place.
 */
const isFromDotenv = ({ kind, source }: Credential): boolean =>
  kind !== 'google' && source?.layer === 'dotenv';

const CALLED = { key: 'key', token: 'token', google: 'Google login', none: 'key' } as const;

function readValue(option: AnyOption, given: Given, source: Source): Settings[SettingKey] {
  const { value } = option;
  const read = given.texts.map((text) => {
    const one = value.read(text);
    if (one === undefined) throw badValue(option, text, source);
    return one;
  });
  if (value.repeatable) return read.flat() as string[];
  if (read.length !== 1) throw badValue(option, given.texts.join(' '), source);
  return given.opposite ? !read[0] : read[0];
}

function badValue(option: AnyOption, text: string, source: Source): GemliveError {
  const shown = option.secret ? 'its value' : JSON.stringify(text.slice(0, 60));
  const near = nearest(text, option.value.choices ?? []);
  return new GemliveError(`${describeSource(source)} does not take ${shown}`, {
    code: 'usage',
    exitCode: EXIT.usage,
    why: `it takes ${option.value.allowed}`,
    ...(near !== undefined && { hint: `did you mean ${near}?` }),
  });
}
