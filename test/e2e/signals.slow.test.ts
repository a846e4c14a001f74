/** SIGINT, SIGTERM and SIGHUP at any moment: the right code, nothing left behind, files valid, terminal restored. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventsIn, spawnCli } from '../support/cli.ts';
import { surroundings, type Surroundings } from '../support/leftovers.ts';
import { expectNoStack } from '../support/messages.ts';
import { hasProgram, isAlive } from '../support/programs.ts';
import { frame, rawSession, startRawServer } from '../support/rawServer.ts';
import { afterSetup, startScriptedServer } from '../support/scriptedServer.ts';
import { expectValidReply } from '../support/validReply.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BIN = join(ROOT, 'bin', 'gemlive.js');
const QUESTION = join(ROOT, 'audio-fixtures', 'question.wav');

type Kind = 'talk' | 'chat' | 'file' | 'serve';
type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const ARGS: Record<Kind, string[]> = {
  talk: ['talk', '--no-mic', '--no-speaker', '--greet', 'count to 100', '--json'],
  chat: ['chat', 'count to 100', '--json'],
  file: ['file', QUESTION, '--fast', '-o', 'reply.wav', '--json'],
  serve: ['serve', '--port', '0', '--json', '--quiet'],
};

const CODES: Record<Kind, Record<Signal, number>> = {
  talk: { SIGINT: 0, SIGTERM: 143, SIGHUP: 129 },
  chat: { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 },
  file: { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 },
  serve: { SIGINT: 0, SIGTERM: 0, SIGHUP: 129 },
};

const KINDS = Object.keys(ARGS) as Kind[];
const SIGNALS: Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; !holds();) {
    if (Date.now() > deadline) throw new Error(`this did not happen in 20 s: ${what}`);
    await soon(5);
  }
}

type Run = {
  place: Surroundings;
  stdout: () => string;
  kill: (signal: NodeJS.Signals) => void;
  /** Checks everything that holds for every end, and clears up. */
  ended: () => Promise<{ code: number | null; signal: string | null; ms: number }>;
};

function start(kind: Kind, more: string[], env: Record<string, string> = {}): Run {
  const place = surroundings();
  const child = spawnCli([...ARGS[kind], ...more], {
    cwd: place.folder,
    env: { ...place.env, ...env },
  });
  child.stdin.end();
  let [stdout, stderr] = ['', ''];
  let killedAtMs = 0; // the first time
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...end) => resolve(end)),
  );
  return {
    place,
    stdout: () => stdout,
    kill: (signal) => {
      killedAtMs ||= performance.now();
      child.kill(signal);
    },
    ended: async () => {
      const [code, signal] = await closed;
      const ms = performance.now() - killedAtMs;
      expect(stderr).toBe('');
      expectNoStack(stdout);
      const events = eventsIn(stdout);
      // Before its first line has run, Node ends as any program does.
      if (signal === null) expect(events.at(-1)).toMatchObject({ type: 'end', exitCode: code });
      else expect(stdout).toBe('');
      expect(await place.processes()).toEqual([]);
      expect(place.temporaries()).toEqual([]);
      const reply = join(place.folder, 'reply.wav');
      if (existsSync(reply)) expectValidReply(reply);
      place.remove();
      return { code, signal, ms };
    },
  };
}

describe('at a random moment', () => {
  const seed = Number(process.env['GL_SEED'] ?? Date.now() % 1_000_000);
  let state = seed;
  /** mulberry32: 0 ≤ x < 1. */
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const RUNS = KINDS.flatMap((kind) =>
    SIGNALS.flatMap((signal) =>
      [1, 2].map((times) => [kind, signal, times, Math.floor(random() * 1500)] as const),
    ),
  );
  it.concurrent.each(RUNS)(`gemlive %s, %s × %d after %d ms (GL_SEED=${seed})`, async (...run) => {
    const [kind, name, times, afterMs] = run;
    const { kill, ended } = start(kind, kind === 'serve' ? [] : ['--local']);
    await soon(afterMs);
    for (let i = 0; i < times; i++) {
      kill(name);
      await soon(10);
    }
    const { code, signal, ms } = await ended();
    expect(signal ?? code).toBe(signal === null ? CODES[kind][name] : name);
    expect(ms).toBeLessThan(5000);
  });
});

