/** `--continue`, through the built program and `gemlive serve`: what survives the end of a process. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventsIn, runCli, spawnCli, type CliResult } from '../support/cli.ts';
import { hasProgram } from '../support/programs.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { startRecordingProxy, type RecordingProxy } from '../support/recordingProxy.ts';
import { startScriptedServer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const KEY = 'AIzaSyD-very-secret-key-0123456789abcdef';
const inTerminal = it.skipIf(process.env['CI'] !== 'true' && !hasProgram('script'));
const server = spawnCli(['serve', '--port', '0', '--stt', 'none', '--tts', 'none']);
let url = '';
let proxy: RecordingProxy;
let home: string;
let pty: Pty | undefined;

beforeAll(async () => {
  url = await new Promise((resolve) =>
    server.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())),
  );
  proxy = await startRecordingProxy(url);
});
afterAll(async () => {
  await proxy.close();
  server.kill('SIGTERM');
});
afterEach(async () => {
  await pty?.close();
  pty = undefined;
  rmSync(home, { recursive: true, force: true });
});

/** Everything of one test in a folder of its own. */
function fresh(): { env: Record<string, string>; folder: string } {
  home = mkdtempSync(join(tmpdir(), 'gemlive-continue-'));
  return { env: { XDG_STATE_HOME: home, GEMINI_API_KEY: KEY }, folder: join(home, 'gemlive') };
}

type State = {
  at: string;
  handle?: string;
  isWhole: boolean;
  lines: { role: string; text: string }[];
};

const files = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^session-.*\.json$/.test(name));

function stateIn(folder: string): State {
  const [name = ''] = files(folder);
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as State;
}

/** With a handle. */
function isKept(folder: string): boolean {
  try {
    return stateIn(folder).handle !== undefined;
  } catch {
    return false; // not there yet
  }
}

function change(folder: string, changes: Partial<State>): void {
  const [name = ''] = files(folder);
  const state = { ...stateIn(folder), ...changes };
  writeFileSync(join(folder, name), JSON.stringify(state));
}

const chat = (env: Record<string, string>, ...args: string[]): Promise<CliResult> =>
  runCli(['chat', '--base-url', proxy.url, ...args], { env });

/** Handles that the server was shown since the last look. */
function handlesShown(): (string | undefined)[] {
  const setups = proxy.fromClient.flatMap(({ message }) =>
    'setup' in message ? [message.setup.sessionResumption?.handle] : [],
  );
  proxy.fromClient.splice(0);
  return setups;
}

/** `talk` that was told a name, and is killed when the state after it is kept. */
async function killedTalk({ env, folder }: ReturnType<typeof fresh>): Promise<string> {
  const greeting = ['--greet', 'my name is Ada'];
  const talk = spawnCli(
    ['talk', '--no-mic', '--no-speaker', '--base-url', proxy.url, ...greeting],
    { env },
  );
  await until('the handle is kept', () => isKept(folder));
  const gone = new Promise((resolve) => talk.once('close', resolve));
  talk.kill('SIGKILL');
  await gone;
  return stateIn(folder).handle ?? '';
}

describe('one question after the other', () => {
  it('knows what was said, and shows nothing else', async () => {
    const { env } = fresh();
    await chat(env, 'my name is Ada');
    const next = await chat(env, '-c', 'what is my name');
    expect([next.code, next.stdout, next.stderr]).toEqual([0, 'Your name is Ada.\n', '']);
    const third = await chat(env, '--continue', 'what is my name');
    expect(third.stdout).toBe('Your name is Ada.\n');
    const without = await chat(env, 'what is my name');
    expect(without.stdout).not.toContain('Ada');
  });

  it('with nothing to go on with begins anew, and says so', async () => {
    const { env } = fresh();
    const { code, stdout, stderr } = await chat(env, '-c', 'what is 3 times 4');
    expect([code, stdout]).toEqual([0, '3 times 4 is 12.\n']);
    expect(stderr).toMatch(/^warning: there is no session to continue[^\n]+ a new one\n$/);
  });

  it('keeps nothing with --no-resume, and contradictions are found', async () => {
    const { env, folder } = fresh();
    await chat(env, '--no-resume', 'my name is Ada');
    expect(() => readdirSync(folder)).toThrow(/ENOENT/);
    for (const other of [['--no-resume'], ['--history', 'x.json']]) {
      const { code, stderr } = await chat(env, '-c', ...other, 'hi');
      expect([code, stderr]).toEqual([2, expect.stringMatching(/cannot go together/)]);
    }
    expect((await runCli(['file', '-c', 'x.wav'])).code).toBe(2);
  });
});

