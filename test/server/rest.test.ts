/** The HTTP side of the local server: models, and standard models that answer. Texts are the service's. */
import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Brain, BrainPiece, BrainRequest } from '../../src/server/brain/brain.ts';
import { startLiveServer, type LiveServer, type LiveServerEvent } from '../../src/server/server.ts';
import { call, messageOf, type RestReply } from '../support/rest.ts';
import { until } from '../support/until.ts';

const NO_ENGINES = { stt: 'none', tts: 'none' };
const GENERATE = '/v1beta/models/gemini-2.5-flash:generateContent';
const STREAM = GENERATE.replace(':g', ':streamG');

/** Thinks what the test wants. */
let pieces: (request: BrainRequest, signal: AbortSignal) => AsyncIterable<BrainPiece>;
const asked: BrainRequest[] = [];
const brain: Brain = {
  name: 'told',
  think(request, signal) {
    asked.push(request);
    return pieces(request, signal);
  },
};
async function* say(...all: (string | BrainPiece)[]): AsyncGenerator<BrainPiece> {
  for (const piece of all) yield typeof piece === 'string' ? { text: piece } : piece;
}

let server: LiveServer;
const events: LiveServerEvent[] = [];
beforeAll(async () => {
  server = await startLiveServer({
    ...NO_ENGINES,
    brain,
    onEvent: (event) => events.push(event),
  });
});
afterAll(() => server.close());
beforeEach(() => {
  pieces = () => say('Hello', ' there.');
  asked.length = 0;
  events.length = 0;
});

const user = (text: string): object => ({ role: 'user', parts: [{ text }] });
const ask = (body: object, path = GENERATE): Promise<RestReply> =>
  call(server.url, 'POST', path, { body });

/** The events of a stream, parsed. */
const eventsOf = ({ text }: RestReply): Answer[] =>
  text
    .split('\r\n\r\n')
    .filter((event) => event !== '')
    .map((event) => {
      expect(event).toMatch(/^data: /);
      return JSON.parse(event.slice(6)) as Answer;
    });
type Answer = {
  candidates: { content: { parts: object[]; role: string }; finishReason?: string }[];
  usageMetadata: object;
};
const partsOf = (answers: Answer[]): object[] =>
  answers.flatMap(({ candidates }) => candidates.flatMap(({ content }) => content.parts));
const finishOf = (answers: Answer[]): unknown =>
  answers.flatMap(({ candidates }) => candidates.map((one) => one.finishReason)).at(-1);

describe('models', () => {
  const list = async (url: string, query = ''): Promise<Record<string, unknown>> =>
    (await call(url, 'GET', `/v1beta/models${query}`)).json as Record<string, unknown>;
  const idsOf = (page: Record<string, unknown>, method: string): string[] =>
    (page.models as { name: string; supportedGenerationMethods: string[] }[])
      .filter(({ supportedGenerationMethods }) => supportedGenerationMethods.includes(method))
      .map(({ name }) => name);

  /** As the service listed them on 2026-10-08, without the one that was shut down since. */
  const LIVE = [
    'models/gemini-3.8-live',
    'models/gemini-3.8-live-extended-thinking',
    'models/gemini-3.5-live-translate-preview',
    'models/gemini-3.5-transcribe-live',
    'models/gemini-robotics-er-2-streaming-preview',
    'models/gemini-2.5-flash-native-audio-latest',
    'models/gemini-2.5-flash-native-audio-preview-12-2025',
    'models/gemini-2.5-flash-native-audio-preview-09-2025',
  ];

  it('are those of the service, those that were shut down only on request', async () => {
    expect(idsOf(await list(server.url), 'bidiGenerateContent')).toEqual(LIVE);
    const old = await startLiveServer({ ...NO_ENGINES, allowRetired: true });
    expect(idsOf(await list(old.url), 'bidiGenerateContent')).toEqual([
      ...LIVE,
      'models/gemini-3.1-flash-live-preview',
      'models/gemini-live-2.5-flash-preview',
      'models/gemini-2.0-flash-live-001',
      'models/gemini-2.0-flash-exp',
    ]);
    await old.close();
  });

  it('answer generateContent where they say so', async () => {
    const standard = idsOf(await list(server.url), 'generateContent');
    expect(standard.length).toBeGreaterThan(0);
    for (const name of standard) {
      const reply = await ask({ contents: [user('hi')] }, `/v1beta/${name}:generateContent`);
      expect(reply.status).toBe(200);
    }
  });

  it.each([1, 5, 1000])('come in pages of %i', async (pageSize) => {
    const all = (await list(server.url)).models as object[];
    const found: object[] = [];
    let token: string | undefined = '';
    while (token !== undefined) {
      const page = await list(server.url, `?pageSize=${pageSize}&pageToken=${token}`);
      expect((page.models as object[]).length).toBeLessThanOrEqual(pageSize);
      found.push(...(page.models as object[]));
      token = page.nextPageToken as string | undefined;
    }
    expect(found).toEqual(all);
  });

  it.each(['?pageSize=-1', '?pageSize=x', '?pageToken=nonsense'])('%s is refused', async (query) =>
    expect((await call(server.url, 'GET', `/v1beta/models${query}`)).status).toBe(400),
  );

  it('are there one by one', async () => {
    const reply = await call(server.url, 'GET', '/v1/models/gemini-3.8-live');
    expect(reply.headers['content-type']).toBe('application/json; charset=UTF-8');
    expect(reply.json).toEqual({
      name: 'models/gemini-3.8-live',
      version: '001',
      displayName: 'Gemini 3.8 Live',
      description: expect.any(String),
      inputTokenLimit: 131_072,
      outputTokenLimit: 65_536,
      supportedGenerationMethods: ['bidiGenerateContent'],
    });
  });

  it.each(['none', 'gemini-2.0-flash-live-001', 'gemini-live-2.5-flash-native-audio'])(
    '%s is not found',
    async (id) => {
      const reply = await call(server.url, 'GET', `/v1beta/models/${id}`);
      expect(reply.status).toBe(404);
      expect(messageOf(reply)).toBe(`Model is not found: models/${id} for api version v1beta`);
    },
  );
});

