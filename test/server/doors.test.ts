/** Every door to a Live session, what is shown at it, and who may knock at all. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLiveServer, type LiveServer, type LiveServerEvent } from '../../src/server/server.ts';
import {
  DEFAULT_MODEL,
  GEMINI_PATH,
  openClient,
  openSession,
  VERTEX_PATH,
} from '../support/liveClient.ts';
import { call, messageOf, sendBytes } from '../support/rest.ts';
import { until } from '../support/until.ts';

const NO_ENGINES = { stt: 'none', tts: 'none' };
const CONSTRAINED = `${GEMINI_PATH}Constrained`;
const FIREBASE = '/ws/google.firebase.vertexai.v1beta.GenerativeService/BidiGenerateContent';
const FIREBASE_VERTEX =
  '/ws/google.firebase.vertexai.v1beta.LlmBidiService/BidiGenerateContent/locations/us-central1';

/** The service's words, cut to the 123 bytes of a close frame. */
const UNREGISTERED = {
  code: 1008,
  reason:
    "Method doesn't allow unregistered callers (callers without established identity). " +
    'Please use API Key or other form of API c',
};
const INVALID = { code: 1007, reason: 'API key not valid. Please pass a valid API key.' };
const EXPIRED = { code: 1011, reason: 'Token has expired' };

let open: LiveServer;
let locked: LiveServer;
beforeAll(async () => {
  [open, locked] = await Promise.all([
    startLiveServer(NO_ENGINES),
    startLiveServer({ ...NO_ENGINES, key: 'right-key' }),
  ]);
});
afterAll(() => Promise.all([open.close(), locked.close()]));

/** How a session ends that is set up here, or `ready`. */
async function knock(
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ code: number; reason: string } | 'ready'> {
  const client = await openClient(url, path, { headers });
  client.send({ setup: { model: DEFAULT_MODEL } });
  const ready = client.until((message) => message.setupComplete !== undefined);
  const end = await Promise.race([
    client.closed,
    ready.then(
      () => 'ready' as const,
      () => client.closed,
    ),
  ]);
  if (end === 'ready') await client.close();
  return end;
}

/** The head of the answer to an upgrade. */
async function upgrade(
  url: string,
  path: string,
  headers: Record<string, string>,
): Promise<string> {
  const { host } = new URL(url);
  const all = {
    host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  // Hung up by itself after a refusal; a session is closed by its first frame, which breaks the protocol.
  return sendBytes(url, `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n\xff\xff`);
}
const statusOf = (head: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);

describe('doors', () => {
  it.each([
    [GEMINI_PATH, {}],
    [`/${GEMINI_PATH}`, {}],
    [GEMINI_PATH.replace('v1beta', 'v1'), {}],
    [GEMINI_PATH.replace('v1beta', 'v3alpha2'), {}],
    [CONSTRAINED, {}],
    [`/${CONSTRAINED}`, {}],
    [FIREBASE, {}],
    [`/${FIREBASE}`, {}],
    [VERTEX_PATH, { sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/) }],
    [FIREBASE_VERTEX, { sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/) }],
    [FIREBASE_VERTEX.replace('us-central1', 'global'), { sessionId: expect.any(String) }],
  ])('%s opens a session in the manner of its API', async (path, setupComplete) => {
    const client = await openSession(open.url, {}, path);
    expect(client.received[0]?.setupComplete).toEqual(setupComplete);
    await client.close();
  });

  it.each([
    '/ws',
    FIREBASE.replace('/Bidi', '.Bidi'),
    `${FIREBASE}/locations/us-central1`,
    FIREBASE_VERTEX.replace('/us-central1', ''),
    `${FIREBASE_VERTEX}/x`,
    `${VERTEX_PATH}Constrained`,
    GEMINI_PATH.replace('v1beta', 'beta'),
  ])('%s is none', async (path) => {
    const answer = await upgrade(open.url, path, {});
    expect(answer).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(answer).toMatch(/"status": "NOT_FOUND"/);
  });
});

