/**
 * What a model does not take, by the facts of its profile. Only sure facts refuse: the tables age, and
 * users must not be their prisoners. `--no-check` overrides all of it.
 */
import { EXIT, GemliveError, type Warning } from '../errors.ts';
import type { Fact } from '../protocol/facts.ts';
import { isChecked, MODELS, type FlagRule, type ModelProfile } from '../protocol/models.ts';
import { findVoice, LIBRARY_VOICES, VOICES } from '../protocol/voices.ts';
import { nearest } from './nearest.ts';
import { defaultOf, optionOf } from './options.ts';
import {
  describeSource,
  type Resolved,
  type SettingKey,
  type Settings,
  type Source,
} from './settings.ts';

/** The profile's facts are to be believed. */
export const factsCount = (settings: Settings, profile: ModelProfile): boolean =>
  settings.check && isChecked(profile);

/** Drops what came from elsewhere than the command line, with a warning. @throws GemliveError otherwise. */
export function refuse(resolved: Resolved): Resolved {
  const { profile, command } = resolved;
  const settings: Settings = { ...resolved.settings };
  const sources: Record<SettingKey, Source> = { ...resolved.sources };
  const warnings = [...resolved.warnings, ...modelWarnings(settings, profile)];
  for (const key of ['voice', 'preview'] as const) settings[key] = spelled(settings[key]);
  if (factsCount(settings, profile)) {
    for (const key of CHECKED_KEYS) {
      const reason = CHECKS[key](settings, profile);
      if (reason === undefined) continue;
      const source = sources[key];
      if (source.layer === 'flag') throw refusal(profile, settings, key, source, reason);
      warnings.push({
        code: 'refused_setting',
        message: `${given(settings, key, source)} is left out: ${reason}`,
      });
      Object.assign(settings, { [key]: defaultOf(key, command) });
      sources[key] = { layer: 'default', name: optionOf(key).name };
    }
  }
  return { ...resolved, settings, sources, warnings };
}

function modelWarnings(settings: Settings, profile: ModelProfile): Warning[] {
  if (!settings.check) return [];
  const { id, status, platforms } = profile;
  if (status === 'unknown') {
    const near = nearest(
      id,
      MODELS.filter((model) => model.status !== 'retired').map((model) => model.id),
    );
    const hint = near === undefined ? '`gemlive models` lists the models' : `did you mean ${near}?`;
    const message = `gemlive does not know the model ${id}: sent as it is, unchecked`;
    return [{ code: 'unknown_model', message, hint }];
  }
  if (status === 'retired') {
    const message = `the model ${id} was shut down: sent as it is, unchecked`;
    return [{ code: 'retired_model', message, hint: '`gemlive models` lists the models' }];
  }
  const here = settings.vertex ? 'vertex' : 'gemini';
  if (!platforms.includes(here)) {
    const [other, asked] = settings.vertex
      ? ['the Gemini API', 'Vertex AI']
      : ['Vertex AI', 'the Gemini API'];
    const message = `the model ${id} is known from ${other} only, not from ${asked}`;
    return [{ code: 'other_platform', message, hint: '`gemlive models` lists the models' }];
  }
  return [];
}

/** Why not, in one line; undefined where the setting is taken, or not sure to be refused. */
type Check = (settings: Settings, profile: ModelProfile) => string | undefined;

const CHECKS = {
  voice: ({ voice }) => voiceReason(voice),
  preview: ({ preview }, { modalities }) =>
    preview === undefined || modalities.value.includes('AUDIO')
      ? voiceReason(preview)
      : 'the model does not speak',
  thinking({ thinking }, { thinking: fact }) {
    if (thinking === undefined || fact.confidence !== 'sure') return undefined;
    const rule = fact.value;
    if (rule.kind === 'omit') {
      return thinking === 'off' ? undefined : 'the model decides by itself how much it thinks';
    }
    if (rule.kind === 'budget') {
      const ok = typeof thinking === 'number' || thinking === 'off';
      return ok ? undefined : 'the model takes a number of tokens (0 is off, -1 as it likes)';
    }
    const levels = rule.levels.map((level) => level.toLowerCase());
    if (levels.some((level) => level === thinking)) return undefined;
    return `the model takes ${levels.slice(0, -1).join(', ')} or ${levels.at(-1)}`;
  },
  includeThoughts({ includeThoughts }, { thinking: fact }) {
    if (!includeThoughts || fact.confidence !== 'sure' || fact.value.kind !== 'omit')
      return undefined;
    return 'the model takes no settings about its thinking';
  },
  affective: ({ affective }, profile) => flagReason(affective, profile.affective),
  proactive: ({ proactive }, profile) => flagReason(proactive, profile.proactive),
  search: ({ search }, profile) => featureReason(search, profile.search, 'web search'),
  codeExecution: ({ codeExecution }, profile) =>
    featureReason(codeExecution, profile.codeExecution, 'code execution'),
  translateTo: ({ translateTo }, profile) =>
    featureReason(translateTo !== undefined, profile.translation, 'target language'),
} satisfies Partial<Record<SettingKey, Check>>;

function voiceReason(voice: string | undefined): string | undefined {
  if (voice === undefined || findVoice(voice) !== undefined) return undefined;
  // More voices are added to the library than this table hears of.
  if (/^en-us-/i.test(voice)) return undefined;
  const near = nearest(voice, [...VOICES.map(({ name }) => name), ...LIBRARY_VOICES]);
  const hint = near === undefined ? '`gemlive voices` lists them' : `did you mean ${near}?`;
  return `there is no voice ${voice}; ${hint}`;
}

const spelled = (voice: string | undefined): string | undefined =>
  voice === undefined ? undefined : (findVoice(voice) ?? voice);

const CHECKED_KEYS = Object.keys(CHECKS) as (keyof typeof CHECKS)[];

function flagReason(asked: boolean | undefined, fact: Fact<FlagRule>): string | undefined {
  if (asked === undefined || fact.confidence !== 'sure') return undefined;
  if (fact.value === 'always' && !asked) return 'the model always does it';
  if (fact.value === 'refused' && asked) return 'the model does not have it';
  return undefined;
}

function featureReason(asked: boolean, fact: Fact<boolean>, what: string): string | undefined {
  return asked && fact.confidence === 'sure' && !fact.value
    ? `the model has no ${what}`
    : undefined;
}

/** As the user gave it: `--thinking high`, `GEMLIVE_THINKING in the environment`. */
function given(settings: Settings, key: SettingKey, source: Source): string {
  const value = settings[key];
  const isValue = source.layer === 'flag' && typeof value !== 'boolean';
  return describeSource(source) + (isValue ? ` ${String(value)}` : '');
}

function refusal(
  profile: ModelProfile,
  settings: Settings,
  key: SettingKey,
  source: Source,
  reason: string,
): GemliveError {
  return new GemliveError(`${profile.id} does not take ${given(settings, key, source)}`, {
    code: 'refused_setting',
    exitCode: EXIT.usage,
    why: reason,
    hint: `leave ${source.name} out, or add --no-check to send it all the same`,
  });
}
