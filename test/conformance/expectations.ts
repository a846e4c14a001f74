/**
 * How the service ends what it does not take: codes and texts as public reports and Google's pages quote
 * them, written by hand and not read from the server's source. A close frame holds 123 bytes of them.
 */
import type { LiveServer, LiveServerOptions } from '../../src/server/server.ts';
import {
  ALPHA_PATH,
  EXTENDED_THINKING,
  GEMINI_PATH,
  openClient,
  openSession,
  type LiveClient,
} from '../support/liveClient.ts';
import {
  functions,
  NATIVE_25,
  sending,
  setup,
  SOUND,
  afterSetup,
  THINKING,
  WEATHER,
  soon,
  withPath,
  withToken,
} from './provoke.ts';

export type Expectation = {
  code: number;
  /** Whole where the reports have it whole; `…` at the end stands for words that nobody quoted. */
  reason: string;
  cause: string;
  options?: LiveServerOptions;
  /** Does what is wrong and gives the client that pays for it. */
  provoke: (server: LiveServer) => Promise<LiveClient>;
};

const ARGUMENT = 'Request contains an invalid argument.';
const ORDER = 'setup must be the first message and only the first';
const ABORTED = 'The operation was aborted.';
const EXPIRED = 'BidiGenerateContent session expired';
const UNREGISTERED =
  "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API…";

const argument = (cause: string, provoke: Expectation['provoke']): Expectation => ({
  code: 1007,
  reason: ARGUMENT,
  cause,
  provoke,
});

