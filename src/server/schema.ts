/**
 * The fields that the service knows, their types, and the two spellings it takes them in. Whatever else is
 * sent is refused with its name and place, as the real service does: what passes has the type it claims.
 */
import type { ClientMessage } from '../protocol/messages.ts';
import { invalidArgument, Refusal, unknownName } from './refusal.ts';

/**
 * `any`: what is inside is the user's. `struct`: the same, and it has to be an object. `openApi`: the schema of a value.
 * `refused`: known to the service, but of no Live session. A set: the values of an enum. An object: its fields. A list
 * of one: a list of that. A `MapOf`: any names, each with a value of that shape.
 */
export type Shape =
  | 'any'
  | 'struct'
  | 'openApi'
  | 'string'
  | 'bool'
  | 'int'
  | 'float'
  | 'bytes'
  | 'refused'
  | ReadonlySet<string>
  | MapOf
  | { readonly [field: string]: Shape }
  | readonly [Shape];

class MapOf {
  readonly shape: Shape;

  constructor(shape: Shape) {
    this.shape = shape;
  }
}

export const all = (shape: Shape, names: string): Record<string, Shape> =>
  Object.fromEntries(names.split(' ').map((name) => [name, shape]));
export const oneOf = (values: string): Shape => new Set(values.split(' '));

const BLOB: Shape = { data: 'bytes', mimeType: 'string', displayName: 'string' };
const FUNCTION_RESPONSE: Shape = {
  ...all('string', 'id name'),
  response: 'struct',
  scheduling: oneOf('SCHEDULING_UNSPECIFIED SILENT WHEN_IDLE INTERRUPT'),
  willContinue: 'bool',
  parts: ['any'],
};
const PART: Shape = {
  text: 'string',
  thought: 'bool',
  thoughtSignature: 'bytes',
  inlineData: BLOB,
  fileData: all('string', 'fileUri mimeType displayName'),
  functionCall: { ...all('string', 'id name'), args: 'any' },
  functionResponse: FUNCTION_RESPONSE,
  executableCode: all('string', 'id language code'),
  codeExecutionResult: all('string', 'id outcome output'),
  videoMetadata: 'any',
};
export const CONTENT: Shape = { role: 'string', parts: [PART] };
/** The subset of OpenAPI that `parameters` takes. JSON Schema belongs into `parametersJsonSchema`, which takes all of it. */
const OPEN_API: Shape = {
  ...all('string', 'type format title description pattern'),
  ...all('int', 'maxItems minItems minProperties maxProperties minLength maxLength'),
  ...all('float', 'minimum maximum'),
  ...all(['string'], 'enum required propertyOrdering'),
  ...all('any', 'example default'),
  nullable: 'bool',
  properties: new MapOf('openApi'),
  items: 'openApi',
  anyOf: ['openApi'],
};

