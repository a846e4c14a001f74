/** The doors, the frames and every refusal of the local server, seen by a bare client. */
import { request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveServerEvent } from '../../src/server/server.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import {
  DEFAULT_MODEL,
  GEMINI_PATH,
  openClient,
  openSession,
  VERTEX_PATH,
  wordsOf,
} from '../support/liveClient.ts';

const NO_ENGINES = { stt: 'none', tts: 'none' };
let server: LiveServer;
/** Answers for models that were shut down, too. */
let old: LiveServer;
const events: LiveServerEvent[] = [];

beforeAll(async () => {
  server = await startLiveServer({ ...NO_ENGINES, onEvent: (event) => events.push(event) });
  old = await startLiveServer({ ...NO_ENGINES, allowRetired: true });
});
afterAll(() => Promise.all([server.close(), old.close()]));

/** The status that an upgrade is answered with. */
function upgrade(path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({
      port: server.port,
      host: '127.0.0.1',
      path,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    });
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('doors', () => {
  it.each([
    GEMINI_PATH,
    `/${GEMINI_PATH}`,
    GEMINI_PATH.replace('v1beta', 'v1'),
    GEMINI_PATH.replace('v1beta', 'v1alpha'),
    `${GEMINI_PATH}Constrained?access_token=auth_tokens/x`,
    `${GEMINI_PATH}?key=abc&alt=ws`,
    VERTEX_PATH,
    `/${VERTEX_PATH}`,
    VERTEX_PATH.replace('v1beta1', 'v1'),
  ])('%s is open', async (path) => expect(await upgrade(path)).toBe(101));

  it.each([
    '/',
    '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateMusic',
    `${GEMINI_PATH}/`,
    `/x${GEMINI_PATH}`,
    VERTEX_PATH.replace('/Bidi', '.Bidi'),
  ])('%s is not there', async (path) => expect(await upgrade(path)).toBe(404));

  it.each<[string, Record<string, string>, number]>([
    ['a page of somewhere else', { origin: 'https://evil.example' }, 403],
    ['a page without an origin of its own', { origin: 'null' }, 403],
    ['a file', { origin: 'file://' }, 403],
    ['a page of this machine', { origin: 'http://localhost:3000' }, 101],
    ['a name made to point here', { host: 'evil.example' }, 403],
    ['a name that only begins well', { host: '127.0.0.1.evil.example' }, 403],
    ['localhost', { host: 'localhost:8787' }, 101],
    ['IPv6 loopback', { host: '[::1]:8787' }, 101],
  ])('%s', async (_who, headers, status) =>
    expect(await upgrade(GEMINI_PATH, headers)).toBe(status),
  );

  it('answers plain HTTP with 404, and a mangled upgrade with 400', async () => {
    expect((await fetch(server.url)).status).toBe(404);
    expect(await upgrade(GEMINI_PATH, { 'sec-websocket-key': 'x' })).toBe(400);
  });
});

describe('the key', () => {
  const setup = { setup: { model: DEFAULT_MODEL } };
  let locked: LiveServer;
  beforeAll(async () => {
    locked = await startLiveServer({ ...NO_ENGINES, key: 'right key' });
  });
  afterAll(() => locked.close());

  it.each<[string, string, Record<string, string>]>([
    ['?key=', '?key=right%20key', {}],
    ['?access_token=', '?access_token=right%20key', {}],
    ['x-goog-api-key', '', { 'x-goog-api-key': 'right key' }],
    ['Bearer', '', { authorization: 'Bearer right key' }],
    ['Token', '', { authorization: 'Token right key' }],
  ])('is taken from %s', async (_where, query, headers) => {
    const client = await openClient(locked.url, GEMINI_PATH + query, { headers });
    client.send(setup);
    await client.until((message) => message.setupComplete !== undefined);
    await client.close();
  });

  it.each<[string, string, number, RegExp]>([
    ['?key=wrong', 'wrong', 1007, /^API key not valid\. Please pass a valid API key\.$/],
    ['', 'missing', 1008, /^Method doesn't allow unregistered callers/],
  ])('%s: upgraded, and refused after setup (%s)', async (query, _what, code, reason) => {
    const client = await openClient(locked.url, GEMINI_PATH + query);
    client.send(setup);
    const end = await client.closed;
    expect(end.code).toBe(code);
    expect(end.reason).toMatch(reason);
    expect(client.received).toHaveLength(0);
  });
});

describe('frames', () => {
  it('are binary, pretty-printed JSON with a newline at the end', async () => {
    const client = await openSession(server.url);
    expect(client.frames).toHaveLength(1);
    expect(client.frames[0]?.isBinary).toBe(true);
    expect(client.frames[0]?.data.toString()).toBe('{\n  "setupComplete": {}\n}\n');
    await client.close();
  });

  it('are taken as text and as binary, in both spellings, with null for absent', async () => {
    const client = await openClient(server.url);
    const setup = {
      model: DEFAULT_MODEL,
      system_instruction: { parts: [{ text: 'Be brief.' }] },
      generation_config: { response_modalities: ['AUDIO'], temperature: null },
      output_audio_transcription: {},
      tools: null,
    };
    client.sendRaw(Buffer.from(JSON.stringify({ setup })));
    await client.until((message) => message.setupComplete !== undefined);
    client.send({ realtime_input: { text: 'say yes' } });
    expect(wordsOf(await client.turn())).toBe('Yes.');
    client.send({
      client_content: {
        turns: [{ role: 'user', parts: [{ text: 'say no' }] }],
        turn_complete: true,
      },
    });
    expect(wordsOf(await client.turn(2))).toBe('No.');
    await client.close();
  });

  it('have the spelling of Vertex on its path', async () => {
    const model = 'projects/p/locations/l/publishers/google/models/gemini-3.8-live';
    const client = await openSession(server.url, { model }, VERTEX_PATH);
    expect(client.received[0]?.setupComplete?.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    client.send({ realtimeInput: { text: 'say yes' } });
    const turn = await client.turn();
    const roles = turn.flatMap((message) => message.serverContent?.modelTurn ?? []);
    expect(new Set(roles.map(({ role }) => role))).toEqual(new Set(['model']));
    const usage = turn.at(-1)?.usageMetadata;
    expect(usage?.candidatesTokenCount).toBeGreaterThan(0);
    expect(usage).not.toHaveProperty('responseTokenCount');
    await client.close();
  });
});

/** Close frames hold 123 bytes. */
const NOT_FOUND = (id: string, version = 'v1beta'): string =>
  (
    `models/${id} is not found for API version ${version}, or is not supported for bidiGenerateContent. ` +
    'Call ListModels to see the list of available models and their supported methods.'
  ).slice(0, 123);
const INVALID = 'Request contains an invalid argument.';
const FIRST = 'setup must be the first message and only the first';
const unknown = (name: string, place: string): string =>
  `Invalid JSON payload received. Unknown name "${name}"${place}: Cannot find field.`;
const ET = 'models/gemini-3.8-live-extended-thinking';
const LEGACY = 'models/gemini-3.1-flash-live-preview';
const NATIVE = 'models/gemini-2.5-flash-native-audio-latest';
const call = (behavior: string): object => ({ functionDeclarations: [{ name: 'f', behavior }] });

describe('a setup is refused in the words of the service', () => {
  it.each<[string, Record<string, unknown>, number, string | RegExp]>([
    ['no model', { model: undefined }, 1007, INVALID],
    ['an unknown model', { model: 'models/gpt-9' }, 1008, NOT_FOUND('gpt-9')],
    [
      'a retired model',
      { model: 'models/gemini-2.0-flash-live-001' },
      1008,
      NOT_FOUND('gemini-2.0-flash-live-001'),
    ],
    [
      'two modalities',
      { generationConfig: { responseModalities: ['AUDIO', 'TEXT'] } },
      1007,
      INVALID,
    ],
    [
      'TEXT from a model that speaks',
      { generationConfig: { responseModalities: ['TEXT'] } },
      1007,
      /^The requested combination of response modalities \(TEXT\) is not supported by the model\. models\/gemini-3\.8-live accepts/,
    ],
    [
      'TEXT from native audio of 2025',
      { model: NATIVE, generationConfig: { responseModalities: ['TEXT'] } },
      1007,
      'Cannot extract voices from a non-audio request.',
    ],
    [
      'a budget on 3.1',
      { model: LEGACY, generationConfig: { thinkingConfig: { thinkingBudget: 5 } } },
      1007,
      /thinking/,
    ],
    [
      'an unknown voice',
      {
        generationConfig: {
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Bob' } } },
        },
      },
      1007,
      /speaker voice/,
    ],
    [
      'a function that does not block on 3.1',
      { model: LEGACY, tools: [call('NON_BLOCKING')] },
      1007,
      INVALID,
    ],
    [
      'a bad function name',
      { tools: [{ functionDeclarations: [{ name: 'a b' }] }] },
      1007,
      INVALID,
    ],
    ['code execution', { tools: [{ codeExecution: {} }] }, 1007, INVALID],
    [
      'a stale handle',
      { sessionResumption: { handle: 'h-1' } },
      1008,
      'BidiGenerateContent session expired',
    ],
    [
      'a negative silence',
      { realtimeInputConfig: { automaticActivityDetection: { silenceDurationMs: -1 } } },
      1007,
      INVALID,
    ],
    ['an unknown field', { colour: 'red' }, 1007, unknown('colour', " at 'setup'")],
    [
      'an unknown field further in',
      { generationConfig: { maxTokens: 1 } },
      1007,
      unknown('maxTokens', " at 'setup.generation_config'"),
    ],
    [
      'an unknown field in a list',
      { systemInstruction: { parts: [{ txt: 'a' }] } },
      1007,
      unknown('txt', " at 'setup.system_instruction.parts[0]'"),
    ],
    [
      'a field of no Live session',
      { generationConfig: { responseMimeType: 'text/plain' } },
      1007,
      INVALID,
    ],
    [
      'a text for a number',
      { generationConfig: { temperature: 'hot' } },
      1007,
      /^Invalid value at 'setup\.generation_config\.temperature'/,
    ],
    [
      'a modality nobody knows',
      { generationConfig: { responseModalities: ['SMELL'] } },
      1007,
      /^Invalid value at 'setup\.generation_config\.response_modalities\[0\]'/,
    ],
    [
      'a modality that is no list',
      { generationConfig: { responseModalities: 'AUDIO' } },
      1007,
      /^Invalid value at|^Request contains/,
    ],
    ['a null in a list', { tools: [null] }, 1007, /./],
    [
      'a level that is a number',
      { model: ET, generationConfig: { thinkingConfig: { thinkingLevel: 3 } } },
      1007,
      /./,
    ],
  ])('%s', async (_what, setup, code, reason) => {
    const client = await openClient(setup['model'] === LEGACY ? old.url : server.url);
    client.send({ setup: { model: DEFAULT_MODEL, ...setup } });
    const end = await client.closed;
    expect(end.code).toBe(code);
    expect(end.reason).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
    expect(client.received).toHaveLength(0);
  });

  it('cut to 123 bytes, never within a character', async () => {
    const client = await openClient(server.url);
    client.send({ setup: { model: `models/${'é'.repeat(100)}` } });
    const { reason } = await client.closed;
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    expect(Buffer.byteLength(reason)).toBeGreaterThan(120);
    expect(reason).not.toContain('�');
  });

  it.each([
    [
      'every voice, in any case',
      {
        generationConfig: {
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'kore' } } },
        },
      },
    ],
    [
      'a library voice',
      {
        generationConfig: {
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'en-us-tavi' } } },
        },
      },
    ],
    [
      'a budget on 2.5',
      { model: NATIVE, generationConfig: { thinkingConfig: { thinkingBudget: -1 } } },
    ],
    ['tools', { tools: [{ googleSearch: {} }, call('BLOCKING')] }],
    [
      'compression with numbers as strings',
      { contextWindowCompression: { triggerTokens: '25600', slidingWindow: {} } },
    ],
    ['resumption without a handle', { sessionResumption: {} }],
    ['numbers as strings', { generationConfig: { temperature: '0.5', maxOutputTokens: '100' } }],
  ])('but takes %s', async (_what, setup) => {
    const client = await openSession(server.url, setup);
    await client.close();
  });

  it('takes retired models where that is asked for', async () => {
    const client = await openSession(old.url, {
      model: 'models/gemini-2.0-flash-live-001',
      generationConfig: { responseModalities: ['TEXT'] },
    });
    client.send({ realtimeInput: { text: 'what is 2 plus 2' } });
    expect(wordsOf(await client.turn())).toBe('2 plus 2 is 4.');
    await client.close();
  });
});

