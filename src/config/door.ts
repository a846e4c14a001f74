/** Which door of the service is used, and with which credential, where the settings name several. */
import { usageError, type Warning } from '../errors.ts';
import type { Layers } from './layers.ts';
import {
  describeSource,
  LAYERS,
  type Credential,
  type SettingKey,
  type Settings,
  type Source,
} from './settings.ts';

type Door = { settings: Settings; sources: Record<SettingKey, Source>; warnings: Warning[] };

/**
 * Vertex AI against `--local` and `--token` (the stronger layer wins), and the version of the API that goes
 * with it. @throws GemliveError (usage) for what contradicts itself.
 */
export function settleDoor({ settings, sources, warnings }: Door): void {
  const rank = (key: SettingKey): number => LAYERS.indexOf(sources[key].layer);
  for (const other of ['local', 'token'] as const) {
    const isSet = settings[other] !== undefined && settings[other] !== false;
    if (!settings.vertex || !isSet) continue;
    if (rank(other) === rank('vertex')) {
      throw usageError(
        `${describeSource(sources.vertex)} and ${describeSource(sources[other])} cannot go together`,
        other === 'token' ? 'ephemeral tokens are for the Gemini API' : 'use one of them',
      );
    }
    if (rank(other) < rank('vertex')) settings.vertex = false;
    else if (other === 'local') settings.local = false;
    else settings.token = undefined;
  }
  for (const key of ['project', 'location'] as const) {
    if (!settings.vertex && sources[key].layer === 'flag') {
      throw usageError(`${sources[key].name} is for Vertex AI`, 'add --vertex, or leave it out');
    }
  }
  settleVersion({ settings, sources, warnings });
}

function settleVersion({ settings, sources, warnings }: Door): void {
  const { vertex, apiVersion } = settings;
  const source = sources.apiVersion;
  const fits = apiVersion === 'v1' || (apiVersion === 'v1beta1') === vertex;
  if (fits) return;
  const own = vertex ? 'v1beta1' : 'v1beta';
  if (source.layer !== 'default') {
    const message = `${describeSource(source)}: ${vertex ? 'Vertex AI' : 'the Gemini API'} has no version ${apiVersion}`;
    if (source.layer === 'flag') throw usageError(message, `use v1 or ${own}`);
    warnings.push({ code: 'refused_setting', message: `${message}; ${own} is used` });
  }
  settings.apiVersion = own;
  sources.apiVersion = { layer: 'default', name: 'api-version' };
}

/** The strongest layer that has a key or a token, whatever its name there; of both in one, the token. */
export function credentialOf(
  layers: Layers,
  { vertex, project, token }: Settings,
  sources: Record<SettingKey, Source>,
): Credential {
  if (vertex && project !== undefined) {
    return { kind: 'google', apiKey: undefined, source: sources.project };
  }
  for (const layer of LAYERS) {
    if (token !== undefined && sources.token.layer === layer) {
      return { kind: 'token', apiKey: undefined, token: token.trim(), source: sources.token };
    }
    const key = layer === 'flag' || layer === 'default' ? undefined : layers[layer].key;
    if (key) return { kind: 'key', apiKey: key.apiKey, source: { layer, name: key.name } };
  }
  return { kind: 'none', apiKey: undefined, source: undefined };
}
