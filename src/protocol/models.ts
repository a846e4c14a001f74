/**
 * The Live models as data: what each takes, refuses and does. Everything that differs between models
 * stands here; no other file asks for a model by name.
 *
 * State of knowledge: 2026-11-30.
 */
import { disputed, sure, uncertain, type Fact } from './facts.ts';
import type { ModelProfile, Platform, Price } from './modelProfile.ts';

export type * from './modelProfile.ts';

export const DEFAULT_MODEL = 'gemini-3.8-live';

const PRICE_3X = sure<Price>(
  { textIn: 0.75, audioIn: 3, imageIn: 1, textOut: 4.5, audioOut: 12 },
  'pricing page, paid tier, 2026-09',
);
/** The sheets of translation and transcription name one price for input and one for output. */
const priceOfJob = (input: number, output: number): Fact<Price> =>
  sure(
    { textIn: input, audioIn: input, imageIn: input, textOut: output, audioOut: output },
    'pricing page, paid tier, 2026-11',
  );

const FIREBASE_3X = 'reference of @firebase/ai 3.0.0, for Gemini 3.x';

const gemini38: ModelProfile = {
  id: 'gemini-3.8-live',
  status: 'current',
  since: '2026-09-15',
  platforms: ['gemini', 'vertex'],
  summary: 'the default: voice in, voice out; tools do not block',
  job: sure('converse', 'model page'),
  takesText: sure(true, 'model page'),
  modalities: sure(['AUDIO'], 'model page'),
  thinking: sure({ kind: 'omit' }, 'model page'),
  textPath: sure('clientContent', 'model page'),
  contentRole: sure('required', 'measured: a turn without a role, or with "system", is refused'),
  mediaChunks: sure('ignored', 'measured: no answer and no error'),
  endOfTurn: sure('turnComplete', 'model page'),
  turnSignal: sure('turnComplete', 'recorded sessions'),
  partsPerEvent: sure('many', 'model page'),
  affective: sure('builtIn', 'model page and public reports: 1007 on every version of the API'),
  affectiveRefusal: sure('argument', 'public reports'),
  proactive: sure('always', 'model page: `false` errors'),
  sampling: sure('ignored', FIREBASE_3X),
  penalties: sure('refused', FIREBASE_3X),
  functions: sure('both', 'model page'),
  defaultBehavior: sure('NON_BLOCKING', 'model page'),
  scheduling: sure(true, 'model page'),
  inputWhileCalling: sure('cancels', 'Vertex migration guide: a pending call is cancelled'),
  search: sure(true, 'model page'),
  codeExecution: sure(false, 'model page'),
  language: sure('words', 'capabilities page: native audio picks the language'),
  libraryVoices: sure(true, 'one voice of them, measured'),
  translation: sure(false, 'model page'),
  turnCoverageDefault: sure('activityAndVideo', 'model page'),
  audioStreamEnd: sure(true, 'capabilities page'),
  contextTokens: sure(131_072, 'model page'),
  unaskedTranscription: uncertain('output', 'one usage receipt in the developer forum'),
  unaskedResumption: sure(false, 'API reference: only if configured'),
  unaskedVoiceActivity: sure(false, 'public sessions'),
  contextUpdate: uncertain(true, 'SDK reference, which names no models'),
  textRefusal: sure('combination', 'public reports'),
  usage: disputed('turn', 'measured; the Vertex reference says that of the session'),
  price: PRICE_3X,
  onVertex: { language: uncertain('code', 'Vertex samples show language_code') },
};

const gemini38Thinking: ModelProfile = {
  ...gemini38,
  id: 'gemini-3.8-live-extended-thinking',
  platforms: ['gemini'],
  summary: 'thinks longer; speaks a filler first; idle on interactionStatus',
  thinking: sure(
    {
      kind: 'levels',
      levels: ['LOW', 'MEDIUM', 'HIGH'],
      // Three other clients choose it for a voice: the higher levels answer later.
      requiredLevel: 'LOW',
      takesBudget: true,
    },
    'thinking page, and the words of the refusals',
  ),
  mediaChunks: uncertain('ignored', 'measured on its sibling only'),
  contentRole: uncertain('required', 'measured on its sibling only'),
  unaskedVoiceActivity: sure(
    true,
    'measured: start 0.35 s after the onset, end with the transcription',
  ),
  libraryVoices: uncertain(true, 'measured on its sibling only'),
  endOfTurn: sure('interactionIdle', 'thinking page'),
  functions: sure('nonBlocking', 'model page: BLOCKING is a hard error'),
  scheduling: sure(false, 'model page'),
};

