/**
 * What the service takes and refuses as it was measured in November 2026, in hand-written frames on a socket of the
 * local server: setups by model and by version of the API, schemas of functions, roles, results and kinds of sound.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLiveServer, type LiveServer, type LiveServerEvent } from '../../src/server/server.ts';
import {
  ALPHA_PATH,
  EXTENDED_THINKING,
  GEMINI_PATH,
  heardIn,
  openClient,
  openSession,
  quiet,
  sendSound,
  VERTEX_PATH,
  type LiveClient,
} from '../support/liveClient.ts';

const QUESTION = readFileSync(join(import.meta.dirname, '../../audio-fixtures/question.pcm'));

const LIVE_38 = 'models/gemini-3.8-live';
const ET = 'models/gemini-3.8-live-extended-thinking';
const LIVE_31 = 'models/gemini-3.1-flash-live-preview';
const NATIVE_25 = 'models/gemini-2.5-flash-native-audio-latest';
const NATIVE_25_VERTEX = 'publishers/google/models/gemini-live-2.5-flash-native-audio';
const TRANSLATE = 'models/gemini-3.5-live-translate-preview';
const INVALID = '1007 Request contains an invalid argument.';
const unknown = (name: string, place: string): string =>
  // A close frame holds 123 bytes of it.
  `1007 ${`Invalid JSON payload received. Unknown name "${name}" at '${place}': Cannot find field.`.slice(0, 123)}`;

let server: LiveServer;
/** Models that were shut down answer here. */
let old: LiveServer;
const events: LiveServerEvent[] = [];
beforeAll(async () => {
  const engines = { stt: 'none', tts: 'none' };
  server = await startLiveServer({ ...engines, onEvent: (event) => events.push(event) });
  old = await startLiveServer({ ...engines, allowRetired: true });
});
afterAll(() => Promise.all([server.close(), old.close()]));

const answered = (client: LiveClient): Promise<string> =>
  Promise.race([
    client
      .until(({ setupComplete }) => setupComplete !== undefined)
      .then(
        () => 'ready',
        () => '',
      ),
    client.closed.then(({ code, reason }) => `${code} ${reason}`),
  ]).then((answer) => answer || client.closed.then(({ code, reason }) => `${code} ${reason}`));

const generation = (fields: object): object => ({ generationConfig: fields });
const thinking = (thinkingConfig: object): object => generation({ thinkingConfig });
const tools = (...functionDeclarations: object[]): object => ({
  tools: [{ functionDeclarations }],
});
const TONE = generation({ enableAffectiveDialog: true });
const OFF = { proactivity: { proactiveAudio: false } };
const ON = { proactivity: { proactiveAudio: true } };
const V1 = GEMINI_PATH.replace('v1beta', 'v1');
const UNKNOWN_PROACTIVITY = unknown('proactivity', 'setup');
const SCHEMA = {
  type: 'object',
  properties: {
    unit: { type: 'string', enum: ['C', 'F'], minLength: 1, maxLength: 1 },
    days: { type: 'number', minimum: 1 },
  },
  required: ['unit'],
};
const STRICT = { ...SCHEMA, additionalProperties: false };
const PARAMETERS = 'setup.tools[0].function_declarations[0].parameters';