describe('a message is refused in the words of the service', () => {
  it.each<[string, unknown[], number, string | RegExp]>([
    ['before setup', [{ realtimeInput: { text: 'hi' } }], 1007, FIRST],
    ['content before setup', [{ clientContent: { turnComplete: true } }], 1007, FIRST],
    [
      'a second setup',
      [{ setup: { model: DEFAULT_MODEL } }, { setup: { model: DEFAULT_MODEL } }],
      1007,
      INVALID,
    ],
    ['an unknown message', [{ hello: {} }], 1007, unknown('hello', '')],
    ['no message', [{}], 1007, INVALID],
    ['two in one', [{ setup: { model: DEFAULT_MODEL }, realtimeInput: { text: 'hi' } }], 1007, /./],
    ['a message that is no object', [{ setup: 5 }], 1007, /^Invalid value at 'setup'/],
    [
      'markers under automatic detection',
      [{ setup: { model: DEFAULT_MODEL } }, { realtimeInput: { activityStart: {} } }],
      1007,
      /./,
    ],
    [
      'sound that is none',
      [
        { setup: { model: DEFAULT_MODEL } },
        { realtimeInput: { audio: { data: 'AAAA', mimeType: 'text/plain' } } },
      ],
      1007,
      INVALID,
    ],
    [
      'sound that is not base64',
      [
        { setup: { model: DEFAULT_MODEL } },
        { realtimeInput: { audio: { data: '!?', mimeType: 'audio/pcm' } } },
      ],
      1007,
      /^Invalid value at 'realtime_input\.audio\.data'/,
    ],
    [
      'a rate nobody has',
      [
        { setup: { model: DEFAULT_MODEL } },
        { realtimeInput: { audio: { data: 'AAAA', mimeType: 'audio/pcm;rate=999999' } } },
      ],
      1007,
      INVALID,
    ],
    [
      'content on 3.1',
      [{ setup: { model: LEGACY } }, { clientContent: { turns: [], turnComplete: true } }],
      1007,
      INVALID,
    ],
    [
      'a null among the turns',
      [{ setup: { model: DEFAULT_MODEL } }, { clientContent: { turns: [null] } }],
      1007,
      /./,
    ],
    [
      'parts that are no list',
      [{ setup: { model: DEFAULT_MODEL } }, { clientContent: { turns: [{ parts: 'hi' }] } }],
      1007,
      /^Invalid value at 'client_content\.turns\[0\]\.parts'/,
    ],
    [
      'a text that is none',
      [
        { setup: { model: DEFAULT_MODEL } },
        { clientContent: { turns: [{ role: 'user', parts: [{ text: {} }] }] } },
      ],
      1007,
      /^Invalid value at/,
    ],
  ])('%s', async (_what, messages, code, reason) => {
    const isOld = JSON.stringify(messages).includes(LEGACY);
    const client = await openClient(isOld ? old.url : server.url);
    for (const message of messages) client.send(message);
    const end = await client.closed;
    expect(end.code).toBe(code);
    expect(end.reason).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
  });

  it.each<[string, string | Uint8Array]>([
    ['not JSON', 'hello'],
    ['not an object', '[]'],
    ['not UTF-8', new Uint8Array([0xff, 0xfe, 0x7b])],
    ['empty', ''],
  ])('%s', async (_what, frame) => {
    const client = await openClient(server.url);
    client.sendRaw(frame);
    const end = await client.closed;
    expect(end.code).toBe(1007);
    expect(end.reason).toMatch(/^Invalid JSON payload received\./);
  });

  it('and is reported, with what was wrong', async () => {
    const client = await openClient(server.url);
    const opened = events.findLast((event) => event.type === 'session' && event.state === 'open');
    client.send({ setup: { model: 'models/none' } });
    await client.closed;
    const own = (): LiveServerEvent[] => events.filter(({ id }) => id === opened?.id);
    await expect.poll(() => own().map(({ type }) => type)).toEqual(['session', 'fault', 'session']);
    expect(own()[1]).toMatchObject({ message: expect.stringMatching(/1008: models\/none/) });
    expect(own()[2]).toMatchObject({ state: 'closed', code: 1008 });
  });

  it('a frame of 17 MB ends the session and nothing else', async () => {
    const client = await openClient(server.url);
    client.sendRaw(Buffer.alloc(17 * 1024 * 1024, 0x20));
    expect((await client.closed).code).toBe(1009);
    await (await openSession(server.url)).close();
  });
});

