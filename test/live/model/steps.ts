/** What may happen to a session: what the server says, how connections end, what the user does, and time. */
import * as fc from 'fast-check';
import type { Content } from '../../../src/protocol/messages.ts';

export type Step =
  /** The newest socket gets on, as far as a setup that is answered. */
  | { do: 'get on' }
  | { do: 'accept'; socket: number }
  | { do: 'refuse'; socket: number; status: number; words: string }
  | { do: 'say'; socket: number; message: Message }
  | { do: 'noise'; socket: number; text: string }
  | { do: 'close'; socket: number; code: number; reason: string }
  | { do: 'violate'; socket: number }
  | { do: 'pong'; socket: number }
  | { do: 'jam'; socket: number }
  | { do: 'flow'; socket: number }
  | { do: 'pass'; ms: number }
  | { do: 'start'; abort: 'never' | 'before' | 'later' }
  | { do: 'abort' }
  | { do: 'sound'; frames: number }
  | { do: 'speak'; agoMs: number }
  | { do: 'fall silent'; agoMs: number }
  | { do: 'write'; history: boolean }
  | { do: 'return'; call: number; goesOn: boolean }
  | { do: 'microphone stops' }
  | { do: 'wait for room' }
  | { do: 'listen' }
  /** `late`: in the same breath as the newest connection gets on. */
  | { do: 'end'; late: boolean };

/** Messages that hold a number are made when they are said. */
export type Message =
  | 'setupComplete'
  | 'sound'
  | 'text'
  | 'call'
  /** The turn is over, and a sound of its answer comes behind. */
  | 'late part'
  | 'handle'
  | 'not resumable'
  | { cancel: number }
  | { goAwayMs: number }
  | { fixed: object };

/** Whether what was awaited goes on before the next step. */
export type Timed = Step & { settles: boolean };

/** 0 is the newest. */
const socket = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat(3) },
);

const fixed: readonly object[] = [
  { serverContent: { generationComplete: true } },
  { serverContent: { interrupted: true } },
  { serverContent: { interrupted: true, turnComplete: true } },
  { serverContent: { waitingForInput: true } },
  { serverContent: { inputTranscription: { text: 'heard ' } } },
  { serverContent: { interimInputTranscription: { text: 'hea' } } },
  { serverContent: { outputTranscription: { text: 'said ' } } },
  { serverContent: { modelTurn: { parts: [{ text: 'hm', thought: true }] } } },
  { serverContent: { modelTurn: { parts: [{ executableCode: { code: '1' } }] } } },
  { serverContent: { groundingMetadata: { webSearchQueries: ['x'] } } },
  { serverContent: { turnComplete: true }, usageMetadata: { totalTokenCount: 3 } },
  { serverContent: { turnComplete: true, turnCompleteReason: 'RESPONSE_REJECTED' } },
  { serverContent: { turnComplete: true, interactionStatus: 'IN_PROGRESS' } },
  { serverContent: { turnComplete: true, interactionStatus: 'IDLE' } },
  { interactionStatus: 'REQUIRES_ACTION' },
  { usageMetadata: { totalTokenCount: '7' } },
  { voiceActivity: { type: 'ACTIVITY_START', audioOffset: '0.5s' } },
  { voiceActivityDetectionSignal: { vadSignalType: 'VAD_SIGNAL_TYPE_EOS' } },
  // Nonsense.
  {},
  { serverContent: null, toolCall: [], goAway: 'now', setup: 1 },
  { toolCall: { functionCalls: [{}, 7, { name: 3 }] } },
  { goAway: { timeLeft: '-5s' } },
  { goAway: { timeLeft: 'soon' } },
  { sessionResumptionUpdate: { resumable: true, lastConsumedClientMessageIndex: '-1' } },
  {
    serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm', data: '?' } }] } },
  },
];