type SetupRow = [what: string, model: string, setup: object, path: string, answer: string];
const SETUPS: readonly SetupRow[] = [
  ['proactivity on', LIVE_38, ON, GEMINI_PATH, UNKNOWN_PROACTIVITY],
  ['proactivity off', LIVE_38, OFF, GEMINI_PATH, UNKNOWN_PROACTIVITY],
  ['proactivity', ET, ON, GEMINI_PATH, UNKNOWN_PROACTIVITY],
  ['proactivity', NATIVE_25, ON, GEMINI_PATH, UNKNOWN_PROACTIVITY],
  ['proactivity', NATIVE_25, ON, V1, UNKNOWN_PROACTIVITY],
  ['proactivity', NATIVE_25, ON, ALPHA_PATH, 'ready'],
  ['proactivity', NATIVE_25_VERTEX, ON, VERTEX_PATH, 'ready'],
  ['proactivity of an unknown model', 'models/none', ON, GEMINI_PATH, UNKNOWN_PROACTIVITY],
  ['proactivity off', LIVE_38, OFF, ALPHA_PATH, INVALID],

  ['affective dialog', LIVE_38, TONE, GEMINI_PATH, INVALID],
  ['affective dialog', LIVE_38, TONE, ALPHA_PATH, INVALID],
  [
    'affective dialog off',
    LIVE_38,
    generation({ enableAffectiveDialog: false }),
    ALPHA_PATH,
    INVALID,
  ],
  [
    'affective dialog',
    ET,
    {
      ...thinking({ thinkingLevel: 'LOW' }),
      ...generation({ thinkingConfig: { thinkingLevel: 'LOW' }, enableAffectiveDialog: true }),
    },
    ALPHA_PATH,
    INVALID,
  ],
  ['affective dialog', LIVE_31, TONE, GEMINI_PATH, '1011 Internal error encountered.'],
  [
    'affective dialog',
    NATIVE_25,
    TONE,
    GEMINI_PATH,
    unknown('enableAffectiveDialog', 'setup.generation_config'),
  ],
  ['affective dialog', NATIVE_25, TONE, ALPHA_PATH, 'ready'],

  ['no level', ET, {}, GEMINI_PATH, '1007 Thinking level must be specified for this model.'],
  [
    'thoughts without a level',
    ET,
    thinking({ includeThoughts: true }),
    GEMINI_PATH,
    '1007 Thinking level must be specified for this model.',
  ],
  [
    'MINIMAL',
    ET,
    thinking({ thinkingLevel: 'MINIMAL' }),
    GEMINI_PATH,
    '1007 Thinking level MINIMAL is not supported for this model',
  ],
  ...['LOW', 'MEDIUM', 'HIGH', 'low'].map((thinkingLevel): SetupRow => [
    thinkingLevel,
    ET,
    thinking({ thinkingLevel }),
    GEMINI_PATH,
    'ready',
  ]),
  ['a budget', ET, thinking({ thinkingBudget: 512 }), GEMINI_PATH, 'ready'],
  [
    'a level',
    LIVE_38,
    thinking({ thinkingLevel: 'LOW' }),
    GEMINI_PATH,
    '1007 Thinking level is not supported for this model',
  ],
  [
    'an empty thinkingConfig',
    LIVE_38,
    thinking({}),
    GEMINI_PATH,
    '1007 Thinking level is not supported for this model',
  ],

  [
    'a BLOCKING function',
    ET,
    { ...EXTENDED_THINKING, ...tools({ name: 'f', behavior: 'BLOCKING' }) },
    GEMINI_PATH,
    '1007 BLOCKING function calls are not supported for this model',
  ],
  [
    'a function without a behavior',
    ET,
    { ...EXTENDED_THINKING, ...tools({ name: 'f' }) },
    GEMINI_PATH,
    'ready',
  ],
  [
    'a BLOCKING function',
    LIVE_38,
    tools({ name: 'f', behavior: 'BLOCKING' }),
    GEMINI_PATH,
    'ready',
  ],

  ['parameters', LIVE_38, tools({ name: 'f', parameters: SCHEMA }), GEMINI_PATH, 'ready'],
  [
    'parameters with additionalProperties',
    LIVE_38,
    tools({ name: 'f', parameters: STRICT }),
    GEMINI_PATH,
    unknown('additionalProperties', PARAMETERS),
  ],
  [
    'parameters with $schema',
    LIVE_38,
    tools({ name: 'f', parameters: { ...SCHEMA, $schema: 'x' } }),
    GEMINI_PATH,
    unknown('$schema', PARAMETERS),
  ],
  [
    'parameters with $ref further in',
    LIVE_38,
    tools({ name: 'f', parameters: { type: 'object', properties: { a: {}, b: { $ref: '#/x' } } } }),
    GEMINI_PATH,
    unknown('$ref', `${PARAMETERS}.properties[1].value`),
  ],
  [
    'parameters with const in a list',
    LIVE_38,
    tools({ name: 'f', parameters: { anyOf: [{ const: 1 }] } }),
    GEMINI_PATH,
    unknown('const', `${PARAMETERS}.any_of[0]`),
  ],
  [
    'parameters with oneOf',
    LIVE_38,
    tools({ name: 'f', parameters: { items: { oneOf: [] } } }),
    GEMINI_PATH,
    unknown('oneOf', `${PARAMETERS}.items`),
  ],
  [
    'the same as parametersJsonSchema',
    LIVE_38,
    tools({ name: 'f', parametersJsonSchema: { $schema: 'x', ...STRICT, oneOf: [{ const: 1 }] } }),
    GEMINI_PATH,
    'ready',
  ],
  ['no function at all', LIVE_38, tools(), GEMINI_PATH, INVALID],

  [
    'temperature, topP, topK, candidateCount',
    LIVE_38,
    generation({ temperature: 1, topP: 0.5, topK: 4, candidateCount: 1 }),
    GEMINI_PATH,
    'ready',
  ],
  ['presencePenalty', LIVE_38, generation({ presencePenalty: 0.5 }), GEMINI_PATH, INVALID],
  ['frequencyPenalty', TRANSLATE, generation({ frequencyPenalty: 0.5 }), GEMINI_PATH, INVALID],
  ['frequencyPenalty', NATIVE_25, generation({ frequencyPenalty: 0.5 }), GEMINI_PATH, 'ready'],

  [
    'translationConfig',
    TRANSLATE,
    generation({ translationConfig: { targetLanguageCode: 'de' } }),
    GEMINI_PATH,
    'ready',
  ],
  [
    'translationConfig on Vertex',
    `publishers/google/${TRANSLATE}`,
    generation({ translationConfig: { targetLanguageCode: 'de' } }),
    VERTEX_PATH,
    'ready',
  ],
];

