/** `chat --fallback`: a standard model over REST where Live does not answer, through the built program. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { eventsIn, runCli, spawnCli, type CliResult } from '../support/cli.ts';
import { bodyOf } from '../support/httpServer.ts';
import { expectFailure } from '../support/messages.ts';
import { hasProgram } from '../support/programs.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { afterSetup, startScriptedServer, type Peer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const KEY = 'AIzaSyD-very-secret-key-0123456789abcdef';
const MODEL = 'gemini-flash-latest';
const inTerminal = it.skipIf(process.env['CI'] !== 'true' && !hasProgram('script'));
const folder = mkdtempSync(join(tmpdir(), 'gemlive-fallback-'));
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

type Live = (peer: Peer) => Promise<void> | void;
type Rest = (response: ServerResponse) => void | Promise<void>;
type Asked = { request: IncomingMessage; body: Record<string, unknown> };

/** One address that has both. */
async function place(live: Live, rest: Rest) {
  const asked: Asked[] = [];
  const server = await startScriptedServer(live, undefined, (request, response) => {
    void bodyOf(request).then((text) => {
      asked.push({ request, body: JSON.parse(text) as Record<string, unknown> });
      return rest(response);
    });
  });
  closing.push(() => server.close());
  return { url: server.url, asked };
}

const chat = (url: string, ...args: string[]): Promise<CliResult> =>
  runCli(['chat', '--fallback', MODEL, '--base-url', url, ...args], {
    env: { GEMINI_API_KEY: KEY, XDG_STATE_HOME: folder },
  });

const piece = (text: string, more: object = {}, part: object = {}): string =>
  `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text, ...part }], role: 'model' }, index: 0, ...more }] })}\r\n\r\n`;
const USAGE = { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 };
const last = (text: string): string =>
  `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text }] }, finishReason: 'STOP' }], usageMetadata: USAGE })}\r\n\r\n`;

const answers: Rest = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(piece('A fjord is ') + last('a long inlet.'));
};
const ANSWER = 'A fjord is a long inlet.\n';
const words = (text: string) => ({ serverContent: { outputTranscription: { text } } });

const closes =
  (code: number, reason: string): Live =>
  async (peer) => {
    await peer.next();
    peer.socket.close(code, reason);
  };
const quota = closes(1011, 'You exceeded your current quota, please check your plan.');
const afterQuestion = (then: (peer: Peer) => void): Live =>
  afterSetup(async (peer) => {
    await peer.next();
    then(peer);
  });