const message: fc.Arbitrary<Message> = fc.oneof(
  { weight: 2, arbitrary: fc.constant('setupComplete' as const) },
  { weight: 6, arbitrary: fc.constant('sound' as const) },
  { weight: 2, arbitrary: fc.constant('text' as const) },
  { weight: 4, arbitrary: fc.constant({ fixed: { serverContent: { turnComplete: true } } }) },
  { weight: 2, arbitrary: fc.constant('late part' as const) },
  { weight: 3, arbitrary: fc.constant('call' as const) },
  { weight: 1, arbitrary: fc.record({ cancel: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.constant('handle' as const) },
  { weight: 1, arbitrary: fc.constant('not resumable' as const) },
  { weight: 3, arbitrary: fc.record({ goAwayMs: fc.constantFrom(0, 500, 9_500, 30_000) }) },
  { weight: 6, arbitrary: fc.constantFrom(...fixed).map((fixed) => ({ fixed })) },
);

/** Every row of the contract's table of closes, and what is in none. */
const close = fc.constantFrom<[number, string]>(
  [1000, ''],
  [1000, ''],
  [1000, 'The operation was cancelled.'],
  [1001, 'going away'],
  [1005, ''],
  [1006, ''],
  [1006, ''],
  [1006, ''],
  [1002, ''],
  [1007, 'API key not valid. Please pass a valid API key.'],
  [1007, 'Request contains an invalid argument.'],
  [1007, 'setup must be the first message and only the first'],
  [1007, 'Cannot extract voices from a non-audio request.'],
  [1007, 'User location is not supported for the API use.'],
  [1007, 'Precondition check failed.'],
  [1008, 'models/X is not found for API version v1beta'],
  [1008, 'Operation is not implemented, or supported, or enabled.'],
  [1008, 'BidiGenerateContent session expired'],
  [1008, 'BidiGenerateContent session expired'],
  [1008, 'Requested entity was not found.'],
  [1008, 'The operation was aborted.'],
  [1008, "Method doesn't allow unregistered callers"],
  [1011, 'Internal error encountered.'],
  [1011, 'Internal error encountered.'],
  [1011, 'The service is currently unavailable.'],
  [1011, 'Deadline expired before operation could complete.'],
  [1011, 'You exceeded your current quota, please check your plan and billing details.'],
  [1011, 'Token has been used too many times'],
  [4321, 'something that nobody knows'],
);

/** What a server says of a handle, or of what it was sent. */
const verdict = fc.constantFrom<[number, string]>(
  [1000, 'The operation was cancelled.'],
  [1005, ''],
  [1007, 'Request contains an invalid argument.'],
  [1007, 'words that nobody knows'],
  [1008, 'BidiGenerateContent session expired'],
  [1008, 'The operation was aborted.'],
  [1011, 'Internal error encountered.'],
  [4321, 'words that nobody knows'],
);

const refusal = fc.constantFrom<[number, string]>(
  [0, 'ECONNREFUSED'],
  [0, 'ENOTFOUND'],
  [0, 'CERT_HAS_EXPIRED'],
  [401, 'no'],
  [403, 'no'],
  [404, 'not here'],
  [429, 'later'],
  [503, 'later'],
);

const any = <T>(value: T): fc.Arbitrary<T> => fc.constant(value);
const ago = fc.constantFrom(0, 100, 500);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: any<Step>({ do: 'get on' }) },
  { weight: 2, arbitrary: fc.record({ do: any('accept' as const), socket }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(socket, refusal)
      .map(([socket, [status, words]]) => ({ do: 'refuse' as const, socket, status, words })),
  },
  { weight: 24, arbitrary: fc.record({ do: any('say' as const), socket, message }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: any('noise' as const),
      socket,
      text: fc.constantFrom('', '[]', '{"a"', '\u0000', '7', '{"serverContent":'),
    }),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(socket, close)
      .map(([socket, [code, reason]]) => ({ do: 'close' as const, socket, code, reason })),
  },
  { weight: 1, arbitrary: fc.record({ do: any('violate' as const), socket }) },
  { weight: 1, arbitrary: fc.record({ do: any('pong' as const), socket }) },
  { weight: 2, arbitrary: fc.record({ do: any('jam' as const), socket }) },
  { weight: 2, arbitrary: fc.record({ do: any('flow' as const), socket }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: any('pass' as const),
      ms: fc.constantFrom(1, 20, 300, 1_000, 5_000, 16_000, 61_000, 600_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: any('start' as const),
      abort: fc.constantFrom(
        'never' as const,
        'never' as const,
        'before' as const,
        'later' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: any<Step>({ do: 'abort' }) },
  {
    weight: 12,
    arbitrary: fc.record({ do: any('sound' as const), frames: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: any('sound' as const), frames: fc.constantFrom(250, 300, 1600) }),
  },
  { weight: 5, arbitrary: fc.record({ do: any('speak' as const), agoMs: ago }) },
  { weight: 5, arbitrary: fc.record({ do: any('fall silent' as const), agoMs: ago }) },
  { weight: 8, arbitrary: fc.record({ do: any('write' as const), history: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: any('return' as const), call: fc.nat(3), goesOn: fc.boolean() }),
  },
  { weight: 1, arbitrary: any<Step>({ do: 'microphone stops' }) },
  { weight: 1, arbitrary: any<Step>({ do: 'wait for room' }) },
  { weight: 1, arbitrary: any<Step>({ do: 'listen' }) },
  { weight: 1, arbitrary: fc.record({ do: any('end' as const), late: fc.boolean() }) },
);

export const steps: fc.Arbitrary<Timed[]> = fc.array(
  fc
    .tuple(
      step,
      fc.oneof({ weight: 5, arbitrary: any(true) }, { weight: 1, arbitrary: any(false) }),
    )
    .map(([step, settles]) => ({ ...step, settles })),
  { minLength: 5, maxLength: 60, size: 'max' },
);

/** It refuses each handle with these words, or closes with them when it has got what the user said. */
export type Habit = { does: 'nothing' } | { does: 'refuse' | 'kill'; code: number; reason: string };

export type Way = {
  model: string;
  resumes: boolean;
  watches: boolean;
  /** The session may believe that all speech is told. */
  detects: boolean;
  transparent: boolean;
  /** The user marks speech; else a detector tells of it. */
  marks: boolean;
  /** Peers that answer a close. */
  polite: boolean;
  /** The endpoint is asked for at each connection. */
  logsIn: boolean;
  /** A session of another process to go on with. */
  past: { handle: string | undefined; lines: Content[]; isWhole: boolean } | undefined;
  /** What the server does whenever it can. */
  habit: Habit;
  /** Of all chances of the session. */
  chance: number;
  /** Listened to and started before the first step. */
  underWay: boolean;
};

export const way: fc.Arbitrary<Way> = fc.record({
  model: fc.constantFrom(
    'gemini-3.8-live',
    'gemini-3.8-live',
    'gemini-3.8-live-extended-thinking',
    'gemini-3.1-flash-live-preview',
  ),
  resumes: fc.constantFrom(true, true, true, false),
  watches: fc.boolean(),
  detects: fc.boolean(),
  transparent: fc.constantFrom(false, false, true),
  marks: fc.constantFrom(false, false, true),
  polite: fc.constantFrom(true, true, false),
  logsIn: fc.constantFrom(false, false, true),
  past: fc.constantFrom<Way['past']>(
    undefined,
    undefined,
    undefined,
    { handle: 'of old', lines: [], isWhole: false },
    { handle: undefined, lines: [{ role: 'user', parts: [{ text: 'old' }] }], isWhole: true },
    { handle: 'of old', lines: [{ role: 'model', parts: [{ text: 'old' }] }], isWhole: false },
  ),
  habit: fc.oneof(
    { weight: 3, arbitrary: any<Habit>({ does: 'nothing' }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('refuse' as const, 'kill' as const), verdict)
        .map(([does, [code, reason]]) => ({ does, code, reason })),
    },
  ),
  chance: fc.constantFrom(0, 0.5, 0.99),
  underWay: fc.constantFrom(true, true, true, false),
});