describe('after kill -9', () => {
  it('of talk: chat and talk go on with its session, and the handle is seen nowhere', async () => {
    const place = fresh();
    const handle = await killedTalk(place);
    const mode = (path: string): number => statSync(path).mode & 0o777;
    const [file = ''] = files(place.folder);
    expect([mode(place.folder), mode(join(place.folder, file))]).toEqual([0o700, 0o600]);
    handlesShown();
    const asked = await chat(place.env, '-c', '--json', '--debug', 'what is my name');
    expect(eventsIn(asked.stdout)).toContainEqual(
      expect.objectContaining({ type: 'model', text: 'Your name is Ada.', final: true }),
    );
    expect(handlesShown()).toEqual([handle]);

    await killedTalk(place);
    const talk = spawnCli(
      [
        'talk',
        '-c',
        '--no-mic',
        '--no-speaker',
        '--json',
        '--debug',
        '--base-url',
        proxy.url,
        '--greet',
        'what is my name',
      ],
      { env: place.env },
    );
    let said = '';
    for (const stream of [talk.stdout, talk.stderr]) {
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    await until('it answers', () => said.includes('"type":"turn"'));
    const gone = new Promise((resolve) => talk.once('close', resolve));
    talk.kill('SIGTERM');
    await gone;
    expect(said).toContain('Your name is Ada.');
    const secret = stateIn(place.folder).handle ?? '';
    expect(secret).not.toBe('');
    for (const text of [asked.stdout, asked.stderr, said]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(handle);
      expect(text).not.toContain(KEY);
    }
    // Neither credential nor address can be read from what lies there.
    for (const name of readdirSync(place.folder)) {
      const text = name + readFileSync(join(place.folder, name), 'utf8');
      expect(text).not.toMatch(/AIza|127\.0\.0\.1/);
    }
  });

  inTerminal('of chat in a terminal: it shows where it was, and goes on', async () => {
    const { env, folder } = fresh();
    const open = (...args: string[]): Pty =>
      openPty(['chat', '--base-url', proxy.url, ...args], {
        environment: { PATH: process.env['PATH'] ?? '', HOME: home, ...env },
      });
    pty = open();
    await pty.until(/\/help for commands[\s\S]*> $/);
    pty.send('my name is Ada\r');
    await pty.until(/Nice to meet you, Ada\.\n> $/);
    await until('the handle is kept', () => isKept(folder));
    pty.signal('SIGKILL');
    await pty.ended;
    await pty.close();

    pty = open('-c');
    await pty.until(/session of a moment ago:\n> my name is Ada\nNice to meet you, Ada\.\n> $/);
    pty.mark();
    pty.send('what is my name\r');
    await pty.until(/Your name is Ada\.\n> $/);
    pty.send('\x04');
    expect((await pty.ended).code).toBe(0);
    await pty.close();

    // Left before the handle of an answer can have come: its words are kept all the same.
    pty = open();
    await pty.until(/\/help for commands[\s\S]*> $/);
    pty.send('my name is Bob\r');
    await pty.until(/Nice to meet you, Bob\.\n> $/);
    pty.send('\x04');
    expect((await pty.ended).code).toBe(0);
    expect((await chat(env, '-c', 'what is my name')).stdout).toBe('Your name is Bob.\n');
  });
});

describe('a handle', () => {
  it('is shown to the same address, with the same key and model, and to nobody else', async () => {
    const place = fresh();
    const handle = await killedTalk(place);
    handlesShown();
    const other = await startRecordingProxy(url);
    const tries: [Record<string, string>, string[]][] = [
      [{ ...place.env, GEMINI_API_KEY: 'AIzaSyAnother-key-0123456789abcdefghijk' }, []],
      [place.env, ['-m', 'gemini-2.5-flash-native-audio-latest']],
    ];
    for (const [env, args] of tries) {
      const { stderr } = await chat(env, '-c', ...args, 'hi');
      expect(stderr).toMatch(/^warning: there is no session to continue/);
    }
    await runCli(['chat', '-c', 'hi', '--base-url', other.url], { env: place.env });
    expect(handlesShown()).toEqual([undefined, undefined]);
    expect(JSON.stringify(other.fromClient)).not.toContain(handle);
    await other.close();
  });

  it('that is too old is not shown any more', async () => {
    const place = fresh();
    await killedTalk(place);
    handlesShown();
    change(place.folder, { at: new Date(Date.now() - 3 * 3_600_000).toISOString() });
    const { code, stdout, stderr } = await chat(place.env, '-c', 'what is my name');
    expect([code, handlesShown()]).toEqual([0, [undefined]]);
    expect(stderr).toMatch(/ended 3 h ago, and can be taken up for 2 h: this is a new one\n$/);
    expect(stdout).not.toContain('Ada');
  });

  it('that is refused: a new session, which is told the last lines', async () => {
    const place = fresh();
    await killedTalk(place);
    handlesShown();
    change(place.folder, { handle: 'nobody-knows-this-handle' });
    const { code, stdout, stderr } = await chat(place.env, '-c', 'what is my name');
    expect([code, stdout]).toEqual([0, 'Your name is Ada.\n']);
    expect(handlesShown()).toEqual(['nobody-knows-this-handle', undefined]);
    expect(stderr).toMatch(/^warning: the session could not be taken up again: [^\n]+\n$/);
  });

  it.each([
    ['refuses with words that nobody knows', 1007, 'Nothing.', 1],
    ['closes each time', 1011, 'Internal error encountered.', 2],
  ])('that the server %s: a new session', async (_what, code, reason, times) => {
    const place = fresh();
    const shown: (string | undefined)[] = [];
    const server = await startScriptedServer(async (peer, count) => {
      const { setup } = (await peer.next()) as {
        setup: { sessionResumption?: { handle?: string } };
      };
      const handle = setup.sessionResumption?.handle;
      shown.push(handle);
      if (handle !== undefined) return peer.socket.close(code, reason);
      peer.send({ setupComplete: {} });
      if (count === 1) {
        peer.send({ sessionResumptionUpdate: { newHandle: 'handle-1', resumable: true } });
        return;
      }
      await peer.next();
      peer.send({ serverContent: { outputTranscription: { text: 'Hello.' }, turnComplete: true } });
    });
    const talk = ['talk', '--no-mic', '--no-speaker', '--base-url', server.url];
    const first = spawnCli(talk, place);
    await until('it is kept', () => isKept(place.folder));
    first.kill('SIGKILL');
    const result = await runCli(['chat', '-c', 'hi', '--base-url', server.url], place);
    expect([result.code, result.stdout]).toEqual([0, 'Hello.\n']);
    expect(shown).toEqual([undefined, ...Array<string>(times).fill('handle-1'), undefined]);
    await server.close();
  });

  it('that the server quotes is not repeated', async () => {
    const place = fresh();
    let quoted: string | undefined;
    const quoting = await startScriptedServer(async (peer, count) => {
      const { setup } = (await peer.next()) as {
        setup: { sessionResumption?: { handle?: string } };
      };
      if (count === 1) {
        peer.send({ setupComplete: {} });
        peer.send({
          sessionResumptionUpdate: { newHandle: 'secret-handle-1234567', resumable: true },
        });
        return;
      }
      // Also where it is not shown any more.
      quoted = setup.sessionResumption?.handle ?? quoted;
      peer.socket.close(1011, `Internal error about ${quoted}`);
    });
    const first = spawnCli(['talk', '--no-mic', '--no-speaker', '--base-url', quoting.url], place);
    await until('it is kept', () => isKept(place.folder));
    first.kill('SIGKILL');
    const { code, stdout, stderr } = await runCli(
      ['chat', '-c', 'hi', '--json', '--debug', '--base-url', quoting.url],
      place,
    );
    expect(code).toBe(5);
    expect(stderr).toContain('Internal error about …4567');
    expect(stdout + stderr).not.toContain('secret-handle');
    await quoting.close();
  });
});

describe('what cannot be kept or read', () => {
  it('is one warning for who asks for it, and the answer comes', async () => {
    const { env, folder } = fresh();
    writeFileSync(folder, 'a file where the folder should be');
    const unasked = await chat(env, 'what is 3 times 4');
    expect([unasked.code, unasked.stderr]).toEqual([0, '']);
    const { code, stdout, stderr } = await chat(env, '-c', 'what is 3 times 4');
    expect([code, stdout]).toEqual([0, '3 times 4 is 12.\n']);
    expect(stderr).toMatch(
      /^warning: this session cannot be kept for --continue: [^\n]+\n {2}try: [^\n]+XDG_STATE_HOME[^\n]+\n$/,
    );
  });

  it.each([
    '',
    '{"version":1',
    'null',
    '{"version":2,"lines":[]}',
    '{"version":1,"at":"x","lines":[]}',
  ])('is damaged (%j): a new session, and it says so', async (text) => {
    const { env, folder } = fresh();
    await chat(env, 'my name is Ada');
    const [name = ''] = files(folder);
    writeFileSync(join(folder, name), text);
    const { code, stderr } = await chat(env, '-c', 'hi');
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^warning: [^\n]+ is damaged: this is a new one\n$/),
    ]);
    expect(stateIn(folder).lines).toHaveLength(2);
  });
});

it('--local goes on with the words of the last session', async () => {
  const { env } = fresh();
  await runCli(['chat', '--local', 'my name is Ada'], { env });
  const { stdout, stderr } = await runCli(['chat', '--local', '-c', 'what is my name'], { env });
  expect([stdout, stderr]).toEqual(['Your name is Ada.\n', '']);
});
