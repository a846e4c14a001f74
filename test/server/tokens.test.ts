/** Ephemeral tokens: how they are minted over HTTP, and what they are worth to a session. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BrainRequest } from '../../src/server/brain/brain.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { GEMINI_PATH, openClient, type LiveClient } from '../support/liveClient.ts';
import { call, messageOf, type RestReply } from '../support/rest.ts';
import { until } from '../support/until.ts';

const NO_ENGINES = { stt: 'none', tts: 'none' };
const MODEL = 'models/gemini-3.8-live';
const OTHER_MODEL = 'models/gemini-2.5-flash-native-audio-latest';
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const USED = { code: 1011, reason: 'Token has been used too many times' };
const EXPIRED = { code: 1011, reason: 'Token has expired' };

let server: LiveServer;
let now = Date.now();
const models: string[] = [];
/** What the brain was asked: the setup as it counts. */
const asked: BrainRequest[] = [];
beforeAll(async () => {
  server = await startLiveServer({
    ...NO_ENGINES,
    now: () => new Date(now),
    onEvent: (event) => {
      if (event.type === 'session' && event.model !== undefined) models.push(event.model);
    },
    brain: {
      name: 'listener',
      async *think(request) {
        asked.push(request);
        yield { text: 'Yes.' };
      },
    },
  });
});
afterAll(() => server.close());
beforeEach(() => {
  now = Date.now();
  models.length = 0;
  asked.length = 0;
});

const at = (ms: number): string => new Date(now + ms).toISOString();
const post = (body: object, headers: Record<string, string> = {}): Promise<RestReply> =>
  call(server.url, 'POST', '/v1alpha/auth_tokens', { body, headers });

async function mint(body: object = {}): Promise<string> {
  const reply = await post(body);
  expect(reply.text).toMatch(/^\{\n {2}"name": "auth_tokens\/[\w-]{43}"\n\}\n$/);
  return (reply.json as { name: string }).name;
}

const doorFor = (token: string): string =>
  `${GEMINI_PATH}Constrained?access_token=${encodeURIComponent(token)}`;

async function enter(token: string, setup: object = {}): Promise<LiveClient> {
  const client = await openClient(server.url, doorFor(token));
  client.send({ setup: { model: MODEL, ...setup } });
  await client.until((message) => message.setupComplete !== undefined);
  return client;
}

async function refused(token: string, setup: object = {}): Promise<object> {
  const client = await openClient(server.url, doorFor(token));
  client.send({ setup: { model: MODEL, ...setup } });
  return client.closed;
}

/** What the brain is asked in a session with this setup. */
async function effect(token: string, setup: object = {}): Promise<BrainRequest> {
  const client = await enter(token, setup);
  client.send({ realtimeInput: { text: 'well?' } });
  await until('a question', () => asked.length > 0);
  await client.close();
  const [request] = asked.splice(0);
  if (!request) throw new Error('nothing was asked');
  return request;
}