describe('whatever comes', () => {
  /** The close code after these frames; the last, unless one before ended it, is one that nobody takes. */
  async function ending(frames: (string | Uint8Array)[], first: object[]): Promise<number> {
    const client = await openClient(server.url);
    for (const message of first) client.send(message);
    for (const frame of frames) client.sendRaw(frame);
    client.send({ goodbye: {} });
    return (await client.closed).code;
  }
  const SETUP = { setup: { model: DEFAULT_MODEL } };
  const isGraceful = (code: number): boolean => code === 1007 || code === 1008;

  it('bytes and JSON never break the server, and are never an internal error', async () => {
    events.length = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.uint8Array(), fc.json()), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (frames, isSetUp) => {
          expect(isGraceful(await ending(frames, isSetUp ? [SETUP] : []))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
    expect(
      events.filter((event) => event.type === 'fault' && /internal/.test(event.message)),
    ).toEqual([]);
  });

  it('nor do well-known fields with anything in them', async () => {
    events.length = 0;
    const name = (names: string): fc.Arbitrary<string> => fc.constantFrom(...names.split(' '));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 0, -1, 1e300, 'AUDIO', '', 'x', [], {}),
        fc.dictionary(
          name(
            'role parts text functionDeclarations name behavior thinkingConfig thinkingLevel speechConfig voiceConfig ' +
              'prebuiltVoiceConfig voiceName handle data mimeType rate disabled silenceDurationMs responseModalities',
          ),
          tie('any'),
          { maxKeys: 3 },
        ),
        fc.array(tie('any'), { maxLength: 2 }),
      ),
    })).any;
    const setup = fc.dictionary(
      name(
        'generationConfig systemInstruction tools realtimeInputConfig sessionResumption inputAudioTranscription ' +
          'proactivity historyConfig contextWindowCompression safetySettings labels',
      ),
      value,
      { maxKeys: 3 },
    );
    const message = fc.oneof(
      setup.map((rest) => ({ setup: { model: DEFAULT_MODEL, ...rest } })),
      fc.dictionary(name('turns turnComplete'), value).map((clientContent) => ({ clientContent })),
      fc
        .dictionary(name('audio text video audioStreamEnd activityStart mediaChunks'), value)
        .map((realtimeInput) => ({ realtimeInput })),
      value.map((toolResponse) => ({ toolResponse })),
      value.map((contextUpdate) => ({ contextUpdate })),
    );
    await fc.assert(
      fc.asyncProperty(message, async (generated) => {
        const first = 'setup' in generated ? [] : [SETUP];
        expect(isGraceful(await ending([JSON.stringify(generated)], first))).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(
      events.filter((event) => event.type === 'fault' && /internal/.test(event.message)),
    ).toEqual([]);
    await (await openSession(server.url)).close();
  });
});

