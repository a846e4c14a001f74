import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LiveEvent, LiveEventType } from '../../src/events.ts';
import { toEvents, toUsage } from '../../src/protocol/events.ts';
import type { ServerMessage } from '../../src/protocol/messages.ts';

const events = (message: unknown): LiveEvent[] => toEvents(message as ServerMessage);
const types = (message: unknown): LiveEventType[] => events(message).map(({ type }) => type);

/** turns.md §1.5, with what it does not name put where it does no harm. */
const ORDER: readonly (readonly LiveEventType[])[] = [
  ['setupComplete'],
  ['resumption'],
  ['goAway'],
  ['interrupted'],
  ['voiceActivity'],
  ['inputTranscription'],
  ['text', 'thought', 'audio', 'executableCode', 'codeExecutionResult'],
  ['outputTranscription'],
  ['grounding'],
  ['toolCall'],
  ['toolCallCancellation'],
  ['waitingForInput'],
  ['generationComplete'],
  ['interactionStatus'],
  ['turnComplete'],
  ['usage'],
];
const rank = (type: LiveEventType): number => ORDER.findIndex((row) => row.includes(type));

const PCM = Buffer.from([1, 2, 3, 4]);
const EVERYTHING = {
  setupComplete: { sessionId: 's1' },
  sessionResumptionUpdate: {
    newHandle: 'h1',
    resumable: true,
    lastConsumedClientMessageIndex: '12',
  },
  goAway: { timeLeft: '9.5s' },
  serverContent: {
    interrupted: true,
    interimInputTranscription: { text: 'wha' },
    inputTranscription: { text: 'what', languageCode: 'en-US' },
    modelTurn: {
      role: 'model',
      parts: [
        { text: 'hm', thought: true },
        { text: 'well' },
        { inlineData: { mimeType: 'audio/pcm;rate=24000', data: PCM.toString('base64') } },
        { executableCode: { language: 'PYTHON', code: '1+1' } },
        { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '2' } },
      ],
    },
    outputTranscription: { text: 'well', finished: true },
    groundingMetadata: {
      webSearchQueries: ['fjords'],
      groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }, {}],
    },
    waitingForInput: true,
    generationComplete: true,
    interactionStatus: 'IDLE',
    turnComplete: true,
    turnCompleteReason: 'NEED_MORE_INPUT',
  },
  toolCall: { functionCalls: [{ id: 'c1', name: 'time', args: { zone: 'UTC' } }] },
  toolCallCancellation: { ids: ['c0'] },
  voiceActivity: { type: 'ACTIVITY_START', audioOffset: '0.5s' },
  usageMetadata: { promptTokenCount: 3, responseTokenCount: 4, totalTokenCount: 7 },
};

