/** `gemlive setup` in a terminal: every path and every key. The key is in the config file, and nowhere else. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { runCli } from '../support/cli.ts';
import { startHttpServer, type HttpServer } from '../support/httpServer.ts';
import { hasProgram, programPath } from '../support/programs.ts';
import { below, openPty, plainText, type Pty } from '../support/pty.ts';

const KEY = 'AIzaSyD-very-secret-key-0123456789abcdef';
const WRONG = 'AIzaSyD-a-key-that-nobody-has-0123456789';
const QUESTION = join(import.meta.dirname, '../../audio-fixtures/question.pcm');
/** Somebody who speaks all the time, at the pace of speech. */
const SPEAKER = `i=0; while :; do tail -c +$((i * 640 + 1)) '${QUESTION}' | head -c 640; i=$(((i + 1) % 130)); sleep 0.02; done`;
const SILENT = ['--no-speaker', '--no-mic'];
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const ESC = '\x1b';
const pasted = (text: string): string => `\x1b[200~${text}\x1b[201~`;

let server: LiveServer;
let home: string;
let bare: string;
let pty: Pty | undefined;
let other: HttpServer | undefined;
beforeAll(async () => {
  server = await startLiveServer({ key: KEY, tts: 'none', stt: 'none' });
  bare = mkdtempSync(join(tmpdir(), 'gemlive-setup-bin-'));
  for (const name of ['sh', 'cat', 'stty', 'script']) {
    const path = programPath(name);
    if (path !== undefined) symlinkSync(path, join(bare, name));
  }
});
afterAll(async () => {
  await server.close();
  rmSync(bare, { recursive: true, force: true });
});
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'gemlive-setup-'))));
afterEach(async () => {
  await pty?.close();
  await other?.close();
  [pty, other] = [undefined, undefined];
  rmSync(home, { recursive: true, force: true });
});

const configFile = (): string => join(home, '.config', 'gemlive', 'config.json');

function open(
  args: readonly string[],
  environment: Record<string, string> = {},
  columns = 80,
): Pty {
  pty = openPty(args, {
    environment: { PATH: process.env['PATH'] ?? '', HOME: home, ...environment },
    columns,
  });
  return pty;
}

/** Waits for each pattern in turn, and types what stands beside it. */
async function answer(
  terminal: Pty,
  steps: readonly [pattern: RegExp, keys: string][],
): Promise<void> {
  for (const [pattern, keys] of steps) {
    await terminal.until(pattern, 20_000);
    terminal.mark();
    terminal.send(keys);
  }
}

/** Its screen, once it has left as it should. */
async function left(terminal: Pty): Promise<string> {
  const { code, modes } = await terminal.ended;
  expect(code).toBe(0);
  expect(modes.after).toBe(modes.before);
  return plainText(terminal.output());
}

/** Files below `folder` that hold `text`. */
function filesWith(text: string, folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && readFileSync(path, 'latin1').includes(text));
}

/** Empty for a process that has gone. */
function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

const inTerminal = describe.skipIf(process.env['CI'] !== 'true' && !hasProgram('script'));

