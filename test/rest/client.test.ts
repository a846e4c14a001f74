/** The REST client on real sockets: a server that does what it is told, and the local Live server. */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { modelPath, toRestEndpoint } from '../../src/config/endpoint.ts';
import { ConnectionError } from '../../src/live/networkErrors.ts';
import { requestJson, streamJson, type RestEndpoint } from '../../src/rest/client.ts';
import { startLiveServer } from '../../src/server/server.ts';
import { bodyOf, startHttpServer, type HttpServer } from '../support/httpServer.ts';
import { startRawServer } from '../support/rawServer.ts';
import { until } from '../support/until.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(...args: Parameters<typeof startHttpServer>): Promise<HttpServer> {
  const server = await startHttpServer(...args);
  closing.push(() => server.close());
  return server;
}

const never = new AbortController().signal;
const at = (url: string): RestEndpoint => ({ url, headers: { 'x-goog-api-key': 'the-key' } });
const ask = (url: string, timeoutMs = 10_000): Promise<unknown> =>
  requestJson(at(url), { path: 'models', timeoutMs, signal: never });

async function all(url: string, timeoutMs = 10_000): Promise<unknown[]> {
  const pieces: unknown[] = [];
  const request = { path: 'x', body: {}, timeoutMs, signal: never };
  for await (const piece of streamJson(at(url), request)) pieces.push(piece);
  return pieces;
}