describe('toEvents', () => {
  it('reads every key of one message, in order', () => {
    expect(events(EVERYTHING)).toEqual([
      { type: 'setupComplete', sessionId: 's1' },
      { type: 'resumption', handle: 'h1', resumable: true, lastConsumedIndex: 12 },
      { type: 'goAway', timeLeftMs: 9500 },
      { type: 'interrupted' },
      { type: 'voiceActivity', activity: 'start', offsetMs: 500 },
      { type: 'inputTranscription', text: 'wha', interim: true },
      { type: 'inputTranscription', text: 'what', interim: false, languageCode: 'en-US' },
      { type: 'thought', text: 'hm' },
      { type: 'text', text: 'well' },
      { type: 'audio', pcm: PCM, sampleRateHz: 24_000 },
      { type: 'executableCode', language: 'PYTHON', code: '1+1' },
      { type: 'codeExecutionResult', outcome: 'OUTCOME_OK', output: '2' },
      { type: 'outputTranscription', text: 'well' },
      {
        type: 'grounding',
        queries: ['fjords'],
        sources: [{ uri: 'https://a.example', title: 'A' }],
      },
      { type: 'toolCall', calls: [{ id: 'c1', name: 'time', args: { zone: 'UTC' } }] },
      { type: 'toolCallCancellation', ids: ['c0'] },
      { type: 'waitingForInput' },
      { type: 'generationComplete' },
      { type: 'interactionStatus', status: 'IDLE' },
      { type: 'turnComplete', reason: 'NEED_MORE_INPUT' },
      {
        type: 'usage',
        usage: {
          promptTokens: 3,
          responseTokens: 4,
          totalTokens: 7,
          thoughtsTokens: 0,
          cachedTokens: 0,
          toolUsePromptTokens: 0,
          promptByModality: {},
          responseByModality: {},
        },
      },
    ]);
  });

  it('keeps that order whatever the order of the keys, and whatever else is there', () => {
    const shuffled = (value: object): fc.Arbitrary<object> =>
      fc
        .shuffledSubarray(Object.entries(value))
        .chain((entries) =>
          fc.record({
            entries: fc.constant(entries),
            extra: fc.dictionary(fc.string(), fc.jsonValue()),
          }),
        )
        .map(({ entries, extra }) => ({ ...unknownOnly(extra), ...Object.fromEntries(entries) }));
    const { serverContent, ...others } = EVERYTHING;
    const messages = fc.tuple(shuffled(others), shuffled(serverContent), fc.boolean());
    fc.assert(
      fc.property(messages, ([outer, content, isFirst]) => {
        const message = isFirst
          ? { serverContent: content, ...outer }
          : { ...outer, serverContent: content };
        const ranks = types(message).map(rank);
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
        const expected = events({
          ...known(EVERYTHING, outer),
          serverContent: known(serverContent, content),
        });
        expect(events(message)).toEqual(expected);
      }),
    );
  });

  it('throws on nothing, and invents no event type', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (outer, inner) => {
        expect(types(asMessage(outer)).every((type) => rank(type) >= 0)).toBe(true);
        const names = [...Object.keys(EVERYTHING), 'voiceActivityDetectionSignal'];
        const odd = Object.fromEntries(names.map((name) => [name, inner]));
        expect(types(odd).every((type) => rank(type) >= 0)).toBe(true);
        const content = Object.fromEntries(
          Object.keys(EVERYTHING.serverContent).map((name) => [name, inner]),
        );
        expect(types({ serverContent: content }).every((type) => rank(type) >= 0)).toBe(true);
        expect(Array.isArray(events({ serverContent: { modelTurn: { parts: [inner] } } }))).toBe(
          true,
        );
      }),
    );
  });

  it.each([
    ['an empty message', {}],
    ['empty content', { serverContent: {} }],
    [
      'an empty transcription (seen on Vertex)',
      { serverContent: { outputTranscription: {}, inputTranscription: {} } },
    ],
    [
      'false flags',
      { serverContent: { interrupted: false, turnComplete: false, generationComplete: false } },
    ],
    ['an empty turn', { serverContent: { modelTurn: { parts: [] } } }],
    ['a turn without parts', { serverContent: { modelTurn: {} } }],
    [
      'sound of no samples',
      {
        serverContent: {
          modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm', data: '' } }] },
        },
      },
    ],
    [
      'a picture',
      {
        serverContent: {
          modelTurn: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] },
        },
      },
    ],
    ['a call without a name', { toolCall: { functionCalls: [{ id: 'x' }] } }],
    [
      'keys of tomorrow',
      { newThing: { a: 1 }, serverContent: { speechState: 'SPEECH', other: [] } },
    ],
  ])('%s says nothing', (_, message) => {
    expect(events(message)).toEqual([]);
  });

  it('takes several parts in one message, and several calls', () => {
    const part = (data: string): object => ({ inlineData: { mimeType: 'audio/pcm', data } });
    const parts = [part('AAA='), { text: 'a' }, part('AQE='), { text: 'b' }];
    expect(types({ serverContent: { modelTurn: { parts } } })).toEqual([
      'audio',
      'text',
      'audio',
      'text',
    ]);
    const functionCalls = [{ name: 'a' }, { name: 'b', args: null, id: '' }];
    expect(events({ toolCall: { functionCalls } })).toEqual([
      {
        type: 'toolCall',
        calls: [
          { name: 'a', args: {} },
          { name: 'b', args: {} },
        ],
      },
    ]);
  });

  it('reads sound without a rate as 24 kHz', () => {
    const parts = [{ inlineData: { mimeType: 'audio/pcm', data: 'AAA=' } }];
    expect(events({ serverContent: { modelTurn: { parts } } })).toMatchObject([
      { sampleRateHz: 24_000 },
    ]);
  });

  it.each([
    ['voiceActivity.type', { voiceActivity: { type: 'ACTIVITY_END' } }, 'end'],
    ["the SDK's spelling", { voiceActivity: { voiceActivityType: 'ACTIVITY_START' } }, 'start'],
    [
      'the older message',
      { voiceActivityDetectionSignal: { vadSignalType: 'VAD_SIGNAL_TYPE_EOS' } },
      'end',
    ],
  ])('reads voice activity: %s', (_, message, activity) => {
    expect(events(message)).toEqual([{ type: 'voiceActivity', activity }]);
  });

  it('reads interactionStatus in both places, and tells it before turnComplete', () => {
    const inside = { serverContent: { turnComplete: true, interactionStatus: 'IN_PROGRESS' } };
    expect(types(inside)).toEqual(['interactionStatus', 'turnComplete']);
    const beside = {
      toolCall: { functionCalls: [{ name: 'a' }] },
      interactionStatus: 'IN_PROGRESS',
    };
    expect(types(beside)).toEqual(['toolCall', 'interactionStatus']);
  });

  it('knows a handle that cannot be resumed', () => {
    const update = { sessionResumptionUpdate: { newHandle: '', resumable: true } };
    expect(events(update)).toEqual([{ type: 'resumption', handle: undefined, resumable: false }]);
  });
});