inTerminal('setup', () => {
  it('takes a key, a loudspeaker, a microphone and a voice', async () => {
    const heard = join(home, 'heard.pcm');
    const terminal = open([
      'setup',
      '--debug',
      '--base-url',
      server.url,
      '--speaker-command',
      `cat >> '${heard}'`,
      '--mic-command',
      SPEAKER,
    ]);
    await answer(terminal, [
      [/Key:\n› 1 paste a key\n {2}2 try gemlive without/, '1'],
      // As it comes with a line of a shell, from a terminal that wraps.
      [
        /Paste the key: \(it is not shown\)/,
        `${pasted(` export GEMINI_API_KEY="${KEY.slice(0, 20)}\n${KEY.slice(20)}"\n`)}\r`,
      ],
      [/The key works, and opens \d+ Live models\.[\s\S]*playing/, 's'],
      [/Did you hear it\?\n› 1 yes/, '\r'],
      [/you are heard\n› 1 yes/, '1'],
    ]);
    for (const { pid } of below(process.pid)) expect(commandLineOf(pid)).not.toContain(KEY);
    await answer(terminal, [
      [/Voice, to hear:\n/, '2'],
      [/› {2}2 Puck/, '\r'],
      [/Puck speaks/, 's'],
      [/Keep Puck\?\n› 1 yes/, '\r'],
    ]);
    const screen = await left(terminal);
    expect(screen).toContain('Saved in ~/.config/gemlive/config.json: api-key, voice.');
    expect(screen).toContain(`Talk: gemlive talk --base-url ${server.url}`);
    const config = readFileSync(configFile(), 'utf8');
    expect(config).toBe(`{\n  "api-key": "${KEY}",\n  "voice": "Puck"\n}\n`);
    expect(statSync(configFile()).mode & 0o777).toBe(0o600);
    expect(existsSync(heard)).toBe(true);
    expect(filesWith(KEY, home)).toEqual([configFile()]);
    expect(filesWith(KEY.slice(0, 20), home)).toEqual([configFile()]);
    for (const part of [KEY, KEY.slice(0, 20), KEY.slice(-20)])
      expect(terminal.output()).not.toContain(part);
  });

  it.each([
    ['q', 'q'],
    ['Esc', ESC],
    ['Ctrl+C', CTRL_C],
    ['Ctrl+D', CTRL_D],
  ])('is left with %s, wherever it is', async (_name, key) => {
    const first = open(['setup']);
    await answer(first, [[/1 paste a key/, key]]);
    expect(await left(first)).toMatch(/Nothing was saved\.\nTalk: gemlive talk --local\n$/);
    const later = open(['setup', '--no-speaker', '--mic-command', SPEAKER]);
    await answer(later, [
      [/1 paste a key/, '2'],
      [/Does the bar move/, key],
    ]);
    expect(await left(later)).toMatch(/Nothing was saved\./);
    expect(existsSync(configFile())).toBe(false);
  });

  it('a signal from outside gives the terminal back', async () => {
    for (const [args, pattern] of [
      [['setup'], /1 paste a key/],
      [[], /There is no API key yet/],
    ] as const) {
      const terminal = open(args);
      await terminal.until(pattern);
      terminal.signal('SIGTERM');
      const { code, modes } = await terminal.ended;
      expect([code, modes.after]).toEqual([143, modes.before]);
    }
  });

  it('goes through with nothing but s, and with the line of a key left empty', async () => {
    const terminal = open([
      'setup',
      '--speaker-command',
      'cat > /dev/null',
      '--mic-command',
      SPEAKER,
    ]);
    await answer(terminal, [
      [/1 paste a key/, '\x1b[B\x1b[A\r'],
      [/Paste the key/, '\r'],
      [/playing/, 's'],
      [/Did you hear it/, 's'],
      [/Does the bar move/, 's'],
    ]);
    expect(await left(terminal)).toMatch(/Voice: not chosen[\s\S]*Nothing was saved\./);
  });

  it.each([
    ['', pasted(KEY)],
    [' in a terminal that does not say so', KEY],
  ])('takes a key that is pasted at once%s', async (_name, keys) => {
    const terminal = open(['setup', '--base-url', server.url, ...SILENT]);
    await answer(terminal, [
      [/1 paste a key[\s\S]*leave/, keys],
      [/Paste the key: \(40 characters\)/, '\r'],
    ]);
    expect(await left(terminal)).toContain('Saved in ~/.config/gemlive/config.json: api-key.');
    expect(terminal.output()).not.toContain(KEY);
  });

  it('a wrong key is said to be wrong, and is not kept; what is no key is not even sent', async () => {
    const terminal = open(['setup', '--base-url', server.url, '--debug', ...SILENT]);
    await answer(terminal, [
      [/1 paste a key/, '1'],
      [/Paste the key/, `${WRONG}\x7f\x7f\x15${WRONG}\r`],
      [
        /The service refuses this key: the service does not know this API key\.\nNothing was saved\.\n› 1/,
        '1',
      ],
      [/Paste the key/, pasted('my key\n') + '\r'],
      [/That is not a key: [\s\S]*Paste the key/, pasted(`${WRONG}x`) + '\r'],
      [/Nothing was saved\.\n› 1 paste the key again\n {2}2 go on without/, '2'],
    ]);
    expect(await left(terminal)).toMatch(/Talk: gemlive talk --local\n$/);
    expect(terminal.output()).not.toContain(WRONG.slice(0, 10));
    expect(filesWith(WRONG, home)).toEqual([]);
  });

  it('without a network the key can be saved unchecked', async () => {
    other = await startHttpServer(() => {});
    const { url } = other;
    await other.close();
    const terminal = open([
      'setup',
      '--base-url',
      url,
      '--no-mic',
      '--speaker-command',
      'cat > /dev/null',
    ]);
    await answer(terminal, [
      [/1 paste a key/, '1'],
      [/Paste the key/, `${KEY}\r`],
      [/The service cannot be reached: [\s\S]*› 1 check again\n {2}2 save it unchecked/, '1'],
      [/2 save it unchecked/, '2'],
      [/playing/, 's'],
      [/Did you hear it/, '1'],
    ]);
    const screen = await left(terminal);
    expect(screen).toMatch(/Voice: the service does not answer/);
    expect(JSON.parse(readFileSync(configFile(), 'utf8'))).toEqual({ 'api-key': KEY });
    expect(terminal.output()).not.toContain(KEY);
  });

  it('a key whose quota is used up is right, and is saved; a server that quotes it shows nothing', async () => {
    other = await startHttpServer((request, response) => {
      response.writeHead(429, { 'content-type': 'application/json' });
      const message = `Quota exceeded for ${String(request.headers['x-goog-api-key'])}`;
      response.end(JSON.stringify({ error: { code: 429, message, status: 'RESOURCE_EXHAUSTED' } }));
    });
    const terminal = open(['setup', '--base-url', other.url, '--debug', ...SILENT]);
    await answer(terminal, [
      [/1 paste a key/, '1'],
      [/Paste the key/, `${KEY}\r`],
    ]);
    expect(await left(terminal)).toMatch(/The key is right, and its quota is used up/);
    expect(JSON.parse(readFileSync(configFile(), 'utf8'))).toEqual({ 'api-key': KEY });
    expect(terminal.output()).not.toContain(KEY);
  });

  it('a service that hangs does not hold the user', async () => {
    other = await startHttpServer(() => {});
    const terminal = open(['setup', '--base-url', other.url, ...SILENT]);
    await answer(terminal, [
      [/1 paste a key/, '1'],
      [/Paste the key/, `${KEY}\r`],
      [/checking the key/, 's'],
      [/The key was not checked\.\n› 1/, 's'],
    ]);
    expect(await left(terminal)).toMatch(/Nothing was saved\./);
    const second = open(['setup', '--base-url', other.url, ...SILENT]);
    await answer(second, [
      [/1 paste a key/, '1'],
      [/Paste the key/, `${KEY}\r`],
      [/checking the key/, CTRL_C],
    ]);
    expect(await left(second)).toMatch(/Nothing was saved\./);
  });

  it('on a machine without any sound each step says so, and it goes on', async () => {
    const terminal = open(['setup'], { PATH: bare, ALSA_CONFIG_PATH: '/dev/null' });
    await answer(terminal, [[/1 paste a key/, '2']]);
    const screen = await left(terminal);
    expect(screen).toMatch(/Loudspeaker: none opens: [\s\S]*Microphone: none opens: /);
    expect(screen).toMatch(/Voice: not chosen[\s\S]*Talk: gemlive talk --local\n$/);
  });

  it('without a key the voices are those of this machine', async () => {
    const heard = join(home, 'heard.pcm');
    const terminal = open(
      ['setup', '--no-mic', '--speaker-command', `cat >> '${heard}'`, '--tts', 'flite-wasm'],
      { PATH: bare },
    );
    await answer(terminal, [
      [/1 paste a key/, '2'],
      [/playing/, 's'],
      [/Did you hear it/, '1'],
      [/› 1 Kore, a woman's\n {2}2 Charon, a man's/, '2'],
      [/Charon speaks/, 's'],
      [/Keep Charon\?/, '3'],
      [/› 2 Charon/, '1'],
      [/Kore speaks/, 's'],
      [/Keep Kore\?/, '1'],
    ]);
    expect(await left(terminal)).toContain('Saved in ~/.config/gemlive/config.json: voice.');
    expect(JSON.parse(readFileSync(configFile(), 'utf8'))).toEqual({ voice: 'Kore' });
  });

  it('leaves the rest of a config.json as it is, and says which setting goes before it', async () => {
    mkdirSync(join(home, '.config', 'gemlive'), { recursive: true });
    const before = '{\n\t"api_key": "an-old-key-of-twenty-characters",\n\t"silence-ms": 700\n}\n';
    writeFileSync(configFile(), before, { mode: 0o644 });
    const terminal = open(['setup', '--base-url', server.url, ...SILENT], {
      GOOGLE_API_KEY: WRONG,
    });
    await answer(terminal, [
      [
        /There is a key: …\S{4}, GOOGLE_API_KEY in the environment\.[\s\S]*› 1 keep it, and check it/,
        '1',
      ],
      [/refuses this key[\s\S]*What now\?/, '1'],
      [/Paste the key/, `${KEY}\r`],
    ]);
    expect(await left(terminal)).toContain('GOOGLE_API_KEY in the environment goes before it.');
    expect(readFileSync(configFile(), 'utf8')).toBe(
      before.replace('an-old-key-of-twenty-characters', KEY),
    );
    expect(statSync(configFile()).mode & 0o777).toBe(0o600);
  });

  it("sends a pasted key to no host that a folder's .env names", async () => {
    other = await startHttpServer((_request, response) => void response.end('{}'));
    const env = `GEMINI_API_KEY=${WRONG}\nGEMLIVE_BASE_URL=${other.url}\n`;
    // Without a network but for that host.
    const terminal = openPty(['setup', '--timeout', '2', ...SILENT], {
      environment: { PATH: bare, HOME: home, HTTPS_PROXY: 'http://127.0.0.1:9' },
      files: { '.env': env },
    });
    pty = terminal;
    await answer(terminal, [
      [/There is a key: \S+, GEMINI_API_KEY in \.env\.[\s\S]*2 paste another key/, '2'],
      [/Paste the key/, `${KEY}\r`],
      [/The service cannot be reached/, CTRL_C],
    ]);
    await left(terminal);
    expect(other.requests).toEqual([]);
  });

  it('says so where nothing can be written', async () => {
    const terminal = open(['setup', '--base-url', server.url, ...SILENT], {
      XDG_CONFIG_HOME: '/dev/null',
    });
    await answer(terminal, [
      [/1 paste a key/, '1'],
      [/Paste the key/, `${KEY}\r`],
    ]);
    const screen = await left(terminal);
    expect(screen).toMatch(/config\.json cannot be written: \S[\s\S]*\sNothing was saved\./);
  });

  it.each([
    ['--plain', ['--plain'], {}],
    ['TERM=dumb', [], { TERM: 'dumb' }],
  ])('%s: moves no cursor, and every key works', async (_name, args, environment) => {
    const terminal = open(
      ['setup', ...args, '--base-url', server.url, '--no-speaker', '--mic-command', SPEAKER],
      environment,
    );
    await answer(terminal, [
      [/1 paste a key\n[\s\S]*leave\n/, '\x1b[B'],
      [/[>›] 2 try gemlive/, '\x1b[A'],
      [/[>›] 1 paste a key/, '\r'],
      [/Paste the key/, `${KEY}\r`],
      [/The key works[\s\S]*you are heard/, '1'],
    ]);
    await left(terminal);
    expect(terminal.output()).not.toContain('\x1b');
    expect(terminal.output()).not.toContain(KEY);
  });
});