describe('minting', () => {
  it.each([
    {},
    { uses: 0 },
    { uses: 3, fieldMask: '' },
    { uses: '2' },
    { expire_time: at(HOUR), new_session_expire_time: at(MINUTE) },
    { expireTime: at(20 * HOUR - MINUTE) },
    { expireTime: new Date(Date.now() + HOUR).toISOString().replace(/\.\d+Z/, '.123456789+00:00') },
    { bidiGenerateContentSetup: { model: MODEL }, fieldMask: 'model' },
    { bidi_generate_content_setup: { generation_config: { top_k: 4 } } },
  ])('takes %j', async (body) => {
    await mint(body);
  });

  it('takes no body at all, and the key in a header or in the query', async () => {
    const locked = await startLiveServer({ ...NO_ENGINES, key: 'k' });
    const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      (await call(locked.url, 'POST', path, { headers })).status;
    expect(await status('/v1alpha/auth_tokens', { 'x-goog-api-key': 'k' })).toBe(200);
    expect(await status('/v1beta/auth_tokens?key=k')).toBe(200);
    expect(await status('//v1/auth_tokens?key=k')).toBe(200);
    expect(await status('/v1alpha/auth_tokens')).toBe(403);
    expect(await status('/v1alpha/auth_tokens?key=x')).toBe(400);
    await locked.close();
  });

  it.each<[object, string]>([
    [
      { liveConnectConstraints: {} },
      'Invalid JSON payload received. Unknown name "liveConnectConstraints" at \'auth_token\': Cannot find field.',
    ],
    [
      { bidiGenerateContentSetup: { setup: {} } },
      'Invalid JSON payload received. Unknown name "setup" at \'auth_token.bidi_generate_content_setup\': Cannot find field.',
    ],
    [
      { bidiGenerateContentSetup: { generationConfig: { temperature: 'hot' } } },
      'Invalid value at \'auth_token.bidi_generate_content_setup.generation_config.temperature\' (TYPE_FLOAT), "hot"',
    ],
    [
      { expireTime: at(21 * HOUR) },
      'expire_time is too far in the future. Maximum lifetime is 20h',
    ],
    [
      { newSessionExpireTime: at(21 * HOUR) },
      'new_session_expire_time is too far in the future. Maximum lifetime is 20h',
    ],
    [{ expireTime: at(-MINUTE) }, 'expire_time must be in the future'],
    [
      { expireTime: 'tomorrow' },
      'Invalid value at \'auth_token.expire_time\' (type.googleapis.com/google.protobuf.Timestamp), "tomorrow"',
    ],
    [
      { newSessionExpireTime: '2026-13-45T00:00:00Z' },
      'Invalid value at \'auth_token.new_session_expire_time\' (type.googleapis.com/google.protobuf.Timestamp), "2026-13-45T00:00:00Z"',
    ],
    [{ uses: -1 }, "Invalid value at 'auth_token.uses' (TYPE_INT32), -1"],
    [{ uses: 1.5 }, "Invalid value at 'auth_token.uses' (TYPE_INT32), number"],
    [
      { fieldMask: 'model,generationConfig.heat' },
      'Invalid value at \'auth_token.field_mask\' (type.googleapis.com/google.protobuf.FieldMask), "generationConfig.heat"',
    ],
    [
      { fieldMask: '__proto__.x' },
      'Invalid value at \'auth_token.field_mask\' (type.googleapis.com/google.protobuf.FieldMask), "__proto__.x"',
    ],
  ])('refuses %j', async (body, message) => {
    const reply = await post(body);
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } });
  });

  it.each([
    ['GET', '/v1alpha/auth_tokens'],
    ['GET', '/v1alpha/auth_tokens/x'],
    ['DELETE', '/v1alpha/auth_tokens/x'],
    ['PATCH', '/v1alpha/auth_tokens'],
  ])('is all there is: %s %s is not found', async (method, path) => {
    expect((await call(server.url, method, path)).status).toBe(404);
  });

  it('refuses a setup of more than a megabyte', async () => {
    const text = 'x'.repeat(1024 * 1024);
    const reply = await post({
      bidiGenerateContentSetup: { systemInstruction: { parts: [{ text }] } },
    });
    expect(reply.status).toBe(413);
    expect(messageOf(reply)).toBe('Request payload size exceeds the limit: 1048576 bytes.');
  });
});

