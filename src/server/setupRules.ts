/**
 * What a setup may ask for, model by model, and the service's words for what it may not. Where nobody knows
 * whether the service takes a setting, it is taken.
 */
import type { Fact } from '../protocol/facts.ts';
import type { GenerationConfig, Setup, Tool } from '../protocol/messages.ts';
import { findModel, modelId, type ModelProfile } from '../protocol/models.ts';
import { ASSUMED } from '../protocol/openQuestions.ts';
import { findVoice, isLibraryVoice } from '../protocol/voices.ts';
import { internalError, invalidArgument, Refusal, unknownName } from './refusal.ts';

export type SetupContext = {
  /** As in the path: `v1beta`. */
  apiVersion: string;
  vertex: boolean;
  allowRetired: boolean;
};

/** The profile of a setup that is in order. @throws Refusal with the close code of the service. */
export function checkSetup(setup: Setup, context: SetupContext): ModelProfile {
  // Only v1alpha of the Gemini API has the field, which is found before the model is looked at.
  const isAlpha = context.vertex || context.apiVersion === 'v1alpha';
  if (setup.proactivity !== undefined && !isAlpha) throw unknownName('proactivity', 'setup');
  const profile = checkModel(setup, context);
  checkModalities(setup, profile);
  checkGeneration(setup, profile);
  checkTone(setup, profile, isAlpha);
  checkTools(setup.tools ?? [], profile);
  const detection = setup.realtimeInputConfig?.automaticActivityDetection;
  for (const ms of [detection?.prefixPaddingMs, detection?.silenceDurationMs]) {
    if (ms !== undefined && !(Number.isInteger(ms) && ms >= 0)) throw invalidArgument();
  }
  const onlyVertex = [setup.sessionResumption?.transparent, setup.explicitVadSignal];
  if (onlyVertex.includes(true) && !context.vertex) throw invalidArgument();
  return profile;
}

function checkModel(setup: Setup, { apiVersion, allowRetired }: SetupContext): ModelProfile {
  const name = typeof setup.model === 'string' ? setup.model : '';
  if (name === '') throw invalidArgument();
  const profile = findModel(name);
  if (profile && (profile.status !== 'retired' || allowRetired)) return profile;
  throw new Refusal(
    1008,
    `models/${modelId(name)} is not found for API version ${apiVersion}, or is not supported for bidiGenerateContent. ` +
      'Call ListModels to see the list of available models and their supported methods.',
  );
}

function checkModalities({ model, generationConfig }: Setup, profile: ModelProfile): void {
  const asked = generationConfig?.responseModalities ?? [];
  if (!Array.isArray(asked) || asked.length > 1) throw invalidArgument();
  const [modality] = asked;
  if (modality === undefined || profile.modalities.value.some((known) => known === modality))
    return;
  if (modality === 'TEXT' && profile.textRefusal.value === 'voices') {
    throw new Refusal(1007, 'Cannot extract voices from a non-audio request.');
  }
  throw new Refusal(
    1007,
    `The requested combination of response modalities (${modality}) is not supported by the model. ${model} accepts ` +
      `the following combination of response modalities: ${profile.modalities.value.join(', ')}`,
  );
}

/** What is sure; undefined where nobody knows. */
const known = <T>({ value, confidence }: Fact<T>): T | undefined =>
  confidence === 'sure' ? value : undefined;

function checkGeneration(
  { generationConfig = {}, proactivity }: Setup,
  profile: ModelProfile,
): void {
  const { thinkingConfig, speechConfig, translationConfig, presencePenalty, frequencyPenalty } =
    generationConfig;
  checkThinking(thinkingConfig, profile);
  if (proactivity?.proactiveAudio !== undefined) {
    const rule = known(profile.proactive);
    if (rule === 'refused' || (rule === 'always' && !proactivity.proactiveAudio))
      throw invalidArgument();
  }
  const penalized = presencePenalty !== undefined || frequencyPenalty !== undefined;
  if (penalized && known(profile.penalties) === 'refused') throw invalidArgument();
  if (translationConfig !== undefined && known(profile.translation) === false) {
    throw invalidArgument();
  }
  const voice = speechConfig?.voiceConfig?.prebuiltVoiceConfig?.voiceName;
  if (voice !== undefined && !hasVoice(voice, profile)) {
    const { code, reason } = ASSUMED.unknownVoice;
    throw new Refusal(
      code,
      reason.replace('{voice}', () => voice),
    );
  }
}

function checkThinking(asked: ThinkingConfig | undefined, { thinking }: ModelProfile): void {
  const rule = known(thinking);
  if (rule === undefined) return;
  const { thinkingLevel, thinkingBudget } = asked ?? {};
  const level = thinkingLevel?.toUpperCase();
  if (rule.kind === 'levels') {
    if (level === undefined && thinkingBudget === undefined && rule.requiredLevel !== undefined) {
      throw new Refusal(1007, 'Thinking level must be specified for this model.');
    }
    if (level !== undefined && !rule.levels.some((taken) => taken === level)) {
      throw new Refusal(1007, `Thinking level ${level} is not supported for this model`);
    }
    if (thinkingBudget !== undefined && !rule.takesBudget) throw unsupportedThinking();
  } else if (rule.kind === 'omit') {
    if (asked !== undefined) {
      throw new Refusal(1007, 'Thinking level is not supported for this model');
    }
  } else if (level !== undefined) throw unsupportedThinking();
}

type ThinkingConfig = GenerationConfig['thinkingConfig'];

const unsupportedThinking = (): Refusal =>
  new Refusal(1007, 'thinking_config is not supported for this model.');

/** `enableAffectiveDialog`: on 2.5 of v1alpha only; the other models refuse it in words of their own. */
function checkTone({ generationConfig }: Setup, profile: ModelProfile, isAlpha: boolean): void {
  if (generationConfig?.enableAffectiveDialog === undefined) return;
  const affective = known(profile.affective) ?? 'optional';
  if (affective === 'optional') {
    if (!isAlpha) throw unknownName('enableAffectiveDialog', 'setup.generation_config');
    return;
  }
  if (affective === 'refused' && !generationConfig.enableAffectiveDialog) return;
  throw profile.affectiveRefusal.value === 'internal' ? internalError() : invalidArgument();
}

function hasVoice(voice: string, { libraryVoices }: ModelProfile): boolean {
  if (findVoice(voice) === undefined) return false;
  return !isLibraryVoice(voice) || known(libraryVoices) !== false;
}

const FUNCTION_NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/;
const MAX_FUNCTIONS = 512;

/** @throws Refusal */
export function checkTools(tools: readonly Tool[], profile: ModelProfile): void {
  if (tools.some((tool) => tool.functionDeclarations?.length === 0)) throw invalidArgument();
  const declarations = tools.flatMap((tool) => tool.functionDeclarations ?? []);
  if (declarations.length > MAX_FUNCTIONS) throw invalidArgument();
  for (const { name, behavior } of declarations) {
    if (typeof name !== 'string' || !FUNCTION_NAME.test(name)) throw invalidArgument();
    const functions = known(profile.functions);
    if (behavior === 'BLOCKING' && functions === 'nonBlocking') {
      throw new Refusal(1007, 'BLOCKING function calls are not supported for this model');
    }
    if (functions === 'none' || (behavior === 'NON_BLOCKING' && functions === 'blocking')) {
      throw invalidArgument();
    }
  }
  const searches = tools.some((tool) => tool.googleSearch);
  if (searches && known(profile.search) === false) throw invalidArgument();
  const runsCode = tools.some((tool) => tool.codeExecution);
  if (runsCode && known(profile.codeExecution) === false) throw invalidArgument();
}
