/** Keys, models, settings and servers that fail, through the built program; the line to them: errorTable.test.ts. */
import { describe, expect, it } from 'vitest';
import { eventsIn, runCli, spawnCli } from '../support/cli.ts';
import { expectFailure, expectNoStack } from '../support/messages.ts';
import { frame, rawSession, startRawServer, upgrade } from '../support/rawServer.ts';
import { afterSetup, startScriptedServer, type Peer } from '../support/scriptedServer.ts';

const KEY = 'AIzaSyD-very-secret-key-0123456789abcdef';
const words = (text: string) => ({ serverContent: { outputTranscription: { text } } });
const over = { serverContent: { turnComplete: true } };

describe('the key', () => {
  it.concurrent.each([[['chat', 'hi']], [['talk']], [['file', 'x.wav']]])(
    'that is missing: gemlive %j → exit 3',
    async (args) => {
      const result = await runCli(args);
      expectFailure(result, 3, /GEMINI_API_KEY/, /https:\/\/aistudio/, /--local/);
    },
  );

  it.concurrent('that is wrong: gemlive serve --key tells → exit 3, and nobody says which', async () => {
    const server = spawnCli(['serve', '--port', '0', '--key', KEY]);
    let said = '';
    server.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const url = await new Promise<string>((resolve) =>
      server.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())),
    );
    const ask = (key: string | undefined) =>
      runCli(['chat', 'hi', '--debug', '--base-url', url], { env: { GEMINI_API_KEY: key } });
    const wrong = await ask('AIzaSyWrongWrongWrongWrongWrong5678');
    const { stderr } = wrong;
    expectFailure(
      { ...wrong, stderr: stderr.replace(/^debug: .*\n/gm, '') },
      3,
      /API key not valid/,
      /GEMINI_API_KEY/,
    );
    expect(stderr).not.toContain('AIzaSyWrong');
    expect((await ask(undefined)).code).toBe(3);
    const right = await ask(KEY);
    expect([right.code, right.stdout]).toEqual([0, expect.stringMatching(/\w/)]);
    server.kill('SIGTERM');
    expect(await new Promise((resolve) => server.once('close', resolve))).toBe(0);
    expect(said + stderr + right.stderr).not.toContain(KEY);
  });
});

describe('a model or a setting', () => {
  it.concurrent('that nobody knows is sent with a warning, and refused in the words of the server', async () => {
    const result = await runCli(['chat', 'hi', '--local', '-m', 'gemini-9', '--json']);
    expectFailure(
      result,
      6,
      /^warning: .*gemini-9/,
      /^error: .*models\/gemini-9 is not found for API version v1beta/m,
      /gemlive models/,
    );
    const events = eventsIn(result.stdout);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['warning', 'error', 'end']),
    );
    expect(events.at(-1)).toMatchObject({ type: 'end', exitCode: 6 });
  });

  it.concurrent('that is refused: from a flag exit 2, before anything is opened', async () => {
    const result = await runCli(['chat', 'hi', '--local', '--thinking', 'high']);
    expectFailure(result, 2, /--thinking/);
    expect(result.stdout).toBe('');
  });

  it.concurrent('that is refused: from the environment it is left out, and the answer comes', async () => {
    const env = { GEMLIVE_THINKING: 'high' };
    const { code, stdout, stderr } = await runCli(['chat', 'what is 3 times 4', '--local'], {
      env,
    });
    expect([code, stdout]).toEqual([0, '3 times 4 is 12.\n']);
    expect(stderr).toMatch(/^warning: GEMLIVE_THINKING in the environment is left out: [^\n]+\n$/);
  });
});

describe('an address', () => {
  it.concurrent('that answers one byte at a time → exit 5 at --timeout', async () => {
    const server = await startRawServer({
      onRequest: (socket, head) => {
        const bytes = upgrade(head);
        let at = 0;
        const timer = setInterval(() => socket.write(bytes[at++] ?? ''), 100);
        socket.on('close', () => clearInterval(timer));
      },
    });
    const result = await runCli(['chat', 'hi', '--timeout', '1', '--base-url', server.url]);
    expectFailure(result, 5, /within 1 s/);
    await server.close();
  });
});

