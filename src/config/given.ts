/** Settings as they were given, before anybody has looked at their values. */
import { envNameOf } from './options.ts';
import type { SettingKey } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value as it was given. */
export type Given = {
  /** As typed: `--voice`, `GEMLIVE_VOICE`, `voice`. */
  name: string;
  /** One, or several of a repeatable option. */
  texts: readonly string[];
  /** `GEMLIVE_NO_MIC=1`: the name says the opposite of the setting. */
  opposite: boolean;
};

export type GivenSettings = Partial<Record<SettingKey, Given>>;
export type GivenKey = { name: string; apiKey: string };
export type LayerContent = { settings: GivenSettings; key: GivenKey | undefined };

export const KEY_NAMES = ['GEMINI_API_KEY', 'GOOGLE_API_KEY'] as const;
export const EMPTY_LAYER: LayerContent = { settings: {}, key: undefined };

/** The name that the documentation gives wins, should `GEMLIVE_MIC` and `GEMLIVE_NO_MIC` both be there. */
export function addGiven(settings: GivenSettings, key: SettingKey, given: Given): void {
  if (settings[key] && given.name !== envNameOf(key)) return;
  settings[key] = given;
}

export function keyAmong(env: Environment): GivenKey | undefined {
  for (const name of KEY_NAMES) {
    const apiKey = env[name]?.trim();
    if (apiKey !== undefined && apiKey !== '') return { name, apiKey };
  }
  return undefined;
}