describe('Live fails before the first word', () => {
  const FAILS: [string, Live, RegExp, string[]?][] = [
    ['by its quota', quota, /exceeded your current quota/],
    ['by an internal error', closes(1011, 'Internal error occurred.'), /Internal error occurred/],
    [
      'by a model that it does not have',
      closes(1008, 'models/x is not found for API version v1'),
      /is not found/,
    ],
    ['by a reset', afterQuestion((peer) => peer.socket.terminate()), /code 1006/],
    ['by an end', afterQuestion((peer) => peer.socket.close(1000)), /code 1000/],
    ['by silence', () => {}, /did not answer the setup message/, ['--timeout', '2']],
    [
      'by an answer without a word',
      afterQuestion((peer) => peer.send({ serverContent: { turnComplete: true } })),
      /gave no answer/,
    ],
  ];
  it.concurrent.each(FAILS)('%s: the other model answers', async (_, live, why, args = []) => {
    const { url, asked } = await place(live, answers);
    const { code, stdout, stderr } = await chat(url, 'what is a fjord', ...args);
    expect([code, stdout]).toEqual([0, ANSWER]);
    expect(stderr).toMatch(
      /^warning: gemini-flash-latest answers in place of gemini-3.8-live: [^\n]+\n$/,
    );
    expect(stderr).toMatch(why);
    expect(asked).toHaveLength(1);
    const [{ request }] = asked as [Asked];
    expect(request.method).toBe('POST');
    expect(request.url).toBe(`/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`);
    expect(request.headers['x-goog-api-key']).toBe(KEY);
  });

  it('what belongs to the question goes along, and what only a session has does not', async () => {
    const notes = join(folder, 'notes.txt');
    const past = join(folder, 'past.json');
    writeFileSync(notes, 'Norway has many.');
    writeFileSync(
      past,
      JSON.stringify([
        { role: 'user', text: 'Hello' },
        { role: 'model', text: 'Hi!' },
      ]),
    );
    const { url, asked } = await place(quota, answers);
    await chat(
      url,
      '-s',
      'Be brief.',
      '--language',
      'de',
      '--search',
      '--temperature',
      '0.3',
      '--seed',
      '5',
      '--voice',
      'Kore',
      '--context',
      notes,
      '--history',
      past,
      'what is a fjord',
    );
    expect(asked[0]?.body).toEqual({
      contents: [
        { role: 'user', parts: [{ text: 'Hello' }] },
        { role: 'model', parts: [{ text: 'Hi!' }] },
        { role: 'user', parts: [{ text: `${notes}:\n\nNorway has many.` }] },
        { role: 'user', parts: [{ text: 'what is a fjord' }] },
      ],
      systemInstruction: {
        parts: [{ text: 'Be brief.' }, { text: expect.stringContaining('German (de)') }],
      },
      tools: [{ googleSearch: {} }],
      generationConfig: { temperature: 0.3, seed: 5 },
    });
  });

  it('events, usage and --continue are as they are with Live', async () => {
    const { url, asked } = await place(quota, answers);
    const { code, stdout, stderr } = await chat(url, '--json', 'what is a fjord');
    expect(code).toBe(0);
    expect(eventsIn(stdout)).toMatchObject([
      { type: 'session', state: 'connecting' },
      { type: 'session', state: 'closed', reason: expect.stringContaining('quota') },
      { type: 'user', turn: 1, text: 'what is a fjord', final: true },
      { type: 'warning', code: 'fallback', message: expect.stringContaining(MODEL) },
      { type: 'model', turn: 1, delta: 'A fjord is ' },
      { type: 'model', turn: 1, delta: 'a long inlet.' },
      { type: 'model', turn: 1, text: ANSWER.trim(), final: true },
      {
        type: 'turn',
        index: 1,
        latency: { firstTextMs: expect.any(Number) },
        usage: { totalTokens: 10 },
      },
      { type: 'usage', promptTokens: 7, responseTokens: 3 },
      { type: 'end', exitCode: 0, turns: 1 },
    ]);
    expect(stdout + stderr).not.toContain(KEY);
    const quiet = await chat(url, '-q', '-u', 'what is a fjord');
    expect([quiet.stdout, quiet.stderr]).toEqual([ANSWER, 'usage: 7 tokens in, 3 out\n']);
    const again = await chat(url, '-c', 'and where');
    expect(again.stdout).toBe(ANSWER);
    expect(asked.at(-1)?.body['contents']).toEqual([
      { role: 'user', parts: [{ text: 'what is a fjord' }] },
      { role: 'model', parts: [{ text: ANSWER.trim() }] },
      { role: 'user', parts: [{ text: 'and where' }] },
    ]);
  });

  it('its words are shown as they come, however its bytes are cut', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const { url } = await place(quota, async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(piece('Fjörde '));
      await released;
      for (const byte of Buffer.from(piece('sind schön — 峡湾 ') + last('🏔.'))) {
        response.write(Buffer.from([byte]));
      }
      response.end();
    });
    const child = spawnCli(['chat', '--fallback', MODEL, '--base-url', url, 'q'], {
      env: { GEMINI_API_KEY: KEY },
    });
    child.stdin.end();
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    await until('the first words are shown', () => stdout === 'Fjörde');
    release();
    await new Promise((resolve) => child.once('close', resolve));
    expect(stdout).toBe('Fjörde sind schön — 峡湾 🏔.\n');
  });

  it('thoughts are no words of the answer, and what it says cannot move the cursor', async () => {
    const { url } = await place(quota, (response) => {
      response.writeHead(200);
      response.end(piece('Hm.', {}, { thought: true }) + last('red \u001b[31malert'));
    });
    const { stdout } = await chat(url, 'q');
    expect(stdout).toBe('red \u241b[31malert\n');
  });
});

describe('the other model fails too', () => {
  const googleError = (code: number, message: string): string =>
    JSON.stringify({ error: { code, message, status: '' } });
  const FAILS: [string, Rest, string, RegExp][] = [
    [
      'with a status',
      (response) => response.writeHead(503).end(googleError(503, 'The model is overloaded.')),
      '',
      /gemini-flash-latest, asked in its place: \S+ answered with HTTP 503: The model is overloaded\./,
    ],
    [
      'in the middle of its answer',
      (response) => {
        response.writeHead(200);
        response.end(`${piece('A fjord ')}${googleError(500, 'Internal error encountered.')}\n`);
      },
      'A fjord\n',
      /asked in its place/,
    ],
    [
      'by a line that breaks',
      (response) => {
        response.writeHead(200);
        response.write(piece('A fjord '), () => response.destroy());
      },
      'A fjord\n',
      /asked in its place: \S+ broke off in the middle/,
    ],
    [
      'by standing still',
      (response) => {
        response.writeHead(200);
        response.write(piece('A fjord '));
      },
      'A fjord\n',
      /asked in its place: \S+ stopped in the middle/,
    ],
    ['by never answering', () => {}, '', /asked in its place: \S+ did not answer within 8 s/],
    [
      'by refusing the question',
      (response) =>
        response.writeHead(200).end('data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n'),
      '',
      /asked in its place: it gave no answer\n.*SAFETY/,
    ],
    [
      'with something else',
      (response) => response.end('<html>hello</html>'),
      '',
      /does not speak the Gemini API/,
    ],
  ];
  it.concurrent.each(FAILS)(
    '%s: both reasons, and the exit code of Live',
    async (_, rest, shown, says) => {
      const { url } = await place(quota, rest);
      const { stdout, stderr, code } = await chat(url, '--timeout', '2', 'what is a fjord');
      expect(stdout).toBe(shown);
      expectFailure(
        { code, stderr: stderr.replace(/^warning: gemini-flash-latest answers [^\n]+\n/, '') },
        7,
        /^error: the server closed the session: You exceeded your current quota/,
        says,
        / {2}try: wait a minute/,
      );
      expect(stderr).not.toContain(KEY);
    },
  );
});