describe.concurrent('a setup', () => {
  it.each(SETUPS)('with %s of %s', async (_what, model, setup, path, answer) => {
    const client = await openClient(model === LIVE_31 ? old.url : server.url, path);
    client.send({ setup: { ...setup, model } });
    expect(await answered(client)).toBe(answer);
    await client.close();
  });

  it('of a model that was shut down is refused as one that does not exist', async () => {
    const client = await openClient(server.url);
    client.send({ setup: { model: LIVE_31 } });
    expect(await answered(client)).toMatch(
      /^1008 models\/gemini-3\.1-flash-live-preview is not found for API version v1beta, or is not supported for/,
    );
  });

  it('with a schema that is nested without end is refused, and nothing else suffers', async () => {
    const client = await openClient(server.url);
    const parameters = `${'{"items":'.repeat(6000)}{}${'}'.repeat(6000)}`;
    client.sendRaw(
      `{"setup":{"model":"${LIVE_38}","tools":[{"functionDeclarations":[{"name":"f","parameters":${parameters}}]}]}}`,
    );
    expect(await answered(client)).toBe(
      '1007 Invalid JSON payload received. The frame is nested too deep.',
    );
    await (await openSession(server.url)).close();
  });
});

const content = (...turns: object[]): object => ({ clientContent: { turns, turnComplete: true } });
const HI = { parts: [{ text: 'say yes' }] };
const result = (response: unknown): object => ({
  toolResponse: { functionResponses: [{ id: 'function-call-1', name: 'f', response }] },
});
const NO_STRUCT = (quoted: string): string =>
  `1007 Invalid value at 'tool_response.function_responses[0].response' (type.googleapis.com/google.protobuf.Struct), ${quoted}`.slice(
    0,
    128,
  );
const sound = (mimeType: string): object => ({
  realtimeInput: { audio: { data: 'AAAA', mimeType } },
});

