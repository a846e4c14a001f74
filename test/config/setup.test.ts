/** Setup messages written by hand, against what the options make. */
import { describe, expect, it } from 'vitest';
import { toSetup, type SetupExtras } from '../../src/config/setup.ts';
import type { Setup } from '../../src/protocol/messages.ts';
import { MODELS } from '../../src/protocol/models.ts';
import { resolveFrom } from './support.ts';

async function setupOf(argv: readonly string[], extras?: SetupExtras): Promise<Setup> {
  const { settings, profile } = await resolveFrom({ argv });
  return toSetup(settings, profile, extras);
}

const DEFAULTS = {
  model: 'models/gemini-3.8-live',
  generationConfig: { responseModalities: ['AUDIO'] },
  sessionResumption: {},
  contextWindowCompression: { slidingWindow: {} },
  inputAudioTranscription: {},
  outputAudioTranscription: {},
};
const generation = (fields: object): object => ({
  ...DEFAULTS,
  generationConfig: { responseModalities: ['AUDIO'], ...fields },
});
const realtime = (realtimeInputConfig: object): object => ({ ...DEFAULTS, realtimeInputConfig });
const of31 = { ...DEFAULTS, model: 'models/gemini-3.1-flash-live-preview' };
const of25 = { ...DEFAULTS, model: 'models/gemini-2.5-flash-native-audio-latest' };