describe('it is not asked', () => {
  const NOT: [string, Live, number, string][] = [
    [
      'when the key is refused',
      closes(1007, 'API key not valid. Please pass a valid API key.'),
      3,
      '',
    ],
    [
      'when a word has come',
      afterQuestion((peer) => {
        peer.send(words('hello'));
        setImmediate(() => peer.socket.close(1011, 'Internal error encountered.'));
      }),
      5,
      'hello\n',
    ],
    [
      'when Live answers',
      afterQuestion((peer) => {
        peer.send(words('hello'));
        peer.send({ serverContent: { generationComplete: true } });
        peer.send({ serverContent: { turnComplete: true } });
      }),
      0,
      'hello\n',
    ],
  ];
  it.concurrent.each(NOT)('%s', async (_, live, exit, shown) => {
    const { url, asked } = await place(live, answers);
    const { code, stdout } = await chat(url, 'what is a fjord');
    expect([code, stdout, asked.length]).toEqual([exit, shown, 0]);
  });

  it('when it cannot answer: a Live model, and an ephemeral token', async () => {
    const live = await runCli(['chat', 'hi', '--fallback', 'gemini-3.8-live', '--local']);
    expectFailure(live, 2, /is a Live model/);
    const token = await runCli(['chat', 'hi', '--fallback', MODEL, '--token', 'auth_tokens/x']);
    expectFailure(token, 2, /ephemeral token/);
  });
});

describe('in a conversation', () => {
  let pty: Pty | undefined;
  afterEach(async () => pty?.close());

  inTerminal(
    'whose line is lost: a question that waits is answered, and Ctrl+C ends that answer',
    async () => {
      let isGone = false;
      let hold = false;
      const { url } = await place(
        async (peer) => {
          if (isGone) return peer.socket.terminate();
          await peer.next();
          peer.send({ setupComplete: {} });
          await peer.next();
          peer.send(words('One.'));
          peer.send({ serverContent: { generationComplete: true } });
          peer.send({ serverContent: { turnComplete: true } });
          await peer.next();
          isGone = true;
          peer.socket.terminate();
        },
        (response) => {
          if (!hold) return answers(response);
          response.writeHead(200);
          response.write(piece('A long story'));
        },
      );
      pty = openPty(['chat', '--fallback', MODEL, '--base-url', url], {
        environment: { PATH: process.env['PATH'] ?? '', HOME: folder, GEMINI_API_KEY: KEY },
      });
      await pty.until(/\/help for commands[\s\S]*> $/);
      pty.send('first\r');
      await pty.until(/One\.\n> $/);
      pty.mark();
      pty.send('second\r');
      await pty.until(
        /reconnecting[\s\S]*answers in place of [^\n]+\nA fjord is a long inlet\.\n> $/,
      );
      hold = true;
      pty.mark();
      pty.send('third\r');
      await pty.until(/A long story$/);
      pty.send('\x03');
      await pty.until(/A long story\n> $/);
      pty.send('\x04');
      expect((await pty.ended).code).toBe(0);
    },
  );
});

describe('with gemlive serve', () => {
  let pty: Pty | undefined;
  const server = spawnCli(['serve', '--port', '0', '--stt', 'none', '--tts', 'none']);
  const listening = new Promise<string>((resolve) =>
    server.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())),
  );
  afterAll(async () => {
    await pty?.close();
    server.kill('SIGTERM');
  });

  /** Shut down, as the server knows. */
  const RETIRED = ['-m', 'gemini-2.0-flash-live-001'];

  it('one question', async () => {
    const { code, stdout } = await chat(await listening, ...RETIRED, 'what is 12 times 12');
    expect([code, stdout]).toEqual([0, '12 times 12 is 144.\n']);
  });

  inTerminal(
    'a conversation: each question is answered, and knows of the ones before',
    async () => {
      pty = openPty(['chat', '--fallback', MODEL, '--base-url', await listening, ...RETIRED], {
        environment: { PATH: process.env['PATH'] ?? '', HOME: folder },
      });
      await pty.until(/no session now [^\n]+is not found[^\n]+tries again\n> $/);
      for (const [question, answer] of [
        [
          'my name is Ada',
          /gemini-flash-latest answers in place of [^\n]+\nNice to meet you, Ada\.\n> $/,
        ],
        [
          'what is my name',
          /gemini-flash-latest answers in place of [^\n]+\nYour name is Ada\.\n> $/,
        ],
      ] as const) {
        pty.mark();
        pty.send(`${question}\r`);
        await pty.until(answer);
      }
      pty.send('\x04');
      expect((await pty.ended).code).toBe(0);
    },
  );
});