describe('a key', () => {
  const right = 'right-key';
  it.each<[string, string, Record<string, string>]>([
    ['in the query', `${GEMINI_PATH}?key=${right}`, {}],
    ['in the query, beside others', `${GEMINI_PATH}?alt=ws&key=${right}`, {}],
    ['in a header', GEMINI_PATH, { 'x-goog-api-key': right }],
    ['as bearer', VERTEX_PATH, { authorization: `Bearer ${right}` }],
    ['as bearer in small letters', VERTEX_PATH, { authorization: `bearer ${right}` }],
    ['as token', GEMINI_PATH, { authorization: `Token ${right}` }],
    ['on the door of tokens', `${CONSTRAINED}?key=${right}`, {}],
    ['at Firebase', `${FIREBASE}?key=${right}`, {}],
    ['beside an ephemeral token', `${GEMINI_PATH}?key=${right}&access_token=auth_tokens/x`, {}],
  ])('%s', async (_where, path, headers) => {
    expect(await knock(locked.url, path, headers)).toBe('ready');
  });

  it.each<[string, string, Record<string, string>, object]>([
    ['none', GEMINI_PATH, {}, UNREGISTERED],
    ['none on the door of tokens', CONSTRAINED, {}, UNREGISTERED],
    ['an empty one', `${GEMINI_PATH}?key=`, {}, UNREGISTERED],
    ['a wrong one', `${GEMINI_PATH}?key=wrong`, {}, INVALID],
    ['a wrong one in a header', GEMINI_PATH, { 'x-goog-api-key': `${right}x` }, INVALID],
    [
      'a wrong one before a right one',
      `${GEMINI_PATH}?key=${right}`,
      { 'x-goog-api-key': 'x' },
      INVALID,
    ],
    ['a wrong bearer', VERTEX_PATH, { authorization: 'Bearer wrong' }, INVALID],
    ['a scheme nobody has', GEMINI_PATH, { authorization: `Basic ${right}` }, UNREGISTERED],
    ['a token on the plain door', `${GEMINI_PATH}?access_token=auth_tokens/x`, {}, UNREGISTERED],
    ['a token as a key', `${GEMINI_PATH}?key=auth_tokens/x`, {}, UNREGISTERED],
    ['a token nobody minted', `${CONSTRAINED}?access_token=auth_tokens/x`, {}, EXPIRED],
    ['a token for Vertex AI', VERTEX_PATH, { authorization: 'Token auth_tokens/x' }, UNREGISTERED],
  ])('%s: upgraded, and refused once it has set up', async (_what, path, headers, end) => {
    expect(await knock(locked.url, path, headers)).toEqual(end);
  });

  it('that nobody asks for may be anything, but a token is a token', async () => {
    expect(await knock(open.url, `${GEMINI_PATH}?key=any`)).toBe('ready');
    expect(await knock(open.url, VERTEX_PATH, { authorization: 'Bearer any' })).toBe('ready');
    const token = { authorization: 'Token auth_tokens/x' };
    expect(await knock(open.url, CONSTRAINED, token)).toEqual(EXPIRED);
    expect(await knock(open.url, GEMINI_PATH, token)).toEqual(UNREGISTERED);
  });
});