describe('uses', () => {
  it('is one where nothing else is said', async () => {
    const token = await mint();
    await (await enter(token)).close();
    expect(await refused(token)).toEqual(USED);
  });

  it.each([
    [2, 2],
    [3, 3],
  ])('%i: so many sessions', async (uses, count) => {
    const token = await mint({ uses });
    for (let session = 0; session < count; session += 1) await (await enter(token)).close();
    expect(await refused(token)).toEqual(USED);
  });

  it('0: without end', async () => {
    const token = await mint({ uses: 0 });
    for (let session = 0; session < 5; session += 1) await (await enter(token)).close();
  });

  it('does not count upgrades, nor setups that cannot be read', async () => {
    const token = await mint();
    await (await openClient(server.url, doorFor(token))).close();
    expect(await refused(token, { colour: 'red' })).toMatchObject({ code: 1007 });
    await (await enter(token)).close();
  });

  it('does not count resumptions, whatever the token has left', async () => {
    const token = await mint({ newSessionExpireTime: at(MINUTE) });
    const client = await enter(token, { sessionResumption: {} });
    client.send({ realtimeInput: { text: 'well?' } });
    const found = await client.until(
      (message) => message.sessionResumptionUpdate?.newHandle !== undefined,
    );
    const handle = found.sessionResumptionUpdate?.newHandle;
    await client.close();
    now += 2 * MINUTE;
    const again = await enter(token, { sessionResumption: { handle } });
    await again.close();
    expect(await refused(token, { sessionResumption: {} })).toEqual(EXPIRED);
    expect(await refused(token, { sessionResumption: { handle: 'stale' } })).toEqual({
      code: 1008,
      reason: 'BidiGenerateContent session expired',
    });
  });

  it('is shared by all who show the token at once', async () => {
    const token = await mint({ uses: 2 });
    const clients = await Promise.all(
      Array.from({ length: 5 }, () => openClient(server.url, doorFor(token))),
    );
    for (const client of clients) client.send({ setup: { model: MODEL } });
    const ends = await Promise.all(
      clients.map(async (client) => {
        const ready = client.until((message) => message.setupComplete !== undefined);
        return ready.then(
          () => 'ready',
          async () => (await client.closed).reason,
        );
      }),
    );
    expect(ends.sort()).toEqual([USED.reason, USED.reason, USED.reason, 'ready', 'ready']);
    for (const client of clients) client.socket.terminate();
  });
});

describe('time', () => {
  it('a minute to begin, where nothing else is said', async () => {
    const [early, late] = [await mint(), await mint()];
    now += 59 * SECOND;
    await (await enter(early)).close();
    now += 2 * SECOND;
    expect(await refused(late)).toEqual(EXPIRED);
  });

  it('half an hour in all', async () => {
    const token = await mint({ uses: 0, newSessionExpireTime: at(HOUR) });
    now += 29 * MINUTE;
    await (await enter(token)).close();
    now += 2 * MINUTE;
    expect(await refused(token)).toEqual(EXPIRED);
    expect(await refused(token, { sessionResumption: { handle: 'any' } })).toEqual(EXPIRED);
  });

  it('ends in the midst of a session', async () => {
    const expireTime = at(5000);
    const client = await enter(await mint({ expireTime }));
    expect(await client.closed).toEqual({ code: 1011, reason: 'auth token has expired' });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expireTime) - 5);
  });
});

const system = (text: string): object => ({ systemInstruction: { parts: [{ text }] } });
const temperature = (value: number): object => ({ generationConfig: { temperature: value } });