describe('a connection that breaks', () => {
  const hello = frame(words('hello there'));

  it.concurrent('in the middle of a frame: what came is kept, exit 5', async () => {
    const server = await startRawServer({
      onRequest: rawSession((socket) => {
        socket.write(hello);
        socket.end(hello.subarray(0, 30));
      }),
    });
    const result = await runCli(['chat', 'hi', '--base-url', server.url]);
    expectFailure(result, 5, /connection was closed \(code 1006\)/);
    expect(result.stdout).toBe('hello there\n');
    await server.close();
  });

  it.concurrent('by a reset → exit 5', async () => {
    const server = await startScriptedServer(
      afterSetup(async (peer) => {
        await peer.next();
        peer.socket.terminate();
      }),
    );
    for (const args of [
      ['chat', 'hi'],
      ['talk', '--no-mic', '--no-speaker', '--greet', 'hi', '--no-resume'],
    ]) {
      const result = await runCli([...args, '--json', '--base-url', server.url]);
      expectFailure(result, 5, /connection was closed \(code 1006\)/);
      const [closed, ...rest] = eventsIn(result.stdout).slice(-3);
      expect(closed).toMatchObject({ type: 'session', state: 'closed' });
      expect(rest).toMatchObject([
        { type: 'error', code: 'connection_lost', exitCode: 5 },
        { type: 'end', exitCode: 5 },
      ]);
    }
    await server.close();
  });

  it.concurrent('before setupComplete, twice, and then holds: nothing is lost', async () => {
    const server = await startScriptedServer(async (peer, count) => {
      await peer.next();
      if (count < 3) return peer.socket.terminate();
      peer.send({ setupComplete: {} });
      await peer.next();
      peer.send(words('third time lucky'));
      peer.send(over);
    });
    const { code, stdout, stderr } = await runCli(['chat', 'hi', '--base-url', server.url]);
    expect([code, stdout, stderr]).toEqual([0, 'third time lucky\n', '']);
    await server.close();
  });

  it.concurrent.each([
    ['a frame of 1 GiB', Buffer.from([0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0]), /payload size/],
    ['a masked frame', Buffer.from([0x82, 0x81, 1, 2, 3, 4, 5]), /MASK/],
    ['reserved bits', Buffer.from([0xf2, 0x01, 5]), /RSV/],
    ['a forbidden close code', Buffer.from([0x88, 0x02, 0x03, 0xec]), /status code/],
  ])('by %s → exit 5, in words', async (_, bytes, says) => {
    const server = await startRawServer({ onRequest: rawSession((socket) => socket.write(bytes)) });
    const result = await runCli(['chat', 'hi', '--base-url', server.url]);
    expectFailure(result, 5, /broke the WebSocket protocol/, says);
    await server.close();
  });
});