export const TOOL: Shape = {
  ...all(
    'any',
    'googleSearch googleSearchRetrieval codeExecution urlContext googleMaps retrieval mcpServers computerUse fileSearch',
  ),
  functionDeclarations: [
    {
      ...all('string', 'name description'),
      ...all('openApi', 'parameters response'),
      ...all('any', 'parametersJsonSchema responseJsonSchema'),
      behavior: oneOf('UNSPECIFIED BLOCKING NON_BLOCKING'),
    },
  ],
};
const TRANSCRIPTION: Shape = {
  ...all(['string'], 'languageCodes customVocabulary languageHints adaptationPhrases'),
  ...all('bool', 'wordTimestamp diarization languageAuto'),
  mode: oneOf('MODE_UNSPECIFIED VERBATIM SMART'),
  sourceText: 'string',
};
export const GENERATION_CONFIG = {
  responseModalities: [oneOf('MODALITY_UNSPECIFIED TEXT IMAGE AUDIO VIDEO DOCUMENT')],
  ...all('float', 'temperature topP presencePenalty frequencyPenalty'),
  ...all('int', 'topK maxOutputTokens seed candidateCount'),
  mediaResolution: oneOf(
    'MEDIA_RESOLUTION_UNSPECIFIED MEDIA_RESOLUTION_LOW MEDIA_RESOLUTION_MEDIUM MEDIA_RESOLUTION_HIGH',
  ),
  enableAffectiveDialog: 'bool',
  speechConfig: {
    languageCode: 'string',
    voiceConfig: {
      prebuiltVoiceConfig: { voiceName: 'string' },
      ...all('any', 'replicatedVoiceConfig voice'),
    },
    multiSpeakerVoiceConfig: 'refused',
  },
  thinkingConfig: {
    thinkingLevel: oneOf(
      // The guide's own samples write them small.
      'THINKING_LEVEL_UNSPECIFIED MINIMAL LOW MEDIUM HIGH minimal low medium high',
    ),
    thinkingBudget: 'int',
    includeThoughts: 'bool',
  },
  translationConfig: { targetLanguageCode: 'string', echoTargetLanguage: 'bool' },
  ...all(
    'refused',
    'responseMimeType responseSchema responseJsonSchema responseLogprobs logprobs stopSequences routingConfig audioTimestamp',
  ),
} satisfies Shape;
export const SETUP: Shape = {
  model: 'string',
  generationConfig: GENERATION_CONFIG,
  systemInstruction: CONTENT,
  tools: [TOOL],
  realtimeInputConfig: {
    automaticActivityDetection: {
      disabled: 'bool',
      startOfSpeechSensitivity: oneOf(
        'START_SENSITIVITY_UNSPECIFIED START_SENSITIVITY_HIGH START_SENSITIVITY_LOW',
      ),
      endOfSpeechSensitivity: oneOf(
        'END_SENSITIVITY_UNSPECIFIED END_SENSITIVITY_HIGH END_SENSITIVITY_LOW',
      ),
      ...all('int', 'prefixPaddingMs silenceDurationMs'),
    },
    activityHandling: oneOf(
      'ACTIVITY_HANDLING_UNSPECIFIED START_OF_ACTIVITY_INTERRUPTS NO_INTERRUPTION',
    ),
    turnCoverage: oneOf(
      'TURN_COVERAGE_UNSPECIFIED TURN_INCLUDES_ONLY_ACTIVITY TURN_INCLUDES_ALL_INPUT TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO',
    ),
    interimTranscriptTimestampEnabled: 'bool',
  },
  sessionResumption: { handle: 'string', transparent: 'bool' },
  contextWindowCompression: { triggerTokens: 'int', slidingWindow: { targetTokens: 'int' } },
  inputAudioTranscription: TRANSCRIPTION,
  outputAudioTranscription: TRANSCRIPTION,
  proactivity: all('bool', 'proactiveAudio proactiveVideo'),
  historyConfig: { initialHistoryInClientContent: 'bool' },
  explicitVadSignal: 'bool',
  avatarConfig: all('any', 'avatarName customizedAvatar audioBitrateBps videoBitrateBps'),
  safetySettings: [all('string', 'category threshold method')],
  labels: 'any',
};
/** Every field of every client message. */
export const CLIENT_SCHEMA: Shape = {
  setup: SETUP,
  clientContent: { turns: [CONTENT], turnComplete: 'bool' },
  realtimeInput: {
    audio: BLOB,
    video: BLOB,
    mediaChunks: [BLOB],
    text: 'string',
    audioStreamEnd: 'bool',
    activityStart: {},
    activityEnd: {},
  },
  toolResponse: { functionResponses: [FUNCTION_RESPONSE] },
  contextUpdate: { systemInstruction: CONTENT, tools: { tools: [TOOL] } },
};

/** `expire_time` → `expireTime`; what is so already stays. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A client frame in the canonical spelling. @throws Refusal 1007 for what the service does not know. */
export function readClientMessage(frame: Record<string, unknown>): ClientMessage {
  const message = conform(frame, CLIENT_SCHEMA, undefined) as Record<string, unknown>;
  // proto3 JSON: null is absent, and an absent message is no message.
  if (Object.keys(message).length !== 1) throw invalidArgument();
  return message as ClientMessage;
}

/** Where a value stands, for what is said of it: put into words only when something is. */
export type Place = {
  readonly parent: Place | undefined;
  readonly step: string | number;
  readonly depth: number;
};