describe('at a chosen moment', () => {
  const everySignal = it.concurrent.each(SIGNALS);
  const withPacat = hasProgram('pacat') ? it.concurrent : it.concurrent.skip;

  everySignal('%s while connecting', async (name) => {
    const server = await startRawServer({});
    for (const kind of ['talk', 'chat', 'file'] as const) {
      const run = start(kind, ['--base-url', server.url]);
      const before = server.count;
      await until(() => server.count > before, 'a connection');
      run.kill(name);
      const { code, ms } = await run.ended();
      expect([kind, code]).toEqual([kind, CODES[kind][name]]);
      expect(ms).toBeLessThan(1500);
    }
    await server.close();
  });

  it.concurrent.each(KINDS)(
    'SIGTERM to gemlive %s while the engines are looked for',
    async (kind) => {
      const programs = mkdtempSync(join(tmpdir(), 'gl-slow-'));
      const recogniser = join(programs, 'pocketsphinx_continuous');
      writeFileSync(recogniser, '#!/bin/sh\nexec sleep 30\n', { mode: 0o755 });
      const env = { PATH: `${programs}:${process.env['PATH']}` };
      const run = start(kind, kind === 'serve' ? [] : ['--local'], env);
      await until(() => run.place.pidsOf('sleep').length > 0, 'the recogniser');
      run.kill('SIGTERM');
      expect((await run.ended()).code).toBe(CODES[kind].SIGTERM);
      rmSync(programs, { recursive: true });
    },
  );

  withPacat.each(['--no-mic', '--no-speaker'])(
    'SIGINT while a device opens (%s)',
    async (without) => {
      // A sound server that accepts, and is silent.
      const place = surroundings();
      const socket = join(place.folder, 'native');
      const silent = createServer().listen(socket);
      const child = spawnCli(['talk', without, '--local', '--stt', 'none', '--json'], {
        env: { ...place.env, PULSE_SERVER: `unix:${socket}` },
      });
      let stdout = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      const closed = new Promise((resolve) => child.once('close', resolve));
      const program = without === '--no-mic' ? 'pacat' : 'parec';
      await until(() => place.pidsOf(program).length > 0, program);
      child.kill('SIGINT');
      expect(await closed).toBe(0);
      expect(eventsIn(stdout)).toMatchObject([{ type: 'end', exitCode: 0 }]);
      expect(await place.processes()).toEqual([]);
      silent.close();
      place.remove();
    },
  );

  it.concurrent.each(['talk', 'chat', 'file'] as const)(
    'two SIGINTs during the answer of %s',
    async (kind) => {
      const pcm = Buffer.alloc(4800, 9).toString('base64');
      const server = await startScriptedServer(
        afterSetup(async (peer) => {
          await peer.next();
          const timer = setInterval(
            () =>
              peer.send({
                serverContent: {
                  modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm', data: pcm } }] },
                  outputTranscription: { text: 'and on ' },
                },
              }),
            10,
          );
          peer.socket.on('close', () => clearInterval(timer));
        }),
      );
      const run = start(kind, ['--base-url', server.url]);
      await until(() => run.stdout().includes('"type":"model"'), 'an answer');
      run.kill('SIGINT');
      run.kill('SIGINT');
      const { code, ms } = await run.ended();
      expect(code).toBe(CODES[kind].SIGINT);
      expect(ms).toBeLessThan(2000);
      await server.close();
    },
  );

  it.concurrent('a peer that does not take leave holds nobody up', async () => {
    let isClosing = false;
    const server = await startRawServer({
      onRequest: rawSession((socket) => {
        socket.write(frame({ serverContent: { outputTranscription: { text: 'hello' } } }));
        socket.write(frame({ serverContent: { turnComplete: true } }));
        // The client's close frame: the only one with this first byte.
        socket.on('data', (chunk: Buffer) => (isClosing ||= chunk[0] === 0x88));
      }),
    });
    const startedAtMs = performance.now();
    const calm = start('chat', ['--base-url', server.url]);
    expect((await calm.ended()).code).toBe(0);
    expect(performance.now() - startedAtMs).toBeLessThan(8000);

    isClosing = false;
    const hurried = start('chat', ['--base-url', server.url]);
    await until(() => isClosing, 'a close frame');
    hurried.kill('SIGINT');
    expect((await hurried.ended()).code).toBe(130);
    await server.close();
  });

  it.concurrent('SIGTERM while a named pipe is silent, before and after its writer has come', async () => {
    for (const head of [undefined, readFileSync(QUESTION).subarray(0, 20_000)]) {
      const place = surroundings();
      const pipe = join(place.folder, 'pipe.wav');
      spawnSync('mkfifo', [pipe]);
      const child = spawnCli(['file', pipe, '--local', '--stt', 'none', '--json'], place);
      let stdout = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      const closed = new Promise((resolve) => child.once('close', resolve));
      // Read and write: opening it must not wait for the reader.
      const writer = head && openSync(pipe, 'r+');
      if (head && writer !== undefined) {
        writeSync(writer, head);
        await until(() => stdout.includes('"ready"'), 'a session');
      } else {
        await soon(700);
      }
      child.kill('SIGTERM');
      expect(await closed).toBe(143);
      if (writer !== undefined) closeSync(writer);
      place.remove();
    }
  });

  it.concurrent('SIGKILL: the children end by themselves', async () => {
    const place = surroundings();
    const child = spawnCli([...ARGS.talk, '--local'], { env: place.env });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
    expect(await place.processes()).toEqual([]);
    place.remove();
  });
});

