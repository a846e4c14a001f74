/** Settings → the setup message, the first frame of a session. Pure. */
import type { Fact } from '../protocol/facts.ts';
import type { GenerationConfig, RealtimeInputConfig, Setup, Tool } from '../protocol/messages.ts';
import type { FlagRule, ModelProfile } from '../protocol/models.ts';
import { modelName } from './endpoint.ts';
import { factsCount } from './refuse.ts';
import type { Settings } from './settings.ts';
import { languageName } from './values.ts';

/** What a command knows beyond the settings. */
export type SetupExtras = {
  /** The answer is wanted as text. Default: `settings.text`. */
  asText?: boolean;
  /** Earlier turns go before the first question. */
  seedsHistory?: boolean;
  /** One question and one answer: there is nothing to come back to. */
  once?: boolean;
};

export function toSetup(
  settings: Settings,
  profile: ModelProfile,
  { asText = settings.text, seedsHistory = false, once = false }: SetupExtras = {},
): Setup {
  // An audio-only model is asked for its words as transcription, and the sound is dropped.
  const modalities = profile.modalities.value;
  const modality = asText && modalities.includes('TEXT') ? 'TEXT' : (modalities[0] ?? 'AUDIO');
  const isAudio = modality === 'AUDIO';
  const setup: Setup = {
    model: modelName(settings, settings.model),
    generationConfig: generationConfig(settings, profile, modality),
  };

  const instruction = [
    settings.system,
    languageWay(profile, isAudio) === 'words' ? inWords(settings) : '',
  ];
  const parts = instruction.flatMap((text) => (text ? [{ text }] : []));
  if (parts.length > 0) setup.systemInstruction = { parts };

  const tools: Tool[] = [];
  if (settings.search) tools.push({ googleSearch: {} });
  if (settings.codeExecution) tools.push({ codeExecution: {} });
  if (tools.length > 0) setup.tools = tools;

  const realtime = realtimeInputConfig(settings);
  if (Object.keys(realtime).length > 0) setup.realtimeInputConfig = realtime;
  if (settings.resume && !once) {
    setup.sessionResumption = settings.vertex ? { transparent: true } : {};
  }
  if (settings.compress) setup.contextWindowCompression = { slidingWindow: {} };
  if (settings.transcribe) {
    const { language } = settings;
    const isHint = language !== undefined && languageWay(profile, isAudio) === 'hint';
    setup.inputAudioTranscription = isHint ? { languageCodes: [language] } : {};
  }
  if (isAudio && (settings.transcribe || asText)) setup.outputAudioTranscription = {};

  const proactiveAudio = flagToSend(settings.proactive, profile.proactive, settings, profile);
  if (proactiveAudio !== undefined) setup.proactivity = { proactiveAudio };
  if (seedsHistory && profile.textPath.value === 'seedThenRealtime') {
    setup.historyConfig = { initialHistoryInClientContent: true };
  }
  return setup;
}

function generationConfig(
  settings: Settings,
  profile: ModelProfile,
  modality: 'AUDIO' | 'TEXT',
): GenerationConfig {
  const config: GenerationConfig = { responseModalities: [modality] };
  // "Cannot extract voices from a non-audio request": speech settings go with sound only.
  if (modality === 'AUDIO') {
    const { voice, language } = settings;
    const speech = {
      ...(voice !== undefined && { voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } } }),
      ...(language !== undefined &&
        languageWay(profile, true) === 'code' && { languageCode: language }),
    };
    if (Object.keys(speech).length > 0) config.speechConfig = speech;
  }
  for (const key of NUMBERS) {
    const value = settings[key];
    if (value !== undefined) config[key] = value;
  }
  const thinking = thinkingConfig(settings, profile);
  if (thinking) config.thinkingConfig = thinking;
  const affective = flagToSend(settings.affective, profile.affective, settings, profile);
  if (affective !== undefined) config.enableAffectiveDialog = affective;
  if (settings.translateTo !== undefined) {
    config.translationConfig = { targetLanguageCode: settings.translateTo };
  }
  return config;
}