const native25: ModelProfile = {
  ...gemini38,
  id: 'gemini-2.5-flash-native-audio-latest',
  status: 'deprecated',
  since: '2025-09',
  platforms: ['gemini'],
  summary: 'native audio of 2025; affective and proactive on request (API v1alpha)',
  thinking: sure({ kind: 'budget' }, 'capabilities page'),
  libraryVoices: uncertain(false, 'the library is newer'),
  contentRole: uncertain('optional', 'not documented'),
  mediaChunks: sure('heard', 'API reference: the first chunk'),
  partsPerEvent: sure('one', 'migration guide'),
  affective: sure('optional', 'capabilities page'),
  proactive: sure('optional', 'capabilities page'),
  sampling: sure('used', 'API reference'),
  penalties: sure('used', 'API reference'),
  functions: sure('both', 'capabilities page'),
  defaultBehavior: sure('BLOCKING', 'capabilities page'),
  inputWhileCalling: sure('refused', 'js-genai#1236'),
  turnCoverageDefault: sure('activity', 'capabilities page'),
  contextTokens: sure(131_072, 'capabilities page'),
  unaskedTranscription: sure('none', 'recorded sessions'),
  textRefusal: sure('voices', 'public reports'),
  price: uncertain(
    { textIn: 0.5, audioIn: 3, imageIn: 3, textOut: 2, audioOut: 12 },
    'from memory of the 2025 sheet',
  ),
};

const halfCascade: ModelProfile = {
  ...native25,
  id: 'gemini-live-2.5-flash-preview',
  status: 'retired',
  summary: 'shut down 2025-12-09',
  modalities: sure(['AUDIO', 'TEXT'], 'recorded sessions'),
  thinking: uncertain({ kind: 'budget' }, 'older page'),
  affective: uncertain('refused', 'older page'),
  affectiveRefusal: uncertain('internal', 'public reports of 2.0: 1011'),
  proactive: uncertain('refused', 'older page'),
  codeExecution: sure(true, 'recorded sessions'),
  language: sure('code', 'older page: region codes'),
  contextTokens: sure(32_768, 'capabilities page'),
  textRefusal: uncertain('combination', 'not documented'),
  price: undefined,
};