describe('life of the server', () => {
  it('ends its sessions with 1001, once', async () => {
    const own = await startLiveServer(NO_ENGINES);
    const clients = await Promise.all([openSession(own.url), openClient(own.url)]);
    await Promise.all([own.close(), own.close()]);
    for (const client of clients) expect((await client.closed).code).toBe(1001);
    await expect(fetch(own.url)).rejects.toThrow();
  });

  it('does not wait for a client that does not answer the close', async () => {
    const own = await startLiveServer(NO_ENGINES);
    const client = await openSession(own.url);
    client.socket.pause();
    const startMs = performance.now();
    await own.close();
    expect(performance.now() - startMs).toBeLessThan(2000);
    client.socket.resume();
    await client.closed;
  });

  it('says which port is in use', async () => {
    await expect(startLiveServer({ ...NO_ENGINES, port: server.port })).rejects.toMatchObject({
      code: 'port_in_use',
      exitCode: 2,
      hint: expect.stringMatching(/--port 0/),
    });
  });

  it.each([
    [{ stt: 'whisper' }, /--stt.*whisper/],
    [{ tts: 'http://x' }, /--tts.*http/],
    [
      { stt: 'pocketsphinx', environment: { PATH: '/nonexistent' } },
      /pocketsphinx is not on this machine/,
    ],
    [{ tts: 'flite', environment: { PATH: '/nonexistent' } }, /flite is not on this machine/],
  ])('refuses the engine choice %j', async (choice, message) => {
    await expect(startLiveServer(choice)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
  });

  it('says that a machine without programs has neither ears nor voice', async () => {
    const own = await startLiveServer({ environment: { PATH: '/nonexistent' } });
    expect(await own.engines).toEqual({ ears: 'none', brain: 'built-in', voice: 'none' });
    await own.close();
  });

  it('a hundred sessions come and go and leave nothing', async () => {
    const own = await startLiveServer(NO_ENGINES);
    const resources = (): number =>
      process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name)).length;
    await (await openSession(own.url)).close();
    const before = resources();
    for (let round = 0; round < 5; round++) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => openSession(own.url)));
      for (const [index, client] of clients.entries()) {
        client.send({ realtimeInput: { text: 'count to 100' } });
        if (index % 2 === 0) client.socket.terminate();
      }
      await Promise.all(clients.map((client) => client.close()));
    }
    await expect.poll(resources).toBeLessThanOrEqual(before);
    await own.close();
  });
});