export const EXPECTATIONS: readonly Expectation[] = [
  {
    code: 1007,
    reason: 'API key not valid. Please pass a valid API key.',
    cause: 'a wrong key',
    options: { key: 'right' },
    provoke: withPath(`${GEMINI_PATH}?key=wrong`),
  },
  {
    code: 1008,
    reason: UNREGISTERED,
    cause: 'no key',
    options: { key: 'right' },
    provoke: withPath(GEMINI_PATH),
  },
  {
    code: 1008,
    reason: UNREGISTERED,
    cause: 'a token on the method of keys',
    options: { key: 'right' },
    provoke: withToken({}, { path: GEMINI_PATH }),
  },
  {
    code: 1011,
    reason: 'Token has been used too many times',
    cause: 'a second session with a token for one',
    options: { key: 'right' },
    provoke: withToken({ uses: 1 }, { uses: 2 }),
  },
  {
    code: 1011,
    reason: 'Token has expired',
    cause: 'a new session when it is too late for one',
    options: { key: 'right' },
    provoke: async (server) =>
      withToken({ newSessionExpireTime: soon(3000) }, { afterMs: 3100 })(server),
  },
  {
    code: 1011,
    reason: 'auth token has expired',
    cause: 'a token that ends in the midst of a session',
    options: { key: 'right' },
    provoke: async (server) => withToken({ expireTime: soon(5000) })(server),
  },
  { code: 1007, reason: ORDER, cause: 'sound before setup', provoke: sending(SOUND) },
  { code: 1007, reason: ORDER, cause: 'text before setup', provoke: sending(WEATHER) },
  argument('a second setup', afterSetup({}, { setup: {} })),
  {
    code: 1007,
    reason: 'Invalid JSON payload received. Unknown name "x" at \'setup\': Cannot find field.',
    cause: 'an unknown field',
    provoke: setup({ x: 1 }),
  },
  {
    code: 1007,
    reason:
      'Invalid JSON payload received. Unknown name "x" at \'setup.generation_config\': Cannot find field.',
    cause: 'an unknown field further down',
    provoke: setup({ generationConfig: { x: 1 } }),
  },
  {
    code: 1007,
    reason: 'Cannot extract voices from a non-audio request.',
    cause: 'TEXT on 2.5 native audio',
    provoke: setup({ model: NATIVE_25, generationConfig: { responseModalities: ['TEXT'] } }),
  },
  {
    code: 1007,
    reason:
      'The requested combination of response modalities (TEXT) is not supported by the model. models/gemini-3.8-live accepts…',
    cause: 'TEXT on 3.8',
    provoke: setup({ generationConfig: { responseModalities: ['TEXT'] } }),
  },
  argument(
    'two modalities',
    setup({ generationConfig: { responseModalities: ['AUDIO', 'TEXT'] } }),
  ),
  {
    code: 1007,
    reason: 'Thinking level is not supported for this model',
    cause: 'thinkingConfig on 3.8',
    provoke: setup({ generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } }),
  },
  {
    code: 1007,
    reason: 'Thinking level MINIMAL is not supported for this model',
    cause: 'MINIMAL on extended thinking',
    provoke: setup({
      model: THINKING,
      generationConfig: { thinkingConfig: { thinkingLevel: 'MINIMAL' } },
    }),
  },
  {
    code: 1007,
    reason: 'Thinking level must be specified for this model.',
    cause: 'extended thinking without a level',
    provoke: setup({ model: THINKING }),
  },
  {
    code: 1007,
    reason: 'thinking_config is not supported…',
    cause: 'a level on 2.5',
    provoke: setup({
      model: NATIVE_25,
      generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } },
    }),
  },
  ...[true, false].map((proactiveAudio) => ({
    code: 1007,
    reason:
      'Invalid JSON payload received. Unknown name "proactivity" at \'setup\': Cannot find field.',
    cause: `proactiveAudio: ${proactiveAudio} on v1beta`,
    provoke: setup({ proactivity: { proactiveAudio } }),
  })),
  argument(
    'proactiveAudio: false on 3.8',
    setup({ proactivity: { proactiveAudio: false } }, ALPHA_PATH),
  ),
  argument(
    'enableAffectiveDialog on 3.8',
    setup({ generationConfig: { enableAffectiveDialog: true } }),
  ),
  argument('presencePenalty on 3.8', setup({ generationConfig: { presencePenalty: 0.5 } })),
  {
    code: 1007,
    reason: 'BLOCKING function calls are not supported for this model',
    cause: 'a BLOCKING function on extended thinking',
    provoke: setup({
      ...EXTENDED_THINKING,
      ...functions('BLOCKING'),
    }),
  },
  {
    code: 1007,
    reason:
      'Invalid JSON payload received. Unknown name "additionalProperties" at \'setup.tools[0].function_declarations[0].parameters\': Cannot find field.',
    cause: 'JSON Schema in `parameters`',
    provoke: setup({
      tools: [
        { functionDeclarations: [{ name: 'f', parameters: { additionalProperties: false } }] },
      ],
    }),
  },
  argument('no function at all', setup({ tools: [{ functionDeclarations: [] }] })),
  argument(
    'content without a role on 3.8',
    afterSetup({}, { clientContent: { turns: [{ parts: [{ text: 'x' }] }] } }),
  ),
  argument('code execution on 3.8', setup({ tools: [{ codeExecution: {} }] })),
  argument(
    'multiSpeakerVoiceConfig',
    setup({ generationConfig: { speechConfig: { multiSpeakerVoiceConfig: {} } } }),
  ),
  argument(
    'activity markers under automatic detection',
    afterSetup({}, { realtimeInput: { activityStart: {} } }),
  ),
  argument(
    'a context that is full',
    afterSetup(
      {},
      {
        clientContent: { turns: [{ role: 'user', parts: [{ text: 'word '.repeat(200_000) }] }] },
      },
    ),
  ),
  {
    code: 1008,
    reason:
      'models/gemini-none is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ListMod…',
    cause: 'a model that is not there',
    provoke: setup({ model: 'models/gemini-none' }),
  },
  {
    code: 1008,
    reason:
      'models/gemini-2.0-flash-exp is not found for API version v1beta, or is not supported for bidiGenerateContent. Call L…',
    cause: 'a model that was shut down',
    provoke: setup({ model: 'models/gemini-2.0-flash-exp' }),
  },
  {
    code: 1008,
    reason:
      'models/gemini-none is not found for API version v1, or is not supported for bidiGenerateContent. Call ListMod…',
    cause: 'the same by another version',
    provoke: async ({ url }) => {
      const client = await openClient(url, GEMINI_PATH.replace('v1beta', 'v1'));
      client.send({ setup: { model: 'models/gemini-none' } });
      return client;
    },
  },
  {
    code: 1008,
    reason: 'Operation is not implemented, or supported, or enabled.',
    cause: 'sound while 2.5 waits for the result of a call',
    provoke: async ({ url }) => {
      const client = await openSession(url, { model: NATIVE_25, ...functions() });
      client.send(WEATHER);
      await client.until((message) => message.toolCall !== undefined);
      client.send(SOUND);
      return client;
    },
  },
  {
    code: 1008,
    reason: EXPIRED,
    cause: 'a stale handle',
    provoke: setup({ sessionResumption: { handle: 'h-1' } }),
  },
  {
    code: 1008,
    reason: 'Requested entity was not found.',
    cause: 'the result of a call that nobody made',
    provoke: afterSetup(functions(), {
      toolResponse: {
        functionResponses: [{ id: 'function-call-1', name: 'get_weather', response: {} }],
      },
    }),
  },
  {
    code: 1008,
    reason: ABORTED,
    cause: 'still there after goAway',
    options: { goAwaySeconds: 0.4 },
    provoke: afterSetup({}),
  },
  {
    code: 1008,
    reason: ABORTED,
    cause: 'its session was taken up by a newer connection',
    provoke: async ({ url }) => {
      const client = await openSession(url, { sessionResumption: {} });
      client.send({ realtimeInput: { text: 'say yes' } });
      const { sessionResumptionUpdate: update } = await client.until(
        (message) => message.sessionResumptionUpdate?.newHandle !== undefined,
      );
      await openSession(url, { sessionResumption: { handle: update?.newHandle } });
      return client;
    },
  },
  {
    code: 1011,
    reason: 'Deadline expired before operation could complete.',
    cause: 'a session without compression that is too old',
    options: { sessionLimitSeconds: 0.4 },
    provoke: afterSetup({}),
  },
  {
    code: 1001,
    reason: 'going away',
    cause: 'the server leaves',
    provoke: async (server) => {
      const client = await openSession(server.url);
      void server.close();
      return client;
    },
  },
];

/** What the service says too, and this server only by `--script`, or not at all. */
export const NOT_PROVOKED: readonly { code: number; reason: string; why: string }[] = [
  { code: 1007, reason: 'API key expired. Please renew the API key.', why: 'keys do not age here' },
  {
    code: 1007,
    reason: 'User location is not supported for the API use.',
    why: 'there is no location here',
  },
  { code: 1007, reason: 'Precondition check failed.', why: 'one report, cause unknown' },
  {
    code: 1008,
    reason: 'permission or policy texts',
    why: 'by --script: there are no projects here',
  },
  { code: 1011, reason: 'Internal error occurred.', why: 'by --script' },
  { code: 1011, reason: 'The service is currently unavailable.', why: 'by --script' },
  {
    code: 1011,
    reason: 'You exceeded your current quota…',
    why: 'by --script: there is no quota here',
  },
];
