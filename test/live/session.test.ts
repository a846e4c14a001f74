import { afterEach, describe, expect, it } from 'vitest';
import { GemliveError } from '../../src/errors.ts';
import type { SessionEvent } from '../../src/events.ts';
import { LiveSession } from '../../src/live/session.ts';
import { profileOf } from '../../src/protocol/models.ts';
import { afterSetup, startScriptedServer, type ScriptedServer } from '../support/scriptedServer.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function serve(...args: Parameters<typeof startScriptedServer>): Promise<ScriptedServer> {
  const server = await startScriptedServer(...args);
  open.push(server);
  return server;
}

function sessionTo(url: string, { timeoutMs = 5000, model = 'gemini-3.8-live' } = {}) {
  const session = new LiveSession({
    endpoint: { url, headers: { 'x-goog-api-key': 'secret-key' } },
    setup: { model: `models/${model}` },
    profile: profileOf(model),
    timeoutMs,
    random: () => 0.99,
  });
  open.push(session);
  const events: SessionEvent[] = [];
  session.on((event) => events.push(event));
  return { session, events };
}

async function failure(promise: Promise<unknown>): Promise<GemliveError> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(GemliveError);
    return error as GemliveError;
  }
  throw new Error('it did not fail');
}

const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('the handshake', () => {
  it('sends setup first and the key in a header, never in the URL', async () => {
    let seen: unknown;
    let headers: Record<string, unknown> = {};
    let path: string | undefined;
    const server = await serve(async (peer) => {
      headers = peer.request.headers;
      path = peer.request.url;
      seen = await peer.next();
      peer.send({ setupComplete: {} });
    });
    const { session, events } = sessionTo(server.wsUrl);
    await session.start();
    expect(seen).toEqual({ setup: { model: 'models/gemini-3.8-live' } });
    expect(headers['x-goog-api-key']).toBe('secret-key');
    expect(headers['sec-websocket-extensions']).toBeUndefined();
    expect(path).not.toContain('secret');
    expect(events.filter(({ type }) => type === 'state')).toEqual([
      { type: 'state', state: 'connecting' },
      { type: 'state', state: 'ready' },
    ]);
  });

  it('takes text frames as well as binary ones, and a message in the same breath', async () => {
    const server = await serve(async (peer) => {
      await peer.next();
      peer.socket.send('{"setupComplete":{}}');
      peer.socket.send('{"serverContent":{"outputTranscription":{"text":"hi"}}}');
    });
    const { session, events } = sessionTo(server.wsUrl);
    await session.start();
    const live = (): unknown[] =>
      events.flatMap((event) => (event.type === 'live' ? event.events : []));
    await expect.poll(live).toContainEqual({ type: 'outputTranscription', text: 'hi' });
  });

  it.each([
    [1007, 'API key not valid. Please pass a valid API key.', 3, 'bad_key'],
    [
      1008,
      'models/x is not found for API version v1beta, or is not supported for bidi',
      6,
      'bad_model',
    ],
    [
      1011,
      'You exceeded your current quota, please check your plan and billing details.',
      7,
      'quota',
    ],
    [1007, 'Request contains an invalid argument.', 6, 'bad_argument'],
    [1000, '', 6, 'server_closed'],
  ])(
    'settles on a close %d %j with exit %d and does not try again',
    async (code, reason, exit, errorCode) => {
      const server = await serve(async (peer) => {
        await peer.next();
        peer.socket.close(code, reason);
      });
      const error = await failure(sessionTo(server.wsUrl).session.start());
      expect(error).toMatchObject({ exitCode: exit, code: errorCode });
      expect(error.message).toContain(reason);
      expect(server.count).toBe(1);
    },
  );

  it('tries server trouble twice more, and succeeds when it passes', async () => {
    const server = await serve(async (peer, count) => {
      await peer.next();
      if (count < 3) peer.socket.close(1011, 'Internal error encountered.');
      else peer.send({ setupComplete: {} });
    });
    const { session, events } = sessionTo(server.wsUrl);
    await session.start();
    expect(server.count).toBe(3);
    const attempts = events.flatMap((event) =>
      event.type === 'state' && event.state === 'connecting' ? [event.attempt] : [],
    );
    expect(attempts).toEqual([undefined, 2, 3]);
  });

  it('gives up after the third', async () => {
    const server = await serve(async (peer) => {
      await peer.next();
      peer.socket.close(1011, 'The service is currently unavailable.');
    });
    expect(await failure(sessionTo(server.wsUrl).session.start())).toMatchObject({ exitCode: 5 });
    expect(server.count).toBe(3);
  });

  it.each([
    [401, 3],
    [403, 3],
    [404, 6],
    [429, 7],
    [503, 5],
  ])('settles on HTTP %d with exit %d', async (status, exit) => {
    const server = await serve(
      () => {},
      (_request, socket) => {
        const body = JSON.stringify({ error: { message: 'the words of the server' } });
        socket.end(
          `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
        );
        return true;
      },
    );
    const error = await failure(sessionTo(server.wsUrl).session.start());
    expect(error.exitCode).toBe(exit);
    expect(error.message).toContain('the words of the server');
  });

  it('settles on a peer that accepts and never answers', async () => {
    const server = await serve(() => {});
    const error = await failure(sessionTo(server.wsUrl, { timeoutMs: 200 }).session.start());
    expect(error).toMatchObject({ exitCode: 5, code: 'timeout' });
    expect(error.message).toContain('did not answer the setup');
  });

  it('settles on a peer that never upgrades', async () => {
    const server = await serve(
      () => {},
      () => true,
    );
    const error = await failure(sessionTo(server.wsUrl, { timeoutMs: 200 }).session.start());
    expect(error).toMatchObject({ exitCode: 5, code: 'timeout' });
  });

  it('settles on a port where nothing listens', async () => {
    const server = await startScriptedServer(() => {});
    await server.close();
    expect(await failure(sessionTo(server.wsUrl).session.start())).toMatchObject({
      exitCode: 5,
      code: 'unreachable',
    });
  });

  it('settles on TLS where there is none', async () => {
    const server = await serve(() => {});
    const error = await failure(sessionTo(server.wsUrl.replace('ws:', 'wss:')).session.start());
    expect(error).toMatchObject({ exitCode: 5, code: 'tls' });
  });

  it('settles on abort, and on close()', async () => {
    const server = await serve(() => {});
    const abort = new AbortController();
    const reason = new Error('enough');
    const starting = sessionTo(server.wsUrl).session.start(abort.signal);
    setTimeout(() => abort.abort(reason), 20);
    await expect(starting).rejects.toBe(reason);
    const { session } = sessionTo(server.wsUrl);
    const second = session.start();
    second.catch(() => {});
    await soon(20);
    await session.close();
    await expect(second).rejects.toThrow('closed');
  });
});

describe('a session that is set up', () => {
  it('skips bad frames with a warning each, and ends at twenty in a row', async () => {
    const bad = [
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from('not json'),
      Buffer.from('[1]'),
      Buffer.from('null'),
    ];
    const server = await serve(
      afterSetup((peer) => {
        for (let index = 0; index < 19; index += 1) peer.socket.send(bad[index % bad.length]!);
        peer.send({ serverContent: { outputTranscription: { text: 'still here' } } });
        for (let index = 0; index < 20; index += 1) peer.socket.send(bad[index % bad.length]!);
      }),
    );
    const { session, events } = sessionTo(server.wsUrl);
    await session.start();
    await expect.poll(() => events.at(-1)).toMatchObject({ type: 'ended' });
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(39);
    expect(JSON.stringify(events)).toContain('still here');
    expect(events.at(-1)).toMatchObject({
      type: 'ended',
      error: { exitCode: 6, code: 'bad_frames' },
    });
  });

  it('ends with the server’s words when the server closes', async () => {
    const server = await serve(
      afterSetup((peer) => peer.socket.close(1008, 'The operation was aborted.')),
    );
    const { session, events } = sessionTo(server.wsUrl);
    await session.start();
    await expect.poll(() => events.at(-1)).toMatchObject({ type: 'ended', error: { exitCode: 5 } });
    expect(session.sendAudio(new Uint8Array(640))).toBe(false);
  });

  it('keeps what is said before setupComplete, in order, up to 5 s, and tells what was lost', async () => {
    const received: string[] = [];
    const server = await serve(async (peer) => {
      await peer.next();
      await soon(50);
      peer.send({ setupComplete: {} });
      for (;;) received.push(JSON.stringify(await peer.next()));
    });
    const { session, events } = sessionTo(server.wsUrl);
    const starting = session.start();
    for (let index = 0; index < 300; index += 1) {
      expect(session.sendAudio(new Uint8Array(640).fill(index % 256))).toBe(false);
    }
    session.sendText('and this');
    await starting;
    await session.audioDrained();
    await expect.poll(() => received).toHaveLength(251);
    expect(received.at(-1)).toContain('and this');
    expect(received[0]).toContain(Buffer.alloc(640, 50).toString('base64'));
    expect(events).toContainEqual({
      type: 'warning',
      warning: expect.objectContaining({
        code: 'mic_backlog',
        message: expect.stringContaining('1.0 s'),
      }),
    });
  });

  it('sends text by the model’s own path, history with it', async () => {
    const frames: Record<string, unknown>[] = [];
    const server = await serve(
      afterSetup(async (peer) => {
        for (;;) frames.push(await peer.next());
      }),
    );
    const history = [{ role: 'user' as const, parts: [{ text: 'before' }] }];
    const withoutRole = [{ parts: [{ text: 'before' }] }];
    const newer = sessionTo(server.wsUrl);
    await newer.session.start();
    newer.session.sendText('now', withoutRole);
    const older = sessionTo(server.wsUrl, { model: 'gemini-3.1-flash-live-preview' });
    await older.session.start();
    older.session.sendText('now', withoutRole);
    await expect
      .poll(() => frames)
      .toEqual([
        {
          clientContent: {
            turns: [...history, { role: 'user', parts: [{ text: 'now' }] }],
            turnComplete: true,
          },
        },
        { clientContent: { turns: history, turnComplete: true } },
        { realtimeInput: { text: 'now' } },
      ]);
  });

  it('does not let a peer fill our memory', async () => {
    const server = await serve(
      afterSetup((peer) => peer.socket.send(Buffer.alloc(17 * 1024 * 1024))),
    );
    const { session, events } = sessionTo(server.wsUrl);
    await session.start();
    await expect.poll(() => events.at(-1)).toMatchObject({ type: 'ended', error: { exitCode: 5 } });
  });
});