inTerminal('a bare gemlive without a key', () => {
  it('asks, and quits', async () => {
    for (const key of ['3', 'q', ESC, CTRL_C, CTRL_D, 's']) {
      const terminal = open([]);
      await answer(terminal, [[/There is no API key yet\.\n› 1 set gemlive up now/, key]]);
      await left(terminal);
    }
  });

  it('sets gemlive up', async () => {
    const terminal = open(['--no-mic', '--no-speaker']);
    await answer(terminal, [
      [/There is no API key yet/, '1'],
      [/gemlive setup: [\s\S]*1 paste a key/, 'q'],
    ]);
    expect(await left(terminal)).toMatch(/Nothing was saved/);
  });

  it('talks to this machine', async () => {
    const terminal = open(['--no-mic', '--no-speaker']);
    await answer(terminal, [
      [/There is no API key yet/, '2'],
      [/no recogniser here|the local server listens/, 'q'],
    ]);
    await left(terminal);
  });

  it.each([
    ['with a key', [], { GEMINI_API_KEY: KEY }],
    ['for a server of its own', ['--base-url', 'SERVER'], {}],
    ['with --local', ['--local'], {}],
  ])('does not ask %s', async (_name, args, environment) => {
    const words = args.map((word) => (word === 'SERVER' ? server.url : word));
    const terminal = open([...words, '--no-mic', '--no-speaker', '--dry-run'], environment);
    const { code } = await terminal.ended;
    expect([code, plainText(terminal.output())]).toEqual([0, expect.stringContaining('"setup"')]);
  });
});

describe('off a terminal', () => {
  it('setup is refused, with what to do there', async () => {
    const { code, stdout, stderr } = await runCli(['setup']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^error: gemlive setup needs a terminal.*\n {2}try: .*GEMINI_API_KEY.*gemlive talk --local\n$/,
    );
  });

  it('setup has no --json', async () => {
    expect(await runCli(['setup', '--json'])).toMatchObject({ code: 2 });
  });
});