// ---- in a terminal ----------------------------------------------------------------------------------

type Terminal = {
  place: Surroundings;
  output: () => string;
  type: (keys: string) => void;
  pid: () => number;
  /** Ends the terminal itself, as the window's cross does. */
  closeWindow: () => void;
  closed: Promise<unknown>;
};

/** gemlive in a pseudo-terminal, which notes its state before and after, and the exit code. */
function inTerminal(words: string): Terminal {
  const place = surroundings();
  const exec = 'echo $$ > pid; exec "$NODE" "$BIN" $WORDS';
  const script = `trap : INT; stty -g > before; sh -c '${exec}'; echo $? > code; stty -g > after`;
  const child = spawn('script', ['-qfec', script, '/dev/null'], {
    cwd: place.folder,
    env: {
      PATH: process.env['PATH'],
      HOME: place.folder,
      SHELL: '/bin/sh',
      TERM: 'xterm-256color',
      NODE: process.execPath,
      BIN,
      WORDS: words,
      ...place.env,
    },
    detached: true, // it would stop when it is in the background of a terminal of ours
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.on('error', () => {});
  return {
    place,
    output: () => output,
    type: (keys) => child.stdin.write(keys),
    pid: () => Number(readFileSync(join(place.folder, 'pid'), 'utf8')),
    closeWindow: () => child.kill('SIGKILL'),
    closed: new Promise((resolve) => child.once('close', resolve)),
  };
}

const hasTerminal = process.platform === 'linux' && hasProgram('script') && hasProgram('stty');

describe.skipIf(!hasTerminal)('the terminal', () => {
  const TALK = 'talk --local --stt none --tts none --no-mic --no-speaker';
  const CHAT = 'chat --local --stt none --tts none';
  type Leaving = [words: string, ready: string, leave: (terminal: Terminal) => void, code: number];
  const by =
    (name: NodeJS.Signals) =>
    ({ pid }: Terminal): void => {
      process.kill(pid(), name);
    };
  const typed =
    (keys: string) =>
    ({ type }: Terminal): void =>
      type(keys);

  const LEAVING: [name: string, ...Leaving][] = [
    ['talk, q', TALK, 'muted', typed('q'), 0],
    ['talk, Ctrl+C', TALK, 'muted', typed('\u0003'), 0],
    ['talk, Ctrl+C twice', TALK, 'muted', typed('\u0003\u0003'), 0],
    ['talk, Ctrl+D', TALK, 'muted', typed('\u0004'), 0],
    ['talk, SIGINT', TALK, 'muted', by('SIGINT'), 0],
    ['talk, SIGTERM', TALK, 'muted', by('SIGTERM'), 143],
    ['talk, SIGHUP', TALK, 'muted', by('SIGHUP'), 129],
    ['talk, Ctrl+C while connecting', TALK, 'connecting', typed('\u0003'), 0],
    ['talk --plain, Ctrl+C', `${TALK} --plain --greet hi`, 'Hello', typed('\u0003'), 0],
    ['chat, Ctrl+D', CHAT, '> ', typed('\u0004'), 0],
    ['chat, Ctrl+C twice', CHAT, '> ', typed('\u0003\u0003'), 0],
    ['chat, SIGTERM', CHAT, '> ', by('SIGTERM'), 143],
    ['chat, SIGHUP', CHAT, '> ', by('SIGHUP'), 129],
    ['one question, Ctrl+C', `${CHAT} count to 300 --json`, '"ready"', typed('\u0003'), 130],
  ];
  it.concurrent.each(LEAVING)('is as it was after %s', async (_, words, ready, leave, code) => {
    const terminal = inTerminal(words);
    const { place, output } = terminal;
    await until(() => output().includes(ready), ready);
    leave(terminal);
    await terminal.closed;
    const note = (name: string): string => readFileSync(join(place.folder, name), 'utf8');
    expect(note('after')).toBe(note('before'));
    expect(output().lastIndexOf('\u001b[?25h')).toBeGreaterThanOrEqual(
      output().lastIndexOf('\u001b[?25l'),
    );
    expectNoStack(output());
    expect(output()).not.toContain('error');
    expect(await place.processes()).toEqual([]);
    expect(place.temporaries()).toEqual([]);
    expect(note('code')).toBe(`${code}\n`);
    place.remove();
  });

  it.concurrent.each([TALK, CHAT])('that is closed takes gemlive %s with it', async (words) => {
    const { place, output, pid, closeWindow, closed } = inTerminal(words);
    const ready = words === TALK ? 'muted' : '> ';
    await until(() => output().includes(ready), ready);
    const child = pid();
    closeWindow();
    await closed;
    await until(() => !isAlive(child), 'the end of gemlive');
    expect(await place.processes()).toEqual([]);
    expect(place.temporaries()).toEqual([]);
    place.remove();
  });
});
