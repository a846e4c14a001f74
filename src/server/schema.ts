/**
 * The fields that the service knows, and the two spellings it takes them in. Whatever else is sent is
 * refused with its name and place, as the real service does.
 */
import type { ClientMessage } from '../protocol/messages.ts';
import { Refusal } from './refusal.ts';

/** `any`: what is inside is the user's. An object: its fields. A list of one: a list of that. */
type Shape = 'any' | { readonly [field: string]: Shape } | readonly [Shape];

const fields = (names: string, shape: Record<string, Shape> = {}): Shape => ({
  ...Object.fromEntries(names.split(' ').map((name) => [name, 'any' as const])),
  ...shape,
});

const BLOB = fields('data mimeType');
const FUNCTION_RESPONSE = fields('id name response scheduling willContinue parts');
const PART = fields('text thought thoughtSignature', {
  inlineData: BLOB,
  fileData: fields('fileUri mimeType'),
  functionCall: fields('id name args'),
  functionResponse: FUNCTION_RESPONSE,
  executableCode: fields('language code'),
  codeExecutionResult: fields('outcome output'),
});
const CONTENT: Shape = { role: 'any', parts: [PART] };
const FUNCTION_DECLARATION = fields(
  'name description parameters parametersJsonSchema response responseJsonSchema behavior',
);
const TOOL = fields(
  'googleSearch googleSearchRetrieval codeExecution urlContext googleMaps retrieval mcpServers computerUse fileSearch',
  { functionDeclarations: [FUNCTION_DECLARATION] },
);
const TRANSCRIPTION = fields(
  'languageCodes customVocabulary mode wordTimestamp diarization sourceText languageAuto languageHints adaptationPhrases',
);
const GENERATION_CONFIG = fields(
  'responseModalities temperature topP topK maxOutputTokens seed candidateCount presencePenalty frequencyPenalty ' +
    'mediaResolution enableAffectiveDialog',
  {
    speechConfig: fields('languageCode multiSpeakerVoiceConfig', {
      voiceConfig: fields('replicatedVoiceConfig voice', {
        prebuiltVoiceConfig: fields('voiceName'),
      }),
    }),
    thinkingConfig: fields('thinkingLevel thinkingBudget includeThoughts'),
    translationConfig: fields('targetLanguageCode echoTargetLanguage'),
  },
);
const SETUP = fields('model explicitVadSignal labels', {
  generationConfig: GENERATION_CONFIG,
  systemInstruction: CONTENT,
  tools: [TOOL],
  realtimeInputConfig: fields('activityHandling turnCoverage interimTranscriptTimestampEnabled', {
    automaticActivityDetection: fields(
      'disabled startOfSpeechSensitivity endOfSpeechSensitivity prefixPaddingMs silenceDurationMs',
    ),
  }),
  sessionResumption: fields('handle transparent'),
  contextWindowCompression: fields('triggerTokens', { slidingWindow: fields('targetTokens') }),
  inputAudioTranscription: TRANSCRIPTION,
  outputAudioTranscription: TRANSCRIPTION,
  proactivity: fields('proactiveAudio proactiveVideo'),
  historyConfig: fields('initialHistoryInClientContent'),
  avatarConfig: fields('avatarName customizedAvatar audioBitrateBps videoBitrateBps'),
  safetySettings: [fields('category threshold method')],
});
const MESSAGES: Shape = {
  setup: SETUP,
  clientContent: fields('turnComplete', { turns: [CONTENT] }),
  realtimeInput: fields('text audioStreamEnd', {
    audio: BLOB,
    video: BLOB,
    mediaChunks: [BLOB],
    activityStart: {},
    activityEnd: {},
  }),
  toolResponse: { functionResponses: [FUNCTION_RESPONSE] },
  contextUpdate: { systemInstruction: CONTENT, tools: { tools: [TOOL] } },
};

const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A client frame in the canonical spelling. @throws Refusal 1007 for what the service does not know. */
export function readClientMessage(frame: Record<string, unknown>): ClientMessage {
  const message = conform(frame, MESSAGES, '') as Record<string, unknown>;
  const keys = Object.keys(message);
  if (keys.length !== 1) throw new Refusal(1007, 'Request contains an invalid argument.');
  const [key = ''] = keys;
  // proto3 JSON: null is absent, and an absent message is no message.
  if (typeof message[key] !== 'object' || message[key] === null) {
    throw new Refusal(1007, `Invalid value at '${snakeCase(key)}' (oneof), it must be an object.`);
  }
  return message as ClientMessage;
}

function conform(value: unknown, shape: Shape, path: string): unknown {
  if (shape === 'any' || value === null || value === undefined) return value;
  if (Array.isArray(shape)) {
    const [item] = shape as readonly [Shape];
    // proto3 JSON takes no single value for a list.
    if (!Array.isArray(value))
      throw new Refusal(1007, `Invalid value at '${path}', it must be a list.`);
    return value.map((entry, index) => conform(entry, item, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new Refusal(1007, `Invalid value at '${path}', it must be an object.`);
  }
  const known = shape as { readonly [field: string]: Shape };
  const result: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(value)) {
    const field = camelCase(name);
    const inner = Object.hasOwn(known, field) ? known[field] : undefined;
    if (inner === undefined) {
      const place = path === '' ? '' : ` at '${path}'`;
      throw new Refusal(
        1007,
        `Invalid JSON payload received. Unknown name "${name}"${place}: Cannot find field.`,
      );
    }
    if (entry === null) continue;
    result[field] = conform(
      entry,
      inner,
      path === '' ? snakeCase(field) : `${path}.${snakeCase(field)}`,
    );
  }
  return result;
}