const gemini31: ModelProfile = {
  ...gemini38,
  id: 'gemini-3.1-flash-live-preview',
  status: 'retired',
  since: '2026-03',
  platforms: ['gemini'],
  summary: 'shut down 2026-11-17',
  thinking: sure(
    { kind: 'levels', levels: ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'], defaultLevel: 'MINIMAL' },
    'thinking page',
  ),
  libraryVoices: sure(false, 'measured: no matching speaker voice'),
  textPath: disputed('seedThenRealtime', 'skill page and LiveKit; capabilities page differs'),
  mediaChunks: uncertain('heard', 'not documented'),
  affective: sure('refused', 'migration guide'),
  affectiveRefusal: sure('internal', 'public reports: 1011'),
  proactive: sure('refused', 'migration guide'),
  functions: sure('blocking', 'skill page'),
  defaultBehavior: sure('BLOCKING', 'skill page'),
  scheduling: sure(false, 'skill page'),
  inputWhileCalling: uncertain('cancels', 'not documented'),
  turnCoverageDefault: disputed('activityAndVideo', 'skill page; one client says audio only'),
  contextTokens: sure(131_072, 'capabilities page: native audio 128k'),
  unaskedTranscription: uncertain('input', 'developer forum'),
  unaskedResumption: disputed(false, 'API reference; one client saw them every 1.2 s'),
};

const translate: ModelProfile = {
  ...gemini38,
  id: 'gemini-3.5-live-translate-preview',
  status: 'preview',
  platforms: ['gemini', 'vertex'],
  summary: 'speech to speech translation, more than 70 languages, no tools',
  job: sure('translate', 'model list'),
  takesText: uncertain(true, 'not documented'),
  thinking: uncertain({ kind: 'omit' }, 'not documented'),
  affective: uncertain('refused', 'not documented'),
  proactive: uncertain('refused', 'not documented'),
  functions: sure('none', 'model list'),
  search: sure(false, 'model list'),
  codeExecution: sure(false, 'model list'),
  language: sure('target', 'SDK reference: translationConfig says which'),
  libraryVoices: uncertain(true, 'not documented'),
  translation: sure(true, 'SDK reference'),
  turnCoverageDefault: uncertain('activityAndVideo', 'not documented'),
  contextTokens: uncertain(131_072, 'not documented'),
  unaskedTranscription: uncertain('none', 'not documented'),
  contentRole: uncertain('optional', 'not documented'),
  mediaChunks: uncertain('heard', 'not documented'),
  turnSignal: disputed('none', 'measured once: words and sound, and no end of a turn'),
  usage: sure('second', 'recorded session'),
  price: priceOfJob(3.5, 21),
  onVertex: {},
};

const transcribe: ModelProfile = {
  ...translate,
  id: 'gemini-3.5-transcribe-live',
  platforms: ['gemini'],
  summary: 'streaming transcription: speech in, text out',
  job: sure('transcribe', 'model list'),
  takesText: sure(false, 'model list: speech to text'),
  modalities: sure(['TEXT'], 'model list'),
  functions: uncertain('none', 'not documented'),
  search: uncertain(false, 'not documented'),
  codeExecution: uncertain(false, 'not documented'),
  language: uncertain('hint', 'SDK reference: languageCodes of a transcription'),
  translation: sure(false, 'SDK reference'),
  turnSignal: disputed(
    'generationComplete',
    'measured once: after each utterance, and never turnComplete',
  ),
  usage: uncertain('turn', 'not documented'),
};

/** Every Live model anybody may name, the current ones first. */
export const MODELS: readonly ModelProfile[] = [
  gemini38,
  gemini38Thinking,
  translate,
  transcribe,
  {
    ...transcribe,
    id: 'gemini-3.5-transcribe-live-preview',
    platforms: ['vertex'],
    summary: 'the same, by its Vertex name',
  },
  {
    ...gemini38,
    id: 'gemini-robotics-er-2-streaming-preview',
    status: 'preview',
    platforms: ['gemini'],
    summary: 'embodied reasoning, listed as a Live model; hardly documented',
    thinking: uncertain({ kind: 'omit' }, 'not documented'),
    affective: uncertain('refused', 'not documented'),
    proactive: uncertain('refused', 'not documented'),
    functions: uncertain('both', 'not documented'),
    search: uncertain(true, 'not documented'),
    codeExecution: uncertain(false, 'not documented'),
    translation: uncertain(false, 'not documented'),
    modalities: uncertain(['AUDIO'], 'not documented'),
    language: uncertain('words', 'not documented'),
    sampling: uncertain('ignored', 'not documented'),
    penalties: uncertain('refused', 'not documented'),
    contentRole: uncertain('optional', 'not documented'),
    mediaChunks: uncertain('heard', 'not documented'),
    libraryVoices: uncertain(true, 'not documented'),
    turnCoverageDefault: uncertain('activityAndVideo', 'not documented'),
    contextTokens: uncertain(131_072, 'not documented'),
    price: undefined,
  },
  native25,
  { ...native25, id: 'gemini-2.5-flash-native-audio-preview-12-2025' },
  { ...native25, id: 'gemini-2.5-flash-native-audio-preview-09-2025' },
  {
    ...native25,
    id: 'gemini-live-2.5-flash-native-audio',
    status: 'current',
    platforms: ['vertex'],
    summary: 'native audio of 2025 on Vertex AI',
    language: uncertain('code', 'Vertex samples show language_code'),
  },
  gemini31,
  halfCascade,
  { ...halfCascade, id: 'gemini-2.0-flash-live-001' },
  { ...halfCascade, id: 'gemini-2.0-flash-exp', summary: 'gone' },
  {
    ...halfCascade,
    id: 'gemini-2.0-flash-live-preview-04-09',
    platforms: ['vertex'],
    summary: 'gone',
  },
];

/** `models/X`, `projects/…/models/X` and `X` are the same model. */
export function modelId(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

export function findModel(name: string): ModelProfile | undefined {
  const id = modelId(name);
  return MODELS.find((model) => model.id === id);
}

/** The profile of a model nobody here has heard of: like the default model, and sure of nothing. */
export function profileOf(name: string): ModelProfile {
  return (
    findModel(name) ?? {
      ...gemini38,
      id: modelId(name),
      status: 'unknown',
      summary: 'not in the table',
      price: undefined,
    }
  );
}

/** What holds on the platform that is spoken to. */
export function onPlatform(profile: ModelProfile, platform: Platform): ModelProfile {
  return platform === 'vertex' ? { ...profile, ...profile.onVertex } : profile;
}

/** Its answers are words only, and surely so. */
export function onlyWrites({ modalities }: ModelProfile): boolean {
  return modalities.confidence === 'sure' && !modalities.value.includes('AUDIO');
}

/** Known and not shut down: its facts may refuse a setting. */
export function isChecked(profile: ModelProfile): boolean {
  return profile.status !== 'unknown' && profile.status !== 'retired';
}