describe('malformed frames', () => {
  const BAD: (string | Buffer)[] = [
    'not json',
    Buffer.from('{"serverContent": {'),
    Buffer.from([0xff, 0xfe, 0x80]),
    Buffer.from([0x22, 0xc3, 0x28, 0x22]),
    'null',
    '[1,2]',
    '"text"',
    '42',
    '',
  ];
  const send = ({ socket }: Peer, frames: readonly (string | Buffer)[]): void => {
    for (const bad of frames) socket.send(bad);
  };
  const many = (count: number): (string | Buffer)[] =>
    Array.from({ length: count }, (_, index) => BAD[index % BAD.length] ?? '');
  const badFrames = (stdout: string): number =>
    eventsIn(stdout).filter(({ type, code }) => type === 'warning' && code === 'bad_frame').length;

  it.concurrent('are one warning each, before and after setup, and the conversation goes on', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.next();
      send(peer, BAD);
      peer.send({ setupComplete: {} });
      await peer.next();
      send(peer, many(19));
      peer.send(words('still '));
      send(peer, many(19));
      peer.send(words('here'));
      peer.send(over);
    });
    const result = await runCli(['chat', 'hi', '--json', '--base-url', server.url]);
    expect(result.code).toBe(0);
    expect(badFrames(result.stdout)).toBe(BAD.length + 38);
    expect(result.stderr.match(/^warning: a frame from the server was skipped/gm)).toHaveLength(
      BAD.length + 38,
    );
    expect(eventsIn(result.stdout)).toContainEqual(
      expect.objectContaining({ type: 'model', text: 'still here', final: true }),
    );
    await server.close();
  });

  it.concurrent.each(['before', 'after'])(
    'twenty in a row end it %s setup: exit 6',
    async (when) => {
      const server = await startScriptedServer(async (peer) => {
        await peer.next();
        if (when === 'after') {
          peer.send({ setupComplete: {} });
          await peer.next();
        }
        send(peer, many(30));
      });
      const result = await runCli(['chat', 'hi', '--json', '--base-url', server.url]);
      expectFailure(result, 6, /20 unreadable frames in a row/);
      expect(badFrames(result.stdout)).toBe(20);
      expect(server.count).toBe(1);
      await server.close();
    },
  );

  it.concurrent('that are JSON of the wrong shape do no harm', async () => {
    const shapes: unknown[] = [
      { serverContent: 'x' },
      { serverContent: null },
      { serverContent: { modelTurn: 5 } },
      { serverContent: { modelTurn: { parts: 'x' } } },
      { serverContent: { modelTurn: { parts: [null, 1, 'x', [], { inlineData: 7 }] } } },
      { serverContent: { modelTurn: { parts: [{ inlineData: { data: '!!not base64!!' } }] } } },
      {
        serverContent: {
          modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=1e99', data: 'AAA' } }] },
        },
      },
      { serverContent: { outputTranscription: { text: { a: 1 } } } },
      { serverContent: { inputTranscription: [] } },
      { serverContent: { groundingMetadata: 1, interrupted: 'yes' } },
      { toolCall: { functionCalls: [null, {}, { name: 5 }] } },
      { toolCall: {} },
      { toolCallCancellation: { ids: 'x' } },
      { goAway: { timeLeft: {} } },
      { sessionResumptionUpdate: 5 },
      { usageMetadata: { promptTokenCount: 'many', promptTokensDetails: {} } },
      { setupComplete: 5 },
      { setupComplete: {} },
      JSON.parse('{"__proto__": {"serverContent": {}}, "constructor": 1}'),
      {},
    ];
    const server = await startScriptedServer(
      afterSetup(async (peer) => {
        await peer.next();
        for (const shape of shapes) peer.socket.send(JSON.stringify(shape));
        peer.socket.send(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
        peer.send(words('unharmed'));
        peer.send(over);
      }),
    );
    for (const args of [
      ['chat', 'hi', '--json'],
      ['chat', 'hi'],
    ]) {
      const { code, stdout, stderr } = await runCli([...args, '--base-url', server.url]);
      expect(stdout).toContain('unharmed');
      expectNoStack(stderr);
      expect(code).toBe(0);
    }
    await server.close();
  });
});

describe('time', () => {
  const LIMIT: [string[], number][] = [
    [['chat', 'count to 100', '--json'], 6],
    [['talk', '--no-mic', '--no-speaker', '--json'], 0],
    [['serve', '--port', '0', '--json'], 0],
  ];
  it.concurrent.each(LIMIT)('gemlive %j is over at --max-duration', async (args, exit) => {
    const server = await startScriptedServer(afterSetup());
    const target = args[0] === 'serve' ? [] : ['--base-url', server.url];
    const result = await runCli([...args, ...target, '--max-duration', '0.6']);
    if (exit === 0) expect([result.code, result.stderr.includes('error')]).toEqual([0, false]);
    else expectFailure(result, exit, /not done within 0.6 s/, /--max-duration/);
    expect(eventsIn(result.stdout).at(-1)).toMatchObject({ type: 'end', exitCode: exit });
    await server.close();
  });
});