const TABLE: readonly [name: string, argv: string[], expected: object, extras?: SetupExtras][] = [
  ['nothing', ['talk'], DEFAULTS],
  [
    'a voice',
    ['talk', '--voice', 'kore'],
    generation({ speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } } }),
  ],
  [
    'an instruction',
    ['talk', '-s', 'Be brief.'],
    { ...DEFAULTS, systemInstruction: { parts: [{ text: 'Be brief.' }] } },
  ],
  ['an empty instruction', ['talk', '-s', ''], DEFAULTS],
  [
    'a language, in words, after the instruction',
    ['talk', '--system=Be brief.', '--language', 'de-at'],
    {
      ...DEFAULTS,
      systemInstruction: {
        parts: [
          { text: 'Be brief.' },
          {
            text: 'You must respond unmistakably in Austrian German (de-AT), whatever language you are spoken to in.',
          },
        ],
      },
    },
  ],
  [
    'a language, as a code',
    ['talk', '-m', 'gemini-live-2.5-flash-native-audio', '--language', 'pt-BR'],
    {
      ...DEFAULTS,
      model: 'models/gemini-live-2.5-flash-native-audio',
      generationConfig: { responseModalities: ['AUDIO'], speechConfig: { languageCode: 'pt-BR' } },
    },
  ],
  [
    'all numbers',
    'chat -m gemini-2.5-flash-native-audio-latest --temperature 0 --top-p .5 --top-k 40 --max-output-tokens 256 --seed -7 --presence-penalty 0.5 --frequency-penalty -1'.split(
      ' ',
    ),
    {
      ...of25,
      generationConfig: {
        responseModalities: ['AUDIO'],
        temperature: 0,
        topP: 0.5,
        topK: 40,
        maxOutputTokens: 256,
        seed: -7,
        presencePenalty: 0.5,
        frequencyPenalty: -1,
      },
    },
  ],
  [
    'a thinking level',
    ['talk', '-m', 'gemini-3.8-live-extended-thinking', '--thinking', 'HIGH', '--include-thoughts'],
    {
      ...DEFAULTS,
      model: 'models/gemini-3.8-live-extended-thinking',
      generationConfig: {
        responseModalities: ['AUDIO'],
        thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true },
      },
    },
  ],
  [
    'a thinking budget',
    ['talk', '-m', 'gemini-2.5-flash-native-audio-latest', '--thinking', '-1'],
    {
      ...of25,
      generationConfig: { responseModalities: ['AUDIO'], thinkingConfig: { thinkingBudget: -1 } },
    },
  ],
  [
    'thinking off, where that is a budget of 0',
    ['talk', '-m', 'gemini-2.5-flash-native-audio-latest', '--thinking', 'off'],
    {
      ...of25,
      generationConfig: { responseModalities: ['AUDIO'], thinkingConfig: { thinkingBudget: 0 } },
    },
  ],
  [
    'tone and silence on request',
    ['talk', '-m', 'gemini-2.5-flash-native-audio-latest', '--affective', '--proactive'],
    {
      ...of25,
      generationConfig: { responseModalities: ['AUDIO'], enableAffectiveDialog: true },
      proactivity: { proactiveAudio: true },
    },
  ],
  [
    'a flag that is an error on 3.8, unchecked',
    ['talk', '--no-check', '--no-proactive', '--thinking', 'off'],
    {
      ...generation({ thinkingConfig: { thinkingBudget: 0 } }),
      proactivity: { proactiveAudio: false },
    },
  ],
  ['search', ['talk', '--search'], { ...DEFAULTS, tools: [{ googleSearch: {} }] }],
  [
    'search and code',
    ['talk', '-m', 'gemini-2.0-flash-live-001', '--search', '--code-execution'],
    {
      ...DEFAULTS,
      model: 'models/gemini-2.0-flash-live-001',
      tools: [{ googleSearch: {} }, { codeExecution: {} }],
    },
  ],
  [
    'a translation',
    ['talk', '-m', 'gemini-3.5-live-translate-preview', '--translate-to', 'fr'],
    {
      ...DEFAULTS,
      model: 'models/gemini-3.5-live-translate-preview',
      generationConfig: {
        responseModalities: ['AUDIO'],
        translationConfig: { targetLanguageCode: 'fr' },
      },
    },
  ],
  [
    'turns',
    'talk --start-sensitivity low --end-sensitivity high --prefix-ms 20 --silence-ms 600 --no-interrupt --turn-coverage activity'.split(
      ' ',
    ),
    realtime({
      automaticActivityDetection: {
        startOfSpeechSensitivity: 'START_SENSITIVITY_LOW',
        endOfSpeechSensitivity: 'END_SENSITIVITY_HIGH',
        prefixPaddingMs: 20,
        silenceDurationMs: 600,
      },
      activityHandling: 'NO_INTERRUPTION',
      turnCoverage: 'TURN_INCLUDES_ONLY_ACTIVITY',
    }),
  ],
  [
    'all input',
    ['talk', '--turn-coverage', 'all'],
    realtime({ turnCoverage: 'TURN_INCLUDES_ALL_INPUT' }),
  ],
  [
    'a prefix of nothing',
    ['talk', '--prefix-ms', '0'],
    realtime({ automaticActivityDetection: { prefixPaddingMs: 0 } }),
  ],
  ['a recording', ['file', 'a.wav'], realtime({ activityHandling: 'NO_INTERRUPTION' })],
  ['a recording, live', ['file', 'a.wav', '--interrupt'], DEFAULTS],
  [
    'a recording, at once',
    ['file', 'a.wav', '--fast'],
    realtime({
      automaticActivityDetection: { disabled: true },
      activityHandling: 'NO_INTERRUPTION',
    }),
  ],
  ['push to talk', ['talk', '--ptt'], realtime({ automaticActivityDetection: { disabled: true } })],
  [
    'speech marked here',
    ['talk', '--vad', 'manual'],
    realtime({ automaticActivityDetection: { disabled: true } }),
  ],
  ['speech marked there', ['talk', '--vad', 'auto'], DEFAULTS],
  [
    'no transcripts, no compression, no resumption',
    ['talk', '--no-transcribe', '--no-compress', '--no-resume'],
    { model: 'models/gemini-3.8-live', generationConfig: { responseModalities: ['AUDIO'] } },
  ],
  [
    'Vertex AI, which tells what its states include',
    ['talk', '--vertex', '--project', 'p-1'],
    {
      ...DEFAULTS,
      model: 'projects/p-1/locations/global/publishers/google/models/gemini-3.8-live',
      sessionResumption: { transparent: true },
    },
  ],
  ['text, on a model that only speaks', ['talk', '--text'], DEFAULTS],
  [
    'text, although nothing is to be transcribed',
    ['chat', '--no-transcribe'],
    {
      model: 'models/gemini-3.8-live',
      generationConfig: { responseModalities: ['AUDIO'] },
      sessionResumption: {},
      contextWindowCompression: { slidingWindow: {} },
      outputAudioTranscription: {},
    },
    { asText: true },
  ],
  [
    'text, on a model that writes, without a voice and with the language in words',
    ['chat', '-m', 'gemini-live-2.5-flash-preview', '--voice', 'Puck', '--language', 'fr'],
    {
      model: 'models/gemini-live-2.5-flash-preview',
      generationConfig: { responseModalities: ['TEXT'] },
      systemInstruction: {
        parts: [
          {
            text: 'You must respond unmistakably in French (fr), whatever language you are spoken to in.',
          },
        ],
      },
      sessionResumption: {},
      contextWindowCompression: { slidingWindow: {} },
      inputAudioTranscription: {},
    },
    { asText: true },
  ],
  [
    'a model that only writes',
    ['talk', '-m', 'gemini-3.5-transcribe-live'],
    {
      model: 'models/gemini-3.5-transcribe-live',
      generationConfig: { responseModalities: ['TEXT'] },
      sessionResumption: {},
      contextWindowCompression: { slidingWindow: {} },
      inputAudioTranscription: {},
    },
  ],
  [
    'history, where it is a seed',
    ['chat', '-m', 'gemini-3.1-flash-live-preview'],
    { ...of31, historyConfig: { initialHistoryInClientContent: true } },
    { seedsHistory: true },
  ],
  ['history, where it is content like any other', ['chat'], DEFAULTS, { seedsHistory: true }],
  [
    'a model of nobody',
    ['talk', '-m', 'tunedModels/mine'],
    { ...DEFAULTS, model: 'tunedModels/mine' },
  ],
];

describe('toSetup', () => {
  it.each(TABLE)('%s', async (_, argv, expected, extras) => {
    expect(await setupOf(argv, extras)).toStrictEqual(expected);
  });

  it('never leaves an undefined or null in the frame, and says one modality, for every model', async () => {
    for (const { id } of MODELS) {
      for (const flags of [[], ['--text'], ['--no-check', '--language', 'de', '--voice', 'Kore']]) {
        const setup = await setupOf(['talk', '-m', id, ...flags]);
        expect(JSON.parse(JSON.stringify(setup))).toStrictEqual(setup);
        expect(setup.generationConfig?.responseModalities).toHaveLength(1);
      }
    }
  });

  it('gives the same for the same', async () => {
    const argv = ['talk', '--voice', 'Kore', '--search'];
    expect(JSON.stringify(await setupOf(argv))).toBe(JSON.stringify(await setupOf(argv)));
  });
});