async function failureOf(promise: Promise<unknown>): Promise<ConnectionError> {
  const error: unknown = await promise.then(
    (value) => new Error(`it answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof ConnectionError) return error;
  throw error;
}

const googleError = (code: number, message: string, status: string, reason = ''): string =>
  JSON.stringify({ error: { code, message, status, details: [{ reason }] } }, null, 2);

describe('a request', () => {
  it('carries JSON, the credential in its header, and nothing of it in the URL', async () => {
    let body = '';
    const server = await serve(async (request, response) => {
      body = await bodyOf(request);
      response.end('{"name":"ä"}');
    });
    const answer = await requestJson(at(`${server.url}/v1alpha`), {
      path: 'auth_tokens',
      body: { uses: 2 },
      timeoutMs: 10_000,
      signal: never,
    });
    expect(answer).toEqual({ name: 'ä' });
    expect(JSON.parse(body)).toEqual({ uses: 2 });
    const [request] = server.requests;
    expect([request?.method, request?.url]).toEqual(['POST', '/v1alpha/auth_tokens']);
    expect(request?.headers).toMatchObject({
      'x-goog-api-key': 'the-key',
      'content-type': 'application/json',
    });
  });

  it.each([
    [400, googleError(400, 'API key not valid. Please pass a valid API key.', 'INVALID_ARGUMENT')],
    [400, googleError(400, 'Sorry.', 'INVALID_ARGUMENT', 'API_KEY_INVALID')],
    [401, '<html>Sign in</html>'],
    [403, googleError(403, 'Access denied.', 'PERMISSION_DENIED')],
  ])('that is refused with %i is a credential: exit 3', async (status, body) => {
    const server = await serve((_, response) => void response.writeHead(status).end(body));
    const error = await failureOf(ask(server.url));
    expect(error).toMatchObject({ exitCode: 3, kind: 'credential' });
    expect(error.message).not.toContain('<');
  });

  it.each([
    [404, googleError(404, 'models/x is not found for API version v1beta', 'NOT_FOUND'), 6],
    [404, '', 6],
    [400, googleError(400, 'Invalid value at x', 'INVALID_ARGUMENT'), 6],
    [429, googleError(429, 'Slow down.', 'RESOURCE_EXHAUSTED'), 7],
    [429, '', 7],
    [503, googleError(503, 'The model is overloaded.', 'UNAVAILABLE'), 5],
    [502, '<h1>permission</h1> of a proxy that has nothing to do with it', 5],
  ])('that ends with %i %j is exit %i, in their words', async (status, body, exitCode) => {
    const server = await serve((_, response) => void response.writeHead(status).end(body));
    const error = await failureOf(ask(server.url));
    expect(error.exitCode).toBe(exitCode);
    expect(error.message).toContain(`HTTP ${status}`);
    if (body.startsWith('{')) {
      expect(error.message).toContain((JSON.parse(body) as { error: Error }).error.message);
    }
  });

  it('is not sent on with the credential to where a redirect points', async () => {
    const other = await serve((_, response) => void response.end('{}'));
    const server = await serve(
      (_, response) => void response.writeHead(302, { location: `${other.url}/?s=1` }).end(),
    );
    const error = await failureOf(ask(server.url));
    expect(error).toMatchObject({ exitCode: 6, why: `it sends us on to ${other.url}/` });
    expect(other.requests).toEqual([]);
  });

  it('that a captive portal answers is told', async () => {
    const server = await serve((_, response) => void response.end('<html>Log in!</html>'));
    expect(await failureOf(ask(server.url))).toMatchObject({ exitCode: 6, kind: 'refusal' });
  });

  it('to a closed port, and to what speaks no HTTP, is exit 5 and 6', async () => {
    const server = await startHttpServer(() => {});
    await server.close();
    expect(await failureOf(ask(server.url))).toMatchObject({ exitCode: 5, code: 'unreachable' });
    const mute = await startRawServer({
      onRequest: (socket) => void socket.end('SSH-2.0-x\r\n'),
    });
    closing.push(() => mute.close());
    expect(await failureOf(ask(mute.url))).toMatchObject({
      exitCode: 6,
      code: 'server_refused',
    });
  });

  it('without an answer ends when its time is over, and when it is aborted', async () => {
    const server = await serve(() => {});
    expect(await failureOf(ask(server.url, 100))).toMatchObject({ exitCode: 5, code: 'timeout' });
    const abort = new AbortController();
    const asked = requestJson(at(server.url), {
      path: 'models',
      timeoutMs: 10_000,
      signal: abort.signal,
    });
    await until('it was asked', () => server.requests.length === 2);
    abort.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await until('its connection is gone', () => server.requests[1]!.socket.destroyed);
  });
});

/** Every byte in a write of its own. */
async function trickle(response: ServerResponse, text: string): Promise<void> {
  for (const byte of Buffer.from(text)) {
    response.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a stream', () => {
  it.each(['\n', '\r\n', '\r'])(
    'cut anywhere gives whole events, with lines ended by %j',
    async (end) => {
      const text = [
        ': hello',
        'data: {"text":',
        'data: "Grüße 😀"}',
        '',
        'event: x',
        'data:{"n":2}',
        '',
        '',
      ];
      const server = await serve(async (_, response) => {
        await trickle(response, `\ufeff${text.join(end)}`);
        response.end();
      });
      expect(await all(server.url)).toEqual([{ text: 'Grüße 😀' }, { n: 2 }]);
    },
  );

  it('gives each event when it is whole, not when the answer is', async () => {
    const seen: unknown[] = [];
    const server = await serve(async (_, response) => {
      for (const n of [1, 2, 3]) {
        response.write(`data: {"n":${n}}\r\n\r\n`);
        await until(`event ${n} was seen`, () => seen.length === n);
      }
      response.end();
    });
    const request = { path: 'x', body: {}, timeoutMs: 10_000, signal: never };
    for await (const piece of streamJson(at(server.url), request)) seen.push(piece);
    expect(seen).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it.each([
    [
      'as an event',
      `data: ${JSON.stringify(JSON.parse(googleError(429, 'Quota!', 'RESOURCE_EXHAUSTED')))}\n\n`,
    ],
    [
      'as an event in lines',
      `${googleError(429, 'Quota!', 'RESOURCE_EXHAUSTED').replace(/^/gm, 'data: ')}\n\n`,
    ],
  ])('whose error comes %s in its midst has the same error', async (_, text) => {
    const server = await serve(
      (_request, response) => void response.end(`data: {"n":1}\n\n${text}`),
    );
    const error = await failureOf(all(server.url));
    expect(error).toMatchObject({ exitCode: 7, kind: 'quota' });
    expect(error.message).toContain('Quota!');
  });

  it('that is an error in plain JSON, whatever its status, is that error', async () => {
    const body = googleError(503, 'Overloaded.', 'UNAVAILABLE');
    const server = await serve((_, response) => void response.end(body));
    expect(await failureOf(all(server.url))).toMatchObject({ exitCode: 5, kind: 'server' });
  });

  it('that breaks off, and one that stops, are exit 5', async () => {
    const broken = await serve(async (_, response) => {
      response.write('data: {"n":1}\n\n');
      await delay(20);
      response.destroy();
    });
    const error = await failureOf(all(broken.url));
    expect(error).toMatchObject({ exitCode: 5, code: 'connection_lost' });
    const stopped = await serve((_, response) => void response.write('data: {"n":1}\n\n'));
    expect(await failureOf(all(stopped.url, 200))).toMatchObject({ exitCode: 5, code: 'timeout' });
  });

  it('that nobody reads any more is ended', async () => {
    const server = await serve((_, response) => void response.write('data: {"n":1}\n\n'));
    const request = { path: 'x', body: {}, timeoutMs: 10_000, signal: never };
    for await (const piece of streamJson(at(server.url), request)) {
      expect(piece).toEqual({ n: 1 });
      break;
    }
    await until('its connection is gone', () => server.requests[0]!.socket.destroyed);
  });
});

describe('the local server', () => {
  const question = { contents: [{ role: 'user', parts: [{ text: 'what is 6 times 7' }] }] };
  const request = (method: string): Parameters<typeof requestJson>[1] => ({
    path: `models/gemini-flash-latest:${method}`,
    body: question,
    timeoutMs: 10_000,
    signal: never,
  });

  it('answers whole and in pieces, and refuses a wrong key', async () => {
    const server = await startLiveServer({ port: 0, key: 'secret-key-1' });
    closing.push(() => server.close());
    const place = { baseUrl: server.url, apiVersion: 'v1beta' } as const;
    const endpoint = toRestEndpoint(place, { apiKey: 'secret-key-1' });
    expect(JSON.stringify(await requestJson(endpoint, request('generateContent')))).toContain('42');
    let text = '';
    for await (const piece of streamJson(endpoint, request('streamGenerateContent?alt=sse'))) {
      text += JSON.stringify(piece);
    }
    expect(text).toContain('42');
    const vertex = { ...place, apiVersion: 'v1beta1', vertex: true } as const;
    for (const project of [undefined, 'my-project']) {
      const answer = await requestJson(
        toRestEndpoint({ ...vertex, project }, { apiKey: 'secret-key-1' }),
        {
          ...request('generateContent'),
          path: `${modelPath(vertex, 'gemini-flash-latest')}:generateContent`,
        },
      );
      expect(JSON.stringify(answer)).toContain('42');
    }
    const wrong = toRestEndpoint(place, { apiKey: 'another-key' });
    const error = await failureOf(requestJson(wrong, request('generateContent')));
    expect(error).toMatchObject({ exitCode: 3, code: 'bad_key' });
  });
});