describe.concurrent('a message', () => {
  it.each<[what: string, model: string, message: object, answer: string]>([
    ['content without a role', LIVE_38, content(HI), INVALID],
    ['content of the system', LIVE_38, content({ ...HI, role: 'system' }), INVALID],
    ['one turn of many without a role', LIVE_38, content({ ...HI, role: 'user' }, HI), INVALID],
    ['a seed without a role', LIVE_31, content(HI), INVALID],
    ['a result that is a text', LIVE_38, result('four degrees'), NO_STRUCT('"four degrees"')],
    ['a result that is a number', LIVE_38, result(4), NO_STRUCT('number')],
    ['a result that is a list', LIVE_38, result([4]), NO_STRUCT('object')],
    ['a result that is null', LIVE_38, result(null), NO_STRUCT('object')],
    [
      'a result that is an object',
      LIVE_38,
      result({ output: 4 }),
      '1008 Requested entity was not found.',
    ],
    ...['audio/wav', 'audio/x-wav', 'audio/m4a', 'audio/mp4', 'audio/flac'].map(
      (mimeType): [string, string, object, string] => [mimeType, LIVE_38, sound(mimeType), INVALID],
    ),
  ])('%s (%s)', async (_what, model, message, answer) => {
    const setup =
      model === LIVE_31 ? { model, historyConfig: { initialHistoryInClientContent: true } } : {};
    const client = await openSession(model === LIVE_31 ? old.url : server.url, setup);
    client.send(message);
    const { code, reason } = await client.closed;
    expect(`${code} ${reason}`).toBe(answer);
  });

  it.each<[what: string, model: string, turns: object[]]>([
    [
      'the user’s and the model’s',
      LIVE_38,
      [
        { ...HI, role: 'model' },
        { ...HI, role: 'user' },
      ],
    ],
    ['no role, on 2.5', NATIVE_25, [HI]],
  ])('content with %s is answered', async (_what, model, turns) => {
    const client = await openSession(server.url, { model });
    client.send(content(...turns));
    expect((await client.turn()).at(-1)?.serverContent?.turnComplete).toBe(true);
    await client.close();
  });
});

describe.concurrent('sound in mediaChunks', () => {
  async function speakTo(model: string): Promise<LiveClient> {
    const client = await openSession(server.url, { model, inputAudioTranscription: {} });
    const mimeType = 'audio/pcm;rate=16000';
    for (const pcm of [QUESTION, quiet(1000)]) {
      const data = Buffer.from(pcm).toString('base64');
      client.send({ realtimeInput: { mediaChunks: [{ data, mimeType }] } });
    }
    return client;
  }

  it('is not heard by 3.8, without a word to the client; the server reports it once', async () => {
    const client = await speakTo(LIVE_38);
    // What is typed is answered; nothing was heard before it.
    client.send({ realtimeInput: { text: 'say yes' } });
    await client.turn();
    expect(heardIn(client.received)).toEqual([]);
    await client.close();
    const told = events.flatMap((event) => (event.type === 'fault' ? [event.message] : []));
    expect(told.filter((message) => message.includes('mediaChunks'))).toEqual([
      'gemini-3.8-live ignores sound in mediaChunks: send it as realtimeInput.audio',
    ]);
  });

  it('is heard by 2.5', async () => {
    const client = await speakTo(NATIVE_25);
    await client.until(({ serverContent }) => serverContent?.inputTranscription !== undefined);
    await client.close();
  });
});

describe.concurrent('voiceActivity', () => {
  const activities = ({ received }: LiveClient): unknown[] =>
    received.flatMap(({ voiceActivity }) => (voiceActivity ? [voiceActivity.type] : []));

  async function speakTo(setup: Record<string, unknown>, path = GEMINI_PATH): Promise<LiveClient> {
    const client = await openSession(server.url, setup, path);
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    await client.until(({ serverContent }) => serverContent?.turnComplete === true);
    await client.close();
    return client;
  }

  it('comes unasked from extended thinking on the Gemini API', async () => {
    const client = await speakTo(EXTENDED_THINKING);
    expect(activities(client)).toEqual(['ACTIVITY_START', 'ACTIVITY_END']);
    for (const { voiceActivity } of client.received) {
      if (voiceActivity) expect(voiceActivity.audioOffset).toMatch(/^[\d.]+s$/);
    }
  });

  it('does not come from 3.8', async () => {
    expect(activities(await speakTo({ model: LIVE_38 }))).toEqual([]);
  });

  it('comes on Vertex AI where it is asked for', async () => {
    const setup = { model: 'publishers/google/models/gemini-3.8-live', explicitVadSignal: true };
    expect(activities(await speakTo(setup, VERTEX_PATH))).toEqual([
      'ACTIVITY_START',
      'ACTIVITY_END',
    ]);
  });
});