describe('what a token fixes', () => {
  it('is nothing, where it has no setup', async () => {
    const token = await mint({ uses: 0 });
    expect(await effect(token, { ...system('mine'), ...temperature(0.3) })).toMatchObject({
      system: 'mine',
      temperature: 0.3,
    });
    await (await enter(token, { model: OTHER_MODEL })).close();
    expect(models.at(-1)).toBe('gemini-2.5-flash-native-audio-latest');
  });

  it('is everything, where it has a setup and no mask: what it leaves out is the default', async () => {
    const token = await mint({
      uses: 0,
      bidiGenerateContentSetup: { model: MODEL, ...system('the token’s') },
    });
    const request = await effect(token, {
      model: OTHER_MODEL,
      ...system('mine'),
      ...temperature(0.3),
      tools: [{ functionDeclarations: [{ name: 'f' }] }],
    });
    expect(request).toMatchObject({ system: 'the token’s', tools: [] });
    expect(request.temperature).toBeUndefined();
    expect(models).toEqual(['gemini-3.8-live']);
  });

  it('is refused by the model where it does not fit, whatever the client says', async () => {
    const token = await mint({
      bidiGenerateContentSetup: {
        model: MODEL,
        generationConfig: { responseModalities: ['TEXT'] },
      },
    });
    const end = await refused(token, { generationConfig: { responseModalities: ['AUDIO'] } });
    expect(end).toMatchObject({
      code: 1007,
      reason: expect.stringMatching(
        /^The requested combination of response modalities \(TEXT\) is not supported by the model/,
      ),
    });
  });

  it.each([
    'model,generationConfig.temperature,systemInstruction',
    'model,generation_config.temperature,system_instruction.parts',
    ' model , generation_config , systemInstruction.parts.0.text ',
  ])('is what the mask %j names, and the client is not told', async (fieldMask) => {
    const token = await mint({
      bidiGenerateContentSetup: { model: MODEL, ...system('the token’s'), ...temperature(0.7) },
      fieldMask,
    });
    const request = await effect(token, {
      model: OTHER_MODEL,
      ...system('mine'),
      ...temperature(0.3),
      tools: [{ functionDeclarations: [{ name: 'f' }] }],
    });
    expect(request).toMatchObject({
      system: 'the token’s',
      temperature: 0.7,
      tools: [{ name: 'f' }],
    });
    expect(models).toEqual(['gemini-3.8-live']);
  });

  it('is the default, where the mask names what the setup leaves out', async () => {
    const token = await mint({
      uses: 0,
      bidiGenerateContentSetup: { model: MODEL },
      fieldMask: 'generationConfig.temperature,tools',
    });
    const request = await effect(token, {
      ...temperature(0.3),
      ...system('mine'),
      tools: [{ functionDeclarations: [{ name: 'f' }] }],
    });
    expect(request).toMatchObject({ system: 'mine', tools: [] });
    expect(request.temperature).toBeUndefined();
    expect(await effect(token, {})).toMatchObject({ tools: [] });
  });

  it('leaves the model to the client where the token names none', async () => {
    const token = await mint({ bidiGenerateContentSetup: { ...system('the token’s') } });
    expect(await effect(token, { model: OTHER_MODEL })).toMatchObject({ system: 'the token’s' });
    expect(models).toEqual(['gemini-2.5-flash-native-audio-latest']);
  });

  it('is not changed by what happens in a session', async () => {
    const token = await mint({ bidiGenerateContentSetup: { model: MODEL, sessionResumption: {} } });
    const client = await enter(token);
    client.send({ realtimeInput: { text: 'well?' } });
    const told = await client.until((message) => !!message.sessionResumptionUpdate?.newHandle);
    await client.close();
    const handle = told.sessionResumptionUpdate?.newHandle;
    await (await enter(token, { sessionResumption: { handle } })).close();
    // The handle was that client's: who comes without one begins anew, and there is no use left.
    expect(await refused(token)).toEqual(USED);
  });

  it.each([
    ['on', { sessionResumption: {} }, true],
    ['off', {}, false],
  ])('resumption that is fixed to be %s', async (_what, fixed, isTold) => {
    const token = await mint({ bidiGenerateContentSetup: { model: MODEL, ...fixed } });
    const client = await enter(token, { sessionResumption: isTold ? undefined : {} });
    client.send({ realtimeInput: { text: 'well?' } });
    await client.turn();
    await client.close();
    const updates = client.received.filter((message) => message.sessionResumptionUpdate);
    expect(updates.length > 0).toBe(isTold);
  });
});

describe('many tokens', () => {
  it('push out the oldest', async () => {
    const own = await startLiveServer(NO_ENGINES);
    const mintOne = async (): Promise<string> => {
      const { json } = await call(own.url, 'POST', '/v1alpha/auth_tokens', {
        body: {
          bidiGenerateContentSetup: { model: MODEL, ...system('x'.repeat(1_000_000)) },
        },
      });
      return (json as { name: string }).name;
    };
    const first = await mintOne();
    const tokens: string[] = [];
    for (let count = 0; count < 67; count += 1) tokens.push(await mintOne());
    const end = async (token: string): Promise<string> => {
      const client = await openClient(own.url, doorFor(token));
      client.send({ setup: {} });
      const ready = client.until((message) => message.setupComplete !== undefined);
      return ready.then(
        () => 'ready',
        async () => (await client.closed).reason,
      );
    };
    expect(await end(first)).toBe(EXPIRED.reason);
    expect(await end(tokens.at(-1) ?? '')).toBe('ready');
    await own.close();
  });
});