describe('pages of somewhere else', () => {
  const APP = 'https://app.example';
  let server: LiveServer;
  beforeAll(async () => {
    server = await startLiveServer({
      ...NO_ENGINES,
      allowOrigins: [`${APP}:443/`, 'http://Other.example:3000', 'chrome-extension://abcdef'],
      allowHosts: ['Voice.Example'],
    });
  });
  afterAll(() => server.close());

  it.each<[Record<string, string>, boolean]>([
    [{}, true],
    [{ origin: APP }, true],
    [{ origin: 'http://other.example:3000' }, true],
    [{ origin: 'chrome-extension://abcdef' }, true],
    [{ origin: 'http://localhost:5173' }, true],
    [{ host: 'voice.example' }, true],
    [{ host: 'VOICE.example:8787', origin: APP }, true],
    [{ origin: 'http://app.example' }, false],
    [{ origin: 'https://app.example:444' }, false],
    [{ origin: 'https://app.example.evil.example' }, false],
    [{ origin: 'http://other.example' }, false],
    [{ origin: 'null' }, false],
    [{ origin: 'https://voice.example' }, false],
    [{ host: 'evil.example' }, false],
    [{ host: 'evil.example', origin: APP }, false],
    [{ host: 'voice.example.evil.example' }, false],
  ])('%j: %s, at the upgrade and over HTTP', async (headers, isAllowed) => {
    const host = new URL(server.url).host;
    const answer = await upgrade(server.url, GEMINI_PATH, headers);
    expect(statusOf(answer)).toBe(isAllowed ? 101 : 403);
    const listed = await call(server.url, 'GET', '/v1beta/models', {
      headers: { host, ...headers },
    });
    expect(listed.status).toBe(isAllowed ? 200 : 403);
    expect(listed.headers['access-control-allow-origin']).toBe(
      isAllowed ? headers.origin : undefined,
    );
    if (isAllowed) return;
    expect(answer).toMatch(/"status": "PERMISSION_DENIED"/);
    expect(messageOf(listed)).toMatch(/--allow-origin/);
  });

  it('are told beforehand what they may send', async () => {
    const preflight = {
      origin: APP,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-goog-api-key',
      'access-control-request-private-network': 'true',
    };
    const path = '/v1alpha/auth_tokens';
    const told = await call(server.url, 'OPTIONS', path, { headers: preflight });
    expect(told.status).toBe(204);
    expect(told.headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'content-type,x-goog-api-key',
      'access-control-allow-private-network': 'true',
      vary: 'Origin',
    });
    const evil = { ...preflight, origin: 'https://evil.example' };
    const refused = await call(server.url, 'OPTIONS', path, { headers: evil });
    expect(refused.status).toBe(403);
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('may be any where a key is asked for, and only there', async () => {
    const any = await startLiveServer({ ...NO_ENGINES, key: 'k', allowOrigins: ['*'] });
    const headers = { origin: 'https://evil.example' };
    expect(statusOf(await upgrade(any.url, GEMINI_PATH, headers))).toBe(101);
    const read = await call(any.url, 'GET', '/v1beta/models?key=k', { headers });
    expect(read.headers['access-control-allow-origin']).toBe('https://evil.example');
    await any.close();
    await expect(startLiveServer({ ...NO_ENGINES, allowOrigins: ['*'] })).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringMatching(/--key/),
    });
  });

  it.each([
    [{ allowOrigins: ['app.example'] }, /--allow-origin does not take "app\.example"/],
    [{ allowOrigins: ['https://app.example/path'] }, /--allow-origin/],
    [{ allowOrigins: ['https://*.example'] }, /--allow-origin/],
    [{ allowOrigins: [''] }, /--allow-origin/],
    [{ allowHosts: ['http://voice.example'] }, /--allow-host does not take/],
    [{ allowHosts: ['voice.example:80'] }, /--allow-host/],
    [{ allowHosts: ['*'] }, /--allow-host/],
  ])('%j is refused', async (options, message) => {
    await expect(startLiveServer({ ...NO_ENGINES, ...options })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
  });
});

describe('who is too many, or says nothing', () => {
  it('is told so, and let go', async () => {
    const own = await startLiveServer({ ...NO_ENGINES, maxSessions: 2 });
    const first = await openSession(own.url);
    const second = await openSession(own.url);
    const third = await openClient(own.url);
    expect(await third.closed).toEqual({ code: 1011, reason: 'RESOURCE_EXHAUSTED' });
    await first.close();
    await until('room', async () => (await knock(own.url, GEMINI_PATH)) === 'ready');
    await second.close();
    await own.close();
  });

  it('is cut before the setup, not after', async () => {
    const events: LiveServerEvent[] = [];
    const onEvent = (event: LiveServerEvent): number => events.push(event);
    const own = await startLiveServer({ ...NO_ENGINES, setupTimeoutSeconds: 0.3, onEvent });
    const talker = await openSession(own.url);
    const silent = await openClient(own.url);
    expect(await silent.closed).toEqual({ code: 1008, reason: 'The operation was aborted.' });
    expect(events).toContainEqual({ type: 'fault', id: 2, message: 'no setup within 0.3 s' });
    talker.send({ realtimeInput: { text: 'say yes' } });
    await talker.turn();
    await talker.close();
    await own.close();
  });
});

it('what a socket is answered at the upgrade is what the protocol wants', async () => {
  const key = randomBytes(16).toString('base64');
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const answer = await upgrade(open.url, FIREBASE, { 'sec-websocket-key': key });
  expect(answer).toContain(`Sec-WebSocket-Accept: ${accept}\r\n`);
});
