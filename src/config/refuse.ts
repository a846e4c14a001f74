/**
 * What a model does not take, by the facts of its profile. Only sure facts refuse: the tables age, and
 * users must not be their prisoners. `--no-check` overrides all of it.
 */
import { EXIT, GemliveError, type Warning } from '../errors.ts';
import type { Fact } from '../protocol/facts.ts';
import {
  isChecked,
  MODELS,
  onlyWrites,
  type FlagRule,
  type ModelProfile,
} from '../protocol/models.ts';
import { findVoice, isLibraryVoice, LIBRARY_VOICES, VOICES } from '../protocol/voices.ts';
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
    refuseCommand(resolved);
    for (const key of CHECKED_KEYS) {
      const source = sources[key];
      const reason = CHECKS[key](settings, profile);
      if (reason === undefined || source.layer === 'default') continue;
      if (source.layer === 'flag') throw refusal(profile, settings, key, source, reason);
      warnings.push({
        code: 'refused_setting',
        message: `${given(settings, key, source)} is left out: ${reason}`,
      });
      Object.assign(settings, { [key]: defaultOf(key, command) });
      sources[key] = { layer: 'default', name: optionOf(key).name };
    }
    if (onlyWrites(profile)) settings.text = true;
    warnings.push(...ignoredWarnings(resolved));
  }
  return { ...resolved, settings, sources, warnings };
}

/** Where text is all that goes in, a model that takes none is of no use, wherever its name came from. */
function refuseCommand({ command, profile }: Resolved): void {
  const { takesText } = profile;
  if (command !== 'chat' || takesText.value || takesText.confidence !== 'sure') return;
  throw new GemliveError(`${profile.id} takes no text, and ${command} sends nothing else`, {
    code: 'refused_setting',
    exitCode: EXIT.usage,
    why: 'the model writes down what it hears',
    hint: `gemlive file RECORDING -m ${profile.id}, or another model here: -m`,
  });
}

const SAMPLING = ['temperature', 'topP', 'topK'] as const;

/** One warning for all of the sampling settings that the model takes without using them. */
function ignoredWarnings({ settings, sources, profile }: Resolved): Warning[] {
  const { value, confidence } = profile.sampling;
  if (value !== 'ignored' || confidence !== 'sure') return [];
  const given = SAMPLING.filter((key) => settings[key] !== undefined);
  if (given.length === 0) return [];
  const names = given.map((key) => describeSource(sources[key])).join(', ');
  const message = `${profile.id} ignores ${names}`;
  return [
    { code: 'ignored_setting', message, hint: 'describe the style of the answers with --system' },
  ];
}

/** Why the model does not take a setting, in one line; undefined where it does, or where nobody is sure. */
export function whyNot(
  key: keyof typeof CHECKS,
  settings: Settings,
  profile: ModelProfile,
): string | undefined {
  return factsCount(settings, profile) ? CHECKS[key](settings, profile) : undefined;
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
  if (profile.job.value === 'translate' && settings.translateTo === undefined) {
    const message = `${id} is not told into which language to translate`;
    return [{ code: 'no_target_language', message, hint: 'name it: --translate-to LANGUAGE' }];
  }
  return [];
}

/** Why not, in one line; undefined where the setting is taken, or not sure to be refused. */
type Check = (settings: Settings, profile: ModelProfile) => string | undefined;

const CHECKS = {
  voice: ({ voice }, profile) => voiceReason(voice, profile),
  preview: ({ preview }, profile) => voiceReason(preview, profile),
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
    if (typeof thinking === 'number' && rule.takesBudget) return undefined;
    const levels = rule.levels.map((level) => level.toLowerCase());
    if (levels.some((level) => level === thinking)) return undefined;
    const taken = rule.takesBudget ? [...levels, 'a number of tokens'] : levels;
    return `the model takes ${taken.slice(0, -1).join(', ')} or ${taken.at(-1)}`;
  },
  includeThoughts({ includeThoughts }, { thinking: fact }) {
    if (!includeThoughts || fact.confidence !== 'sure' || fact.value.kind !== 'omit')
      return undefined;
    return 'the model takes no settings about its thinking';
  },
  presencePenalty: ({ presencePenalty }, profile) => penaltyReason(presencePenalty, profile),
  frequencyPenalty: ({ frequencyPenalty }, profile) => penaltyReason(frequencyPenalty, profile),
  affective: ({ affective }, profile) => flagReason(affective, profile.affective),
  proactive: ({ proactive }, profile) => flagReason(proactive, profile.proactive),
  search: ({ search }, profile) => featureReason(search, profile.search, 'web search'),
  codeExecution: ({ codeExecution }, profile) =>
    featureReason(codeExecution, profile.codeExecution, 'code execution'),
  translateTo: ({ translateTo }, profile) =>
    featureReason(translateTo !== undefined, profile.translation, 'target language'),
  language({ language, transcribe }, { language: { value, confidence } }) {
    if (language === undefined) return undefined;
    if (value === 'target' && confidence === 'sure') {
      return 'the model speaks the language that --translate-to names';
    }
    if (value === 'hint' && !transcribe) return 'nothing is to be transcribed in it';
    return undefined;
  },
  greet: ({ greet }, profile) =>
    featureReason(greet !== undefined, profile.takesText, 'use for text'),
  text: ({ text }, profile) => (!text && onlyWrites(profile) ? WRITES : undefined),
  output: ({ output }, profile) =>
    output !== undefined && onlyWrites(profile) ? WRITES : undefined,
  outDir: ({ outDir }, profile) =>
    outDir !== undefined && onlyWrites(profile) ? WRITES : undefined,
  play: ({ play }, profile) => (play && onlyWrites(profile) ? WRITES : undefined),
} satisfies Partial<Record<SettingKey, Check>>;

function voiceReason(voice: string | undefined, profile: ModelProfile): string | undefined {
  if (voice === undefined) return undefined;
  if (onlyWrites(profile)) return WRITES;
  // More voices are added to the library than this table hears of.
  if (isLibraryVoice(voice)) {
    return featureReason(true, profile.libraryVoices, 'voices of the library');
  }
  if (findVoice(voice) !== undefined) return undefined;
  const near = nearest(voice, [...VOICES.map(({ name }) => name), ...LIBRARY_VOICES]);
  const hint = near === undefined ? '`gemlive voices` lists them' : `did you mean ${near}?`;
  return `there is no voice ${voice}; ${hint}`;
}

const spelled = (voice: string | undefined): string | undefined =>
  voice === undefined ? undefined : (findVoice(voice) ?? voice);

const WRITES = 'the model writes, and does not speak';

const CHECKED_KEYS = Object.keys(CHECKS) as (keyof typeof CHECKS)[];

function flagReason(asked: boolean | undefined, fact: Fact<FlagRule>): string | undefined {
  if (asked === undefined || fact.confidence !== 'sure') return undefined;
  const isConstant = fact.value === 'always' || fact.value === 'builtIn';
  if (isConstant && !asked) return 'the model always does it';
  if (fact.value === 'builtIn') return 'the model does it by itself, and refuses the setting';
  if (fact.value === 'refused' && asked) return 'the model does not have it';
  return undefined;
}

function penaltyReason(asked: number | undefined, { penalties }: ModelProfile): string | undefined {
  const isRefused = penalties.value === 'refused' && penalties.confidence === 'sure';
  return asked !== undefined && isRefused ? 'the model refuses penalties' : undefined;
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
