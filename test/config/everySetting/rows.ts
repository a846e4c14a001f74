/**
 * What each setting makes of the setup, by hand from the service's own pages and from what was measured: for all models,
 * and where a model is different, for that one; and what the service answers to it, where it does not take it.
 */
import type { Family, Json } from './families.ts';

/** Changes of the setup; `nothing` where the model does so anyway; or why it is refused. */
export type Outcome = Json | 'nothing' | { refused: string };

export type Row = {
  command?: 'talk' | 'file';
  flags: string;
  all: Outcome;
  but?: Partial<Record<Family, Outcome>>;
  /** Families that take the setting without using it, which is a warning. */
  ignoredBy?: readonly Family[];
  /** The service's refusal of what is sent. Elsewhere the session opens. */
  answers?: Partial<Record<Family, RegExp>>;
};

const generation = (fields: Json): Json => ({ generationConfig: fields });
const detection = (fields: Json): Json => ({
  realtimeInputConfig: { automaticActivityDetection: fields },
});
const refused = (reason: string): Outcome => ({ refused: reason });
const many = (families: string, outcome: Outcome): Partial<Record<Family, Outcome>> =>
  Object.fromEntries(families.split(' ').map((family) => [family, outcome]));

const level = (thinkingLevel: string): Json => generation({ thinkingConfig: { thinkingLevel } });
/** A level beside a budget would be a contradiction. */
const budget = (thinkingBudget: number): Json =>
  generation({ thinkingConfig: { thinkingBudget, thinkingLevel: undefined } });
const DECIDES = refused('the model decides by itself how much it thinks');
const COUNTS = refused('the model takes a number of tokens (0 is off, -1 as it likes)');
const LEVELS_ET = refused('the model takes low, medium, high or a number of tokens');
const SURELY_25 = 'native25 native25Vertex';
/** Levels only: it was shut down, so what is sent is not checked. */
const NO_BUDGET_31 = { live31: /thinking_config is not supported/ };
const GEMINI_3X: Family[] = ['live38', 'thinking38', 'translate', 'transcribe'];

const ALWAYS = refused('the model always does it');
const BUILT_IN = refused('the model does it by itself, and refuses the setting');
const NO_PENALTIES = refused('the model refuses penalties');
const INVALID = /1007: Request contains an invalid argument\./;
const WRITES = refused('the model writes, and does not speak');
const NO_VOICE = refused('there is no voice Nobody; `gemlive voices` lists them');
const NO_TARGET = refused('the model has no target language');
const NO_CODE = refused('the model has no code execution');

const voice = (voiceName: string): Json =>
  generation({ speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName } } } });
const IN_GERMAN = {
  systemInstruction: {
    parts: [
      {
        text: 'You must respond unmistakably in German (de), whatever language you are spoken to in.',
      },
    ],
  },
};
const GERMAN_CODE = generation({ speechConfig: { languageCode: 'de' } });
const MARKED = detection({ disabled: true });
/** A recording gets whole answers. */
const FILE = { realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' } };

export const ROWS: readonly Row[] = [
  { flags: '--temperature 0.5', all: generation({ temperature: 0.5 }), ignoredBy: GEMINI_3X },
  { flags: '--temperature 0', all: generation({ temperature: 0 }), ignoredBy: GEMINI_3X },
  { flags: '--top-p 0.9', all: generation({ topP: 0.9 }), ignoredBy: GEMINI_3X },
  { flags: '--top-k 40', all: generation({ topK: 40 }), ignoredBy: GEMINI_3X },
  { flags: '--max-output-tokens 256', all: generation({ maxOutputTokens: 256 }) },
  { flags: '--seed 7', all: generation({ seed: 7 }) },
  {
    flags: '--presence-penalty -0.5',
    all: generation({ presencePenalty: -0.5 }),
    but: many(GEMINI_3X.join(' '), NO_PENALTIES),
    answers: { live31: INVALID },
  },
  {
    flags: '--frequency-penalty 1.5',
    all: generation({ frequencyPenalty: 1.5 }),
    but: many(GEMINI_3X.join(' '), NO_PENALTIES),
    answers: { live31: INVALID },
  },

  {
    flags: '--thinking minimal',
    all: level('MINIMAL'),
    but: { live38: DECIDES, thinking38: LEVELS_ET, ...many(SURELY_25, COUNTS) },
  },
  {
    flags: '--thinking low',
    all: level('LOW'),
    but: { live38: DECIDES, ...many(SURELY_25, COUNTS) },
  },
  {
    flags: '--thinking medium',
    all: level('MEDIUM'),
    but: { live38: DECIDES, ...many(SURELY_25, COUNTS) },
  },
  {
    flags: '--thinking high',
    all: level('HIGH'),
    but: { live38: DECIDES, ...many(SURELY_25, COUNTS) },
  },
  {
    flags: '--thinking off',
    all: budget(0),
    but: {
      ...many('live38 translate transcribe robotics', 'nothing'),
      thinking38: LEVELS_ET,
    },
    answers: NO_BUDGET_31,
  },
  { flags: '--thinking 0', all: budget(0), but: { live38: DECIDES }, answers: NO_BUDGET_31 },
  { flags: '--thinking 1024', all: budget(1024), but: { live38: DECIDES }, answers: NO_BUDGET_31 },
  { flags: '--thinking=-1', all: budget(-1), but: { live38: DECIDES }, answers: NO_BUDGET_31 },
  {
    flags: '--include-thoughts',
    all: generation({ thinkingConfig: { includeThoughts: true } }),
    but: { live38: refused('the model takes no settings about its thinking') },
  },

  {
    flags: '--affective',
    all: generation({ enableAffectiveDialog: true }),
    but: many('live38 thinking38', BUILT_IN),
    answers: { live31: /1011: Internal error/ },
  },
  {
    flags: '--no-affective',
    all: generation({ enableAffectiveDialog: false }),
    but: { ...many('live38 thinking38', ALWAYS), ...many(SURELY_25, 'nothing') },
  },
  {
    flags: '--proactive',
    all: { proactivity: { proactiveAudio: true } },
    but: many('live38 thinking38', 'nothing'),
    answers: { live31: INVALID },
  },
  {
    flags: '--no-proactive',
    all: { proactivity: { proactiveAudio: false } },
    but: { ...many('live38 thinking38', ALWAYS), ...many(SURELY_25, 'nothing') },
    answers: { live31: INVALID },
  },

  { flags: '--voice kore', all: voice('Kore'), but: { transcribe: WRITES } },
  {
    flags: '--voice en-us-tavi',
    all: voice('en-us-tavi'),
    but: { transcribe: WRITES },
    answers: { live31: /no matching speaker voice/ },
  },
  {
    flags: '--voice Nobody',
    all: NO_VOICE,
    but: { transcribe: WRITES, ...many('live31 retired unknown', voice('Nobody')) },
    answers: { live31: /no matching speaker voice/, retired: /no matching speaker voice/ },
  },
  {
    flags: '--language de',
    all: IN_GERMAN,
    but: {
      ...many('native25Vertex retired', GERMAN_CODE),
      translate: refused('the model speaks the language that --translate-to names'),
      transcribe: { inputAudioTranscription: { languageCodes: ['de'] } },
    },
  },
  { flags: '--system Hello', all: { systemInstruction: { parts: [{ text: 'Hello' }] } } },
  {
    flags: '--translate-to fr',
    all: generation({ translationConfig: { targetLanguageCode: 'fr' } }),
    but: many('live38 thinking38 native25 native25Vertex transcribe', NO_TARGET),
    answers: { live31: INVALID, retired: INVALID },
  },
  {
    flags: '--search',
    all: { tools: [{ googleSearch: {} }] },
    but: { translate: refused('the model has no web search') },
  },
  { flags: '--no-search', all: 'nothing' },
  {
    flags: '--code-execution',
    all: { tools: [{ codeExecution: {} }] },
    but: many('live38 thinking38 native25 native25Vertex translate', NO_CODE),
    answers: { live31: INVALID },
  },
  { flags: '--no-code-execution', all: 'nothing' },

  { flags: '--vad manual', all: MARKED },
  { flags: '--vad auto', all: 'nothing' },
  {
    flags: '--start-sensitivity low',
    all: detection({ startOfSpeechSensitivity: 'START_SENSITIVITY_LOW' }),
  },
  {
    flags: '--start-sensitivity high',
    all: detection({ startOfSpeechSensitivity: 'START_SENSITIVITY_HIGH' }),
  },
  {
    flags: '--end-sensitivity low',
    all: detection({ endOfSpeechSensitivity: 'END_SENSITIVITY_LOW' }),
  },
  {
    flags: '--end-sensitivity high',
    all: detection({ endOfSpeechSensitivity: 'END_SENSITIVITY_HIGH' }),
  },
  { flags: '--prefix-ms 20', all: detection({ prefixPaddingMs: 20 }) },
  { flags: '--silence-ms 500', all: detection({ silenceDurationMs: 500 }) },
  {
    flags: '--no-interrupt',
    all: { realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' } },
  },
  { flags: '--interrupt', all: 'nothing' },
  {
    flags: '--turn-coverage activity',
    all: { realtimeInputConfig: { turnCoverage: 'TURN_INCLUDES_ONLY_ACTIVITY' } },
  },
  {
    flags: '--turn-coverage all',
    all: { realtimeInputConfig: { turnCoverage: 'TURN_INCLUDES_ALL_INPUT' } },
  },
  {
    flags: '--no-transcribe',
    all: { inputAudioTranscription: undefined, outputAudioTranscription: undefined },
  },
  { flags: '--no-compress', all: { contextWindowCompression: undefined } },
  { flags: '--no-resume', all: { sessionResumption: undefined } },
  {
    flags: '--text',
    all: 'nothing',
    but: {
      // The only ones that write as well as speak. Without sound there is nothing to transcribe.
      retired: {
        generationConfig: { responseModalities: ['TEXT'] },
        outputAudioTranscription: undefined,
      },
    },
  },
  { flags: '--no-text', all: 'nothing', but: { transcribe: WRITES } },
  { flags: '--ptt', all: MARKED },
  {
    flags: '--greet Hi',
    all: 'nothing',
    but: { transcribe: refused('the model has no use for text') },
  },
  {
    command: 'file',
    flags: '--fast',
    all: {
      realtimeInputConfig: {
        automaticActivityDetection: { disabled: true },
        activityHandling: 'NO_INTERRUPTION',
      },
    },
  },
  { command: 'file', flags: '--interrupt', all: 'nothing' },
  { command: 'file', flags: '--play', all: FILE, but: { transcribe: WRITES } },
  { command: 'file', flags: '--output=a.wav', all: FILE, but: { transcribe: WRITES } },
  { command: 'file', flags: '--out-dir=out', all: FILE, but: { transcribe: WRITES } },
];
