/** The HTTP side under bad clients: too much, too slow, too many, and no HTTP at all. */
import { connect, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLiveServer, type LiveServer, type LiveServerEvent } from '../../src/server/server.ts';
import { call, messageOf, sendBytes } from '../support/rest.ts';
import { until } from '../support/until.ts';

const NO_ENGINES = { stt: 'none', tts: 'none' };
const GENERATE = '/v1beta/models/gemini-2.5-flash:generateContent';

let server: LiveServer;
const faults: LiveServerEvent[] = [];
beforeAll(async () => {
  server = await startLiveServer({
    ...NO_ENGINES,
    onEvent: (event) => event.type === 'fault' && faults.push(event),
  });
});
afterAll(() => server.close());

const works = async (): Promise<void> => {
  expect((await call(server.url, 'GET', '/v1beta/models')).status).toBe(200);
};
const port = (): number => Number(new URL(server.url).port);

describe.concurrent('bodies', () => {
  it('of 20 MB are read, of more are not', async ({ expect }) => {
    const body = (bytes: number): string => {
      const frame = '{"contents":[{"parts":[{"text":"say yes"}]}],"labels":{"x":""}}';
      return frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`);
    };
    const limit = 20 * 1024 * 1024;
    const fits = await call(server.url, 'POST', GENERATE, { body: body(limit) });
    expect(fits.status).toBe(200);
    const response = await fetch(server.url + GENERATE, { method: 'POST', body: body(limit + 1) });
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({
      error: {
        code: 413,
        message: 'Request payload size exceeds the limit: 20971520 bytes.',
        status: 'INVALID_ARGUMENT',
      },
    });
  });

  it('that never end are given up', async ({ expect }) => {
    const socket = connect(port(), '127.0.0.1');
    let answer = '';
    let sent = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('utf8')));
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.write(
      `POST ${GENERATE} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const feed = (): void => {
      while (!socket.destroyed && answer === '' && sent < 2 ** 30) {
        sent += chunk.length;
        if (!socket.write(chunk)) return;
      }
      socket.end();
    };
    socket.on('drain', feed);
    feed();
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeLessThan(60 * 1024 * 1024);
  });

  it('that come together are bounded too', async ({ expect }) => {
    const own = await startLiveServer(NO_ENGINES);
    const part = 'x'.repeat(19 * 1024 * 1024);
    const sockets: Socket[] = [];
    const answers: string[] = [];
    for (let index = 0; index < 15; index += 1) {
      const socket = connect(Number(new URL(own.url).port), '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => answers.push(chunk.toString('utf8')));
      socket.write(
        `POST ${GENERATE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${part.length + 1}\r\n\r\n${part}`,
      );
    }
    await until('a refusal', () => answers.length > 0);
    expect(answers[0]).toMatch(/^HTTP\/1\.1 503 [^]*"The service is currently unavailable\."/);
    for (const socket of sockets) socket.destroy();
    const again = async (): Promise<number> =>
      (
        await call(own.url, 'POST', GENERATE, {
          body: `{"contents":[{"parts":[{"text":"${part}"}]}]}`,
        })
      ).status;
    await until('room', async () => (await again()) === 200);
    await own.close();
  });
});

describe.concurrent('a client that', () => {
  it('sends its head by the letter is answered and let go', async ({ expect }) => {
    const socket = connect(port(), '127.0.0.1');
    let answer = '';
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('utf8')));
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.write('GET /v1beta/models HTTP/1.1\r\nHost: localhost\r\n');
    const timer = setInterval(() => socket.writable && socket.write('X-A: b\r\n'), 500);
    await closed;
    clearInterval(timer);
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(answer).toMatch(/"status": "DEADLINE_EXCEEDED"/);
  });

  it('says nothing at all is let go', async () => {
    const socket = connect(port(), '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  });

  it('says too much in its head is told so', async ({ expect }) => {
    const head = `GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ${'x'.repeat(100_000)}\r\n\r\n`;
    expect(await sendBytes(server.url, head)).toMatch(/^HTTP\/1\.1 431 [^]*"code": 431/);
  });

  it.each([
    ['speaks no HTTP', '\x16\x03\x01\x02\x00\x01\x00', 400],
    ['has no target', 'GET\r\n\r\n', 400],
    ['wants a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n', 404],
    ['names no host', 'GET /v1beta/models HTTP/1.0\r\n\r\n', 403],
  ])('%s is told so', async (_what, bytes, code) => {
    const answer = await sendBytes(server.url, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${code} [^]*"code": ${code}`));
    await works();
  });
});

/** Google's shape, whatever was asked. */
function expectError(status: number, json: unknown): void {
  expect(json).toEqual({
    error: expect.objectContaining({
      code: status,
      message: expect.stringMatching(/./),
      status: expect.stringMatching(/^[A-Z_]+$/),
    }),
  });
}

const PATHS = [
  '/',
  '/v1beta/models',
  '/v1beta/models/gemini-3.8-live',
  '/v1alpha/auth_tokens',
  GENERATE,
  GENERATE.replace(':g', ':streamG'),
  GENERATE.replace('generateContent', 'countTokens'),
];
const mangled = fc
  .tuple(fc.constantFrom(...PATHS), fc.nat(60), fc.webPath(), fc.webQueryParameters())
  .map(([path, at, piece, query]) => `${path.slice(0, at)}${piece}${path.slice(at)}?${query}`);
const target = fc.oneof(
  fc.constantFrom(...PATHS),
  mangled,
  fc.webPath().map((path) => `/${path}`),
);
const FIELDS = [
  ...['contents', 'parts', 'text', 'role', 'tools', 'functionDeclarations', 'generationConfig'],
  ...['uses', 'expireTime', 'fieldMask', 'bidiGenerateContentSetup', 'model', 'functionResponse'],
  ...['functionCall', 'args', 'name', 'response', 'stopSequences', 'maxOutputTokens', '__proto__'],
];
const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<unknown>('user', 'hi', '', null, true, 0, -1, 3, 1e300, '2027-01-01T00:00:00Z'),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...FIELDS), tie('value'), { maxKeys: 3 }),
  ),
}));
const body = fc.oneof(
  json.map((value) => JSON.stringify(value)),
  fc.string(),
  fc
    .tuple(json, json)
    .map(([contents, rest]) => JSON.stringify({ contents, generationConfig: rest })),
);

describe('anything over HTTP', () => {
  it('is answered: with what was asked for, or with an error in Google’s shape', async () => {
    faults.length = 0;
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE');
    await fc.assert(
      fc.asyncProperty(method, target, body, async (method, path, body) => {
        const hasBody = method !== 'TRACE' && method !== 'GET';
        const reply = await call(server.url, method, path, hasBody ? { body } : {});
        if (reply.status === 200) expect(reply.text.length).toBeGreaterThan(0);
        else {
          expectError(reply.status, reply.json);
          expect([400, 403, 404]).toContain(reply.status);
        }
      }),
      { numRuns: 1500 },
    );
    expect(faults).toEqual([]);
    await works();
  });

  it('and every well-formed question', async () => {
    const part = fc.record(
      {
        text: fc.string(),
        thought: fc.boolean(),
        functionCall: fc.record({ name: fc.string(), args: json }, { requiredKeys: [] }),
        functionResponse: fc.record({ name: fc.string(), response: json }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    );
    const content = fc.record(
      {
        role: fc.constantFrom('user', 'model', 'function'),
        parts: fc.array(part, { maxLength: 3 }),
      },
      { requiredKeys: ['parts'] },
    );
    const request = fc.record(
      {
        contents: fc.array(content, { maxLength: 4 }),
        systemInstruction: content,
        generationConfig: fc.record(
          {
            maxOutputTokens: fc.integer({ min: -5, max: 5 }),
            stopSequences: fc.array(fc.string(), { maxLength: 2 }),
            temperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['contents'] },
    );
    const paths = fc.constantFrom(...PATHS.slice(4), `${PATHS[5]}?alt=sse`);
    faults.length = 0;
    await fc.assert(
      fc.asyncProperty(paths, request, async (path, body) => {
        const reply = await call(server.url, 'POST', path, { body });
        if (reply.status !== 200) expectError(reply.status, reply.json);
        expect([200, 400]).toContain(reply.status);
      }),
      { numRuns: 1000 },
    );
    expect(faults).toEqual([]);
  });

  it('as raw bytes too', async () => {
    const method = fc.constantFrom('GET ', 'POST ', '\x16\x03', '');
    await fc.assert(
      fc.asyncProperty(method, fc.uint8Array({ maxLength: 200 }), async (start, bytes) => {
        const all = Buffer.concat([Buffer.from(start), bytes, Buffer.from('\r\n\r\n')]);
        const answer = await sendBytes(server.url, all, { isAll: true });
        // Empty lines alone are no question.
        if (answer === '') expect(all.toString('latin1')).toMatch(/^[\r\n]*$/);
        else expect(answer).toMatch(/^HTTP\/1\.1 4\d\d [^]*\r\n\r\n\{\n {2}"error": \{/);
      }),
      { numRuns: 300 },
    );
    await works();
  });
});

it('errors name the reason in their message', async () => {
  const reply = await call(server.url, 'GET', '/nothing/here');
  expect(reply.status).toBe(404);
  expect(messageOf(reply)).toBe('Requested entity was not found.');
});