/** As deep as JSON of the service's kind may be. */
const MAX_DEPTH = 100;

/** @throws Refusal where that is too deep */
export function placeIn(parent: Place | undefined, step: string | number): Place {
  const depth = (parent?.depth ?? 0) + 1;
  if (depth > MAX_DEPTH) {
    throw new Refusal(1007, 'Invalid JSON payload received. The frame is nested too deep.');
  }
  return { parent, step, depth };
}

function pathOf(place: Place | undefined): string {
  if (place === undefined) return '';
  const before = pathOf(place.parent);
  if (typeof place.step === 'number') return `${before}[${place.step}]`;
  return before === '' ? snakeCase(place.step) : `${before}.${snakeCase(place.step)}`;
}

/**
 * `value` in the canonical spelling.
 *
 * @throws Refusal 1007 for what is not of this shape.
 */
export function conform(value: unknown, shape: Shape, place?: Place): unknown {
  if (typeof shape === 'string') return conformToScalar(value, shape, place);
  if (shape instanceof Set) {
    if (typeof value === 'string' && shape.has(value)) return value;
    throw invalidValue(place, 'TYPE_ENUM', value);
  }
  // proto3 JSON takes no single value for a list, and no null in one.
  if (Array.isArray(shape)) {
    const [item] = shape as readonly [Shape];
    if (!Array.isArray(value)) throw invalidValue(place, 'a list', value);
    return value.map((entry, step) => conform(entry, item, placeIn(place, step)));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidValue(place, 'an object', value);
  }
  if (shape instanceof MapOf) return conformToMap(value, shape.shape, place);
  const known = shape as { readonly [field: string]: Shape };
  const result: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(value)) {
    const field = name.includes('_') ? camelCase(name) : name;
    const inner = Object.hasOwn(known, field) ? known[field] : undefined;
    if (inner === undefined) throw unknownName(name, pathOf(place));
    if (entry === null && inner !== 'struct') continue;
    result[field] = conform(entry, inner, placeIn(place, field));
  }
  return result;
}

/** The service names an entry of a map by its number. */
function conformToMap(value: object, shape: Shape, place: Place | undefined): object {
  const entries = Object.entries(value).map(([name, entry], index) => {
    const inner = placeIn(placeIn(place, index), 'value');
    return [name, conform(entry, shape, inner)] as const;
  });
  return Object.fromEntries(entries);
}

/** Numbers may come as strings (int64 does), base64 in both alphabets. */
function conformToScalar(
  value: unknown,
  shape: Extract<Shape, string>,
  place: Place | undefined,
): unknown {
  switch (shape) {
    case 'any':
      return value;
    case 'struct':
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
      throw invalidValue(place, 'type.googleapis.com/google.protobuf.Struct', value);
    case 'openApi':
      return conform(value, OPEN_API, place);
    case 'refused':
      throw invalidArgument();
    case 'string':
      if (typeof value === 'string') return value;
      throw invalidValue(place, 'TYPE_STRING', value);
    case 'bool':
      if (typeof value === 'boolean') return value;
      throw invalidValue(place, 'TYPE_BOOL', value);
    case 'bytes':
      if (typeof value === 'string' && /^[\w+/-]*={0,2}$/.test(value)) return value;
      throw invalidValue(place, 'TYPE_BYTES', value);
    case 'int':
    case 'float': {
      const isText = typeof value === 'string' && value.trim() !== '';
      const number = isText || typeof value === 'number' ? Number(value) : NaN;
      if (shape === 'int' ? Number.isSafeInteger(number) : Number.isFinite(number)) return number;
      throw invalidValue(place, shape === 'int' ? 'TYPE_INT32' : 'TYPE_FLOAT', value);
    }
    default:
      return shape satisfies never;
  }
}

/** What was sent is quoted short: it may be megabytes, and a close frame holds 123 bytes. */
function invalidValue(place: Place | undefined, type: string, value: unknown): Refusal {
  const quoted = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : typeof value;
  return new Refusal(1007, `Invalid value at '${pathOf(place)}' (${type}), ${quoted}`);
}