describe('generateContent', () => {
  it('answers whole, with its tokens', async () => {
    const reply = await ask({ contents: [user('say hello')] });
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual({
      candidates: [
        {
          content: { parts: [{ text: 'Hello there.' }], role: 'model' },
          finishReason: 'STOP',
          index: 0,
        },
      ],
      usageMetadata: {
        promptTokenCount: 3,
        candidatesTokenCount: 3,
        totalTokenCount: 6,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 3 }],
      },
      modelVersion: 'gemini-2.5-flash',
      responseId: expect.stringMatching(/^[\w-]{22}$/),
    });
  });

  it.each([
    '/v1/models/gemini-9-unheard-of:generateContent',
    '//v1beta/models/gemini-flash-latest:generateContent?key=any',
    '/v1beta/models/gemini-2.5-flash%3AgenerateContent',
    '/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash:generateContent',
    '/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent',
    '/v1beta/projects/p/models/gemini-2.5-flash:generateContent',
  ])('is at %s', async (path) => {
    const reply = await ask({ contents: [user('hi')] }, path);
    expect(reply.status).toBe(200);
  });

  it('gives the brain the conversation, the instruction, the functions and the temperature', async () => {
    await ask({
      systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] },
      contents: [
        { parts: [{ text: 'Weather in ' }, { text: 'Oslo?' }] },
        {
          role: 'model',
          parts: [
            { text: 'thinking', thought: true },
            { functionCall: { name: 'weather', args: { city: 'Oslo' } } },
            { functionCall: { id: 'own', name: 'weather', args: { city: 'Rome' } } },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { id: 'own', name: 'weather', response: { c: 20 } } },
            { function_response: { name: 'weather', response: { c: 4 } } },
            { text: 'Well?' },
            { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
          ],
        },
      ],
      tools: [
        { functionDeclarations: [{ name: 'weather' }, { name: 'other' }] },
        { googleSearch: {} },
      ],
      tool_config: {
        function_calling_config: { mode: 'ANY', allowed_function_names: ['weather'] },
      },
      generationConfig: { temperature: 0.25 },
    });
    expect(asked).toEqual([
      {
        system: 'Be brief.\nBe kind.',
        turns: [
          { role: 'user', text: 'Weather in Oslo?' },
          {
            role: 'model',
            text: '',
            calls: [
              { id: 'call-1', name: 'weather', args: { city: 'Oslo' } },
              { id: 'own', name: 'weather', args: { city: 'Rome' } },
            ],
          },
          { role: 'tool', id: 'own', name: 'weather', response: { c: 20 } },
          { role: 'tool', id: 'call-1', name: 'weather', response: { c: 4 } },
          { role: 'user', text: 'Well?' },
        ],
        tools: [{ name: 'weather' }],
        now: expect.any(Date),
        temperature: 0.25,
      },
    ]);
  });

  it('has no functions under mode NONE', async () => {
    await ask({
      contents: [user('hi')],
      tools: [{ functionDeclarations: [{ name: 'f' }] }],
      toolConfig: { functionCallingConfig: { mode: 'NONE' } },
    });
    expect(asked[0]?.tools).toEqual([]);
  });

  it('calls functions that were declared, and no others', async () => {
    const tools = [{ functionDeclarations: [{ name: 'f' }] }];
    pieces = () =>
      say(
        'Let me see.',
        { call: { name: 'f', args: { a: 1 } } },
        { call: { name: 'f', args: {} } },
      );
    const called = (await ask({ contents: [user('hi')], tools })).json as Answer;
    expect(partsOf([called])).toEqual([
      { text: 'Let me see.' },
      { functionCall: { id: 'function-call-1', name: 'f', args: { a: 1 } } },
      { functionCall: { id: 'function-call-2', name: 'f', args: {} } },
    ]);
    expect(finishOf([called])).toBe('STOP');
    pieces = () => say({ call: { name: 'g', args: {} } });
    const wrong = (await ask({ contents: [user('hi')], tools })).json as Answer;
    expect(partsOf([wrong])).toEqual([{ text: '' }]);
    expect(finishOf([wrong])).toBe('UNEXPECTED_TOOL_CALL');
    expect(events).toEqual([
      { type: 'fault', id: 0, message: 'the brain called g, which is not declared' },
    ]);
  });

  it.each([
    [{ maxOutputTokens: 2 }, ['Hel', 'lo there', ' you'], 'Hello th', 'MAX_TOKENS'],
    [{ maxOutputTokens: 3 }, ['Hello there.'], 'Hello there.', 'STOP'],
    [{ stopSequences: ['STOP'] }, ['one S', 'T', 'OP two'], 'one ', 'STOP'],
    [{ stopSequences: ['X', 'two'] }, ['one two', ' X'], 'one ', 'STOP'],
    [{ stopSequences: ['STOP'] }, ['one STO'], 'one STO', 'STOP'],
    [{ stopSequences: ['abc'], maxOutputTokens: 1 }, ['12', '345ab', 'c'], '1234', 'MAX_TOKENS'],
  ])('ends where %j says', async (generationConfig, thought, text, reason) => {
    pieces = () => say(...thought);
    const body = { contents: [user('hi')], generationConfig };
    const answer = (await ask(body)).json as Answer;
    expect(partsOf([answer])).toEqual([{ text }]);
    expect(finishOf([answer])).toBe(reason);
    const stream = eventsOf(await ask(body, `${STREAM}?alt=sse`));
    expect(
      partsOf(stream)
        .map((part) => (part as { text: string }).text)
        .join(''),
    ).toBe(text);
    expect(finishOf(stream)).toBe(reason);
  });

  it('tells thoughts on request, and counts them always', async () => {
    pieces = () => say({ thought: 'Hm, ' }, { thought: 'what?' }, 'Yes.');
    const quiet = (await ask({ contents: [user('hi')] })).json as Answer;
    expect(partsOf([quiet])).toEqual([{ text: 'Yes.' }]);
    expect(quiet.usageMetadata).toMatchObject({
      candidatesTokenCount: 1,
      thoughtsTokenCount: 3,
      totalTokenCount: 5,
    });
    const generationConfig = { thinkingConfig: { includeThoughts: true } };
    const told = (await ask({ contents: [user('hi')], generationConfig })).json as Answer;
    expect(partsOf([told])).toEqual([{ text: 'Hm, what?', thought: true }, { text: 'Yes.' }]);
  });

  it.each([
    'gemini-3.8-live',
    'gemini-2.5-flash-native-audio-latest',
    'gemini-2.0-flash-live-001',
    'gemini-4-live-preview',
    'gemini-embedding-001',
    'gpt-4o',
  ])('is not for %s', async (id) => {
    for (const method of ['generateContent', 'streamGenerateContent']) {
      const reply = await ask({ contents: [user('hi')] }, `/v1beta/models/${id}:${method}`);
      expect(reply.status).toBe(404);
      expect(reply.json).toEqual({
        error: {
          code: 404,
          message:
            `models/${id} is not found for API version v1beta, or is not supported for generateContent. ` +
            'Call ListModels to see the list of available models and their supported methods.',
          status: 'NOT_FOUND',
        },
      });
    }
  });

  it.each<[object | string, number, string | RegExp]>([
    ['', 400, '* GenerateContentRequest.contents: contents is not specified\n'],
    ['{', 400, /^Invalid JSON payload received\. The body is not JSON/],
    ['[]', 400, 'Invalid JSON payload received. The body is not a JSON object.'],
    [`{"labels":${'['.repeat(200)}${']'.repeat(200)}}`, 400, /Nested more than 100 deep/],
    [{ contents: [] }, 400, '* GenerateContentRequest.contents: contents is not specified\n'],
    [
      { contents: [{ parts: [] }] },
      400,
      '* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n',
    ],
    [
      { contents: [user('hi')], colour: 1 },
      400,
      'Invalid JSON payload received. Unknown name "colour": Cannot find field.',
    ],
    [
      { contents: [{ parts: [{ texts: 'hi' }] }] },
      400,
      'Invalid JSON payload received. Unknown name "texts" at \'contents[0].parts[0]\': Cannot find field.',
    ],
    [
      { contents: [{ role: 'assistant', parts: [{ text: 'hi' }] }] },
      400,
      'Please use a valid role: user, model.',
    ],
    [
      { contents: [user('hi'), { role: 'model', parts: [{ text: 'ho' }] }] },
      400,
      'Please ensure that multiturn requests end with a user role or a function response.',
    ],
    [
      { contents: [user('hi')], generationConfig: { responseMimeType: 'application/json' } },
      400,
      'JSON mode is not enabled for this model',
    ],
    [
      { contents: [user('hi')], generationConfig: { responseModalities: ['AUDIO'] } },
      400,
      /response modalities \(AUDIO\)/,
    ],
    [
      { contents: [user('hi')], generationConfig: { candidateCount: 2 } },
      400,
      'Multiple candidates is not enabled for this model',
    ],
    [{ contents: [user('hi')], cachedContent: 'x' }, 403, /CachedContent not found/],
  ])('refuses %j with %i', async (body, code, message) => {
    const reply = await call(server.url, 'POST', GENERATE, { body });
    expect(reply.status).toBe(code);
    if (typeof message === 'string') expect(messageOf(reply)).toBe(message);
    else expect(messageOf(reply)).toMatch(message);
  });

  it('says that the brain failed, and tells the operator why', async () => {
    pieces = async function* broken() {
      yield* say();
      throw new Error('out of order');
    };
    const reply = await ask({ contents: [user('hi')] });
    expect(reply.status).toBe(500);
    expect(reply.json).toEqual({
      error: { code: 500, message: 'Internal error encountered.', status: 'INTERNAL' },
    });
    expect(events).toEqual([{ type: 'fault', id: 0, message: 'internal: Error: out of order' }]);
  });
});

