/** Fields of the setup that the Gemini API knows in its version v1alpha only. */
import { usageError, type Warning } from '../errors.ts';
import { defaultOf } from './options.ts';
import {
  describeSource,
  LAYERS,
  type Resolved,
  type SettingKey,
  type Settings,
} from './settings.ts';
import { flagToSend } from './setup.ts';

const OWNERS = ['proactive', 'affective'] as const;

/**
 * Moves the session to v1alpha where its setup carries such a field. A version that the user named on a stronger layer
 * drops the field, with a warning; `--no-check` keeps both.
 *
 * @throws GemliveError (usage) where the field and another version both come from the command line.
 */
export function settleAlphaFields(resolved: Resolved): Resolved {
  const { command, profile } = resolved;
  const settings: Settings = { ...resolved.settings };
  const sources = { ...resolved.sources };
  const warnings: Warning[] = [...resolved.warnings];
  const rank = (key: SettingKey): number => LAYERS.indexOf(sources[key].layer);
  for (const key of OWNERS) {
    const isSent = flagToSend(settings[key], profile[key], settings, profile) !== undefined;
    if (!isSent || settings.vertex || settings.apiVersion === 'v1alpha') continue;
    const version = sources.apiVersion;
    if (version.layer !== 'default') {
      if (!settings.check) continue;
      const both = `${describeSource(sources[key])} and ${describeSource(version)} ${settings.apiVersion}`;
      if (version.layer === 'flag' && sources[key].layer === 'flag') {
        throw usageError(
          `${both} cannot go together`,
          `only v1alpha has that setting: leave ${version.name} out, or add --no-check`,
        );
      }
      if (rank('apiVersion') < rank(key)) {
        const message = `${describeSource(sources[key])} is left out: only the API version v1alpha has it`;
        warnings.push({ code: 'refused_setting', message });
        Object.assign(settings, { [key]: defaultOf(key, command) });
        sources[key] = { layer: 'default', name: key };
        continue;
      }
      const message = `${describeSource(version)}: ${settings.apiVersion} lacks ${describeSource(sources[key])}; v1alpha is used`;
      warnings.push({ code: 'refused_setting', message });
    }
    settings.apiVersion = 'v1alpha';
    sources.apiVersion = { layer: 'default', name: 'api-version' };
  }
  return { ...resolved, settings, sources, warnings };
}