const NUMBERS = [
  'temperature',
  'topP',
  'topK',
  'maxOutputTokens',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
] as const;

function thinkingConfig(
  settings: Settings,
  profile: ModelProfile,
): GenerationConfig['thinkingConfig'] {
  const { thinking, includeThoughts } = settings;
  const rule = profile.thinking.value;
  const config: NonNullable<GenerationConfig['thinkingConfig']> = {};
  if (thinking === undefined && rule.kind === 'levels' && rule.requiredLevel !== undefined) {
    config.thinkingLevel = rule.requiredLevel;
  } else if (typeof thinking === 'number') config.thinkingBudget = thinking;
  else if (thinking === 'off') {
    const isLeftOut = rule.kind === 'omit' && factsCount(settings, profile);
    if (!isLeftOut) config.thinkingBudget = 0;
  } else if (thinking !== undefined) config.thinkingLevel = THINKING_LEVELS[thinking];
  if (includeThoughts) config.includeThoughts = true;
  return Object.keys(config).length > 0 ? config : undefined;
}

const THINKING_LEVELS = { minimal: 'MINIMAL', low: 'LOW', medium: 'MEDIUM', high: 'HIGH' } as const;

function realtimeInputConfig(settings: Settings): RealtimeInputConfig {
  const { startSensitivity, endSensitivity, prefixMs, silenceMs, turnCoverage } = settings;
  const config: RealtimeInputConfig = {};
  // Speech is marked by us, not detected by the server.
  const marks = settings.fast || settings.ptt || settings.vad === 'manual';
  const detection = marks
    ? { disabled: true }
    : {
        ...(startSensitivity && { startOfSpeechSensitivity: START_SENSITIVITY[startSensitivity] }),
        ...(endSensitivity && { endOfSpeechSensitivity: END_SENSITIVITY[endSensitivity] }),
        ...(prefixMs !== undefined && { prefixPaddingMs: prefixMs }),
        ...(silenceMs !== undefined && { silenceDurationMs: silenceMs }),
      };
  if (Object.keys(detection).length > 0) config.automaticActivityDetection = detection;
  if (!settings.interrupt) config.activityHandling = 'NO_INTERRUPTION';
  if (turnCoverage) config.turnCoverage = TURN_COVERAGE[turnCoverage];
  return config;
}

const START_SENSITIVITY = { low: 'START_SENSITIVITY_LOW', high: 'START_SENSITIVITY_HIGH' } as const;
const END_SENSITIVITY = { low: 'END_SENSITIVITY_LOW', high: 'END_SENSITIVITY_HIGH' } as const;
const TURN_COVERAGE = {
  activity: 'TURN_INCLUDES_ONLY_ACTIVITY',
  all: 'TURN_INCLUDES_ALL_INPUT',
} as const;

/** A language code goes with speech settings, and these with sound only. A target is no language of answers. */
function languageWay({ language }: ModelProfile, isAudio: boolean): 'code' | 'words' | 'hint' {
  if (language.value === 'hint') return 'hint';
  return language.value === 'code' && isAudio ? 'code' : 'words';
}

/** The wording is the one that the service's own guide gives: "unmistakably". */
function inWords({ language }: Settings): string {
  if (language === undefined) return '';
  const name = languageName(language) ?? language;
  return `You must respond unmistakably in ${name} (${language}), whatever language you are spoken to in.`;
}

/**
 * The value that the setup carries. A flag that the model surely does anyway, or surely never, is left out: the mere
 * field would be an error. Where the model does it on request, no request says "off".
 */
export function flagToSend(
  asked: boolean | undefined,
  fact: Fact<FlagRule>,
  settings: Settings,
  profile: ModelProfile,
): boolean | undefined {
  if (fact.confidence !== 'sure' || !factsCount(settings, profile)) return asked;
  return fact.value === 'optional' && asked ? true : undefined;
}