describe('streamGenerateContent', () => {
  it('is a list of events with ?alt=sse, each with the tokens so far', async () => {
    const reply = await ask({ contents: [user('say hello')] }, `${STREAM}?alt=sse`);
    expect(reply.headers['content-type']).toBe('text/event-stream');
    const answers = eventsOf(reply);
    expect(partsOf(answers)).toEqual([{ text: 'Hello' }, { text: ' there.' }, { text: '' }]);
    expect(answers.map(({ usageMetadata }) => usageMetadata)).toMatchObject([
      { candidatesTokenCount: 2, totalTokenCount: 5 },
      { candidatesTokenCount: 3, totalTokenCount: 6 },
      { candidatesTokenCount: 3, totalTokenCount: 6 },
    ]);
    expect(answers.map(({ candidates }) => candidates[0]?.finishReason)).toEqual([
      undefined,
      undefined,
      'STOP',
    ]);
  });

  it('is one JSON array without it', async () => {
    const reply = await ask({ contents: [user('hi')] }, STREAM);
    expect(reply.headers['content-type']).toBe('application/json; charset=UTF-8');
    expect(partsOf(reply.json as Answer[])).toEqual([
      { text: 'Hello' },
      { text: ' there.' },
      { text: '' },
    ]);
  });

  it('comes as it is thought', async () => {
    let goOn = (): void => {};
    pieces = async function* slowly() {
      yield { text: 'first' };
      await new Promise<void>((resolve) => (goOn = resolve));
      yield { text: 'second' };
    };
    const response = await fetch(`${server.url}${STREAM}?alt=sse`, {
      method: 'POST',
      body: JSON.stringify({ contents: [user('hi')] }),
    });
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString('utf8');
      if (!text.includes('second')) expect(text).toContain('first');
      goOn();
    }
    expect(text).toContain('second');
  });

  it.each([
    [`${STREAM}?alt=sse`, (text: string) => text.split('\r\n\r\n').at(-1) ?? ''],
    [STREAM, (text: string) => JSON.stringify((JSON.parse(text) as object[]).at(-1))],
  ])('%s says in the midst that it failed', async (path, last) => {
    pieces = async function* broken() {
      yield { text: 'Well' };
      throw new Error('out of order');
    };
    const reply = await ask({ contents: [user('hi')] }, path);
    expect(reply.status).toBe(200);
    expect(JSON.parse(last(reply.text))).toEqual({
      error: { code: 500, message: 'Internal error encountered.', status: 'INTERNAL' },
    });
    expect(events).toEqual([{ type: 'fault', id: 0, message: 'internal: Error: out of order' }]);
  });

  it('fails with a status before the first word', async () => {
    const reply = await ask({ contents: [] }, `${STREAM}?alt=sse`);
    expect(reply.status).toBe(400);
  });

  it.each([GENERATE, STREAM])('%s: who leaves is not thought for', async (path) => {
    let reason: unknown;
    pieces = async function* forever(_request, signal) {
      yield { text: 'Well' };
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          reason = signal.reason;
          reject(signal.reason as Error);
        }),
      );
    };
    const { port } = server;
    const sent = request({ port, host: '127.0.0.1', method: 'POST', path, agent: false });
    sent.on('error', () => {});
    sent.end(JSON.stringify({ contents: [user('hi')] }));
    await until('the brain thinks', () => asked.length > 0);
    sent.destroy();
    await until('the brain is stopped', () => reason !== undefined);
    expect(String(reason)).toBe('Error: the client has gone');
    expect(events).toEqual([]);
  });
});