describe('usage', () => {
  it('reads both spellings alike', () => {
    const details = [
      { modality: 'TEXT', tokenCount: 332 },
      { modality: 'AUDIO', tokenCount: 165 },
      { modality: 'AUDIO', tokenCount: 5 },
    ];
    const gemini = {
      promptTokenCount: 522,
      responseTokenCount: 42,
      totalTokenCount: 564,
      thoughtsTokenCount: 136,
      promptTokensDetails: details,
      responseTokensDetails: details,
    };
    const vertex = {
      promptTokenCount: 522,
      candidatesTokenCount: 42,
      totalTokenCount: 564,
      thoughtsTokenCount: 136,
      promptTokensDetails: details,
      candidatesTokensDetails: details,
    };
    expect(toUsage(vertex)).toEqual(toUsage(gemini));
    expect(toUsage(gemini)).toMatchObject({
      promptTokens: 522,
      responseTokens: 42,
      totalTokens: 564,
      thoughtsTokens: 136,
      promptByModality: { TEXT: 332, AUDIO: 170 },
      responseByModality: { TEXT: 332, AUDIO: 170 },
    });
  });

  it('is never negative, and never not a number', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...USAGE_KEYS), USAGE_VALUE), (wire) => {
        const { promptByModality, responseByModality, ...counts } = toUsage(wire);
        const all = [counts, promptByModality, responseByModality].flatMap((group) =>
          Object.values(group),
        );
        expect(all.every((count) => Number.isFinite(count) && count >= 0)).toBe(true);
      }),
    );
  });
});

const USAGE_VALUE = fc.oneof(
  fc.jsonValue(),
  fc.double(),
  fc.array(
    fc.record({ modality: fc.constantFrom('TEXT', 'AUDIO', 'SMELL', 1), tokenCount: fc.double() }),
  ),
);
const USAGE_KEYS = [
  'promptTokenCount',
  'responseTokenCount',
  'candidatesTokenCount',
  'totalTokenCount',
  'thoughtsTokenCount',
  'cachedContentTokenCount',
  'toolUsePromptTokenCount',
  'promptTokensDetails',
  'responseTokensDetails',
  'candidatesTokensDetails',
];

const asMessage = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

const KNOWN = new Set([
  ...Object.keys(EVERYTHING),
  ...Object.keys(EVERYTHING.serverContent),
  'interactionStatus',
  'voiceActivityDetectionSignal',
]);

const unknownOnly = (extra: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(extra).filter(([name]) => !KNOWN.has(name)));

/** Of `all`, the keys that `some` has, in the order of `all`. */
const known = (all: Record<string, unknown>, some: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(all).filter(([name]) => name in some && name !== 'serverContent'),
  );
