/**
 * Every model by hand from the service's own pages and from what was measured, those alike under one name, and the setup that `talk`
 * sends to each when nothing is asked for.
 */

export const FAMILIES = {
  live38: ['gemini-3.8-live'],
  thinking38: ['gemini-3.8-live-extended-thinking'],
  live31: ['gemini-3.1-flash-live-preview'],
  native25: [
    'gemini-2.5-flash-native-audio-latest',
    'gemini-2.5-flash-native-audio-preview-12-2025',
    'gemini-2.5-flash-native-audio-preview-09-2025',
  ],
  native25Vertex: ['gemini-live-2.5-flash-native-audio'],
  translate: ['gemini-3.5-live-translate-preview'],
  transcribe: ['gemini-3.5-transcribe-live', 'gemini-3.5-transcribe-live-preview'],
  robotics: ['gemini-robotics-er-2-streaming-preview'],
  retired: [
    'gemini-live-2.5-flash-preview',
    'gemini-2.0-flash-live-001',
    'gemini-2.0-flash-exp',
    'gemini-2.0-flash-live-preview-04-09',
  ],
  unknown: ['gemini-9-live'],
} as const;

export type Family = keyof typeof FAMILIES;

const WINDOW = { sessionResumption: {}, contextWindowCompression: { slidingWindow: {} } };

const SPEAKS = {
  generationConfig: { responseModalities: ['AUDIO'] },
  ...WINDOW,
  inputAudioTranscription: {},
  outputAudioTranscription: {},
};

/** Extended thinking refuses a setup without a level: LOW, unless the user asks for another. */
const THINKS = {
  ...SPEAKS,
  generationConfig: {
    responseModalities: ['AUDIO'],
    thinkingConfig: { thinkingLevel: 'LOW' },
  },
};

/** No sound comes, so there is none to transcribe. */
const WRITES = {
  generationConfig: { responseModalities: ['TEXT'] },
  ...WINDOW,
  inputAudioTranscription: {},
};

const SETUPS: Record<Family, object> = {
  live38: SPEAKS,
  thinking38: THINKS,
  live31: SPEAKS,
  native25: SPEAKS,
  native25Vertex: SPEAKS,
  translate: SPEAKS,
  transcribe: WRITES,
  robotics: SPEAKS,
  retired: SPEAKS,
  unknown: SPEAKS,
};

export const setupOf = (family: Family, model: string): Json => ({
  model: `models/${model}`,
  ...SETUPS[family],
});

export type Json = { [name: string]: unknown };

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `base` with what `changes` has; undefined takes a field away. */
export function merged(base: Json, changes: Json): Json {
  const result: Json = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const before = result[name];
    if (value === undefined) delete result[name];
    else result[name] = isObject(value) ? merged(isObject(before) ? before : {}, value) : value;
  }
  return result;
}