describe('countTokens', () => {
  const path = GENERATE.replace('generateContent', 'countTokens');
  it.each([
    [{ contents: [user('12345678')] }, 2],
    [{ generateContentRequest: { model: 'x', contents: [user('12345678')] } }, 2],
    [
      {
        generateContentRequest: {
          contents: [user('12345678')],
          systemInstruction: { parts: [{ text: '1234' }] },
        },
      },
      3,
    ],
  ])('%j', async (body, totalTokens) => {
    expect((await ask(body, path)).json).toEqual({
      totalTokens,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }],
    });
  });

  it('is not for Live models', async () => {
    const reply = await ask(
      { contents: [user('hi')] },
      '/v1beta/models/gemini-3.8-live:countTokens',
    );
    expect(reply.status).toBe(404);
    expect(messageOf(reply)).toMatch(/or is not supported for countTokens\./);
  });
});

describe('the key', () => {
  let locked: LiveServer;
  beforeAll(async () => {
    locked = await startLiveServer({ ...NO_ENGINES, key: 'right' });
  });
  afterAll(() => locked.close());

  const EVERYTHING: readonly [string, string][] = [
    ['GET', '/v1beta/models'],
    ['GET', '/v1beta/models/gemini-3.8-live'],
    ['POST', '/v1alpha/auth_tokens'],
    ['POST', GENERATE],
  ];

  it.each(EVERYTHING)('%s %s asks for it', async (method, path) => {
    const status = async (headers: Record<string, string>, query = ''): Promise<number> =>
      (await call(locked.url, method, path + query, { headers })).status;
    const none = await call(locked.url, method, path);
    expect(none.status).toBe(403);
    expect(none.json).toEqual({
      error: {
        code: 403,
        message:
          "Method doesn't allow unregistered callers (callers without established identity). " +
          'Please use API Key or other form of API consumer identity to call this API.',
        status: 'PERMISSION_DENIED',
      },
    });
    const wrong = await call(locked.url, method, `${path}?key=wrong`);
    expect(wrong.status).toBe(400);
    expect(wrong.json).toMatchObject({
      error: {
        code: 400,
        message: 'API key not valid. Please pass a valid API key.',
        status: 'INVALID_ARGUMENT',
        details: [{ reason: 'API_KEY_INVALID', domain: 'googleapis.com' }],
      },
    });
    const bearer = await call(locked.url, method, path, {
      headers: { authorization: 'Bearer wrong' },
    });
    expect(bearer.status).toBe(401);
    expect(bearer.json).toMatchObject({ error: { status: 'UNAUTHENTICATED' } });
    // An empty question is refused by what comes after.
    const letIn = path === GENERATE ? 400 : 200;
    expect(await status({ 'x-goog-api-key': 'right' })).toBe(letIn);
    expect(await status({ authorization: 'Bearer right' })).toBe(letIn);
    expect(await status({}, '?key=right')).toBe(letIn);
  });

  it('is not an ephemeral token, also where none is asked for', async () => {
    const minted = await call(server.url, 'POST', '/v1alpha/auth_tokens');
    const { name } = minted.json as { name: string };
    for (const [method, path] of EVERYTHING) {
      const reply = await call(server.url, method, path, { headers: { 'x-goog-api-key': name } });
      expect(messageOf(reply)).toBe('API key not valid. Please pass a valid API key.');
    }
  });
});
