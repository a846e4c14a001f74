/** `gemlive chat` in a terminal: what a person types, and what is on the screen. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { hasProgram } from '../support/programs.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { afterSetup, startScriptedServer } from '../support/scriptedServer.ts';

const folder = mkdtempSync(join(tmpdir(), 'gemlive-repl-test-'));
const inTerminal = it.skipIf(process.env['CI'] !== 'true' && !hasProgram('script'));
let server: LiveServer;
let pty: Pty | undefined;
beforeAll(async () => {
  server = await startLiveServer({ tts: 'none', stt: 'none' });
});
afterEach(async () => pty?.close());
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(...args: string[]): Promise<Pty> {
  pty = openPty(['chat', '--base-url', server.url, ...args], {
    environment: { PATH: process.env['PATH'] ?? '', HOME: folder, LANG: 'C.UTF-8' },
  });
  await pty.until(/\/help for commands[\s\S]*> $/);
  return pty;
}

async function ask(terminal: Pty, text: string, answer: RegExp): Promise<void> {
  terminal.mark();
  terminal.send(`${text}\r`);
  await terminal.until(answer);
}

const UP = '\x1b[A';
const CTRL_C = '\x03';
const CTRL_D = '\x04';

inTerminal('answers, remembers, and leaves with Ctrl+D and the terminal as it was', async () => {
  const terminal = await open();
  await ask(terminal, 'what is 12 times 12', /12 times 12 is 144\.\n> $/);
  await ask(terminal, 'what did I say', /You said: What is 12 times 12\.\n> $/);
  terminal.send(CTRL_D);
  const { code, modes } = await terminal.ended;
  expect(code).toBe(0);
  expect(modes.after).toBe(modes.before);
});

inTerminal('brings back earlier lines with the arrow', async () => {
  const terminal = await open();
  await ask(terminal, 'say apples', /Apples\.\n> $/);
  await ask(terminal, 'say pears', /Pears\.\n> $/);
  await ask(terminal, `${UP}${UP}`, /> say apples\nApples\.\n> $/);
});

inTerminal('takes several lines between triple quotes', async () => {
  const terminal = await open();
  terminal.send('"""\r');
  await terminal.until(/… $/);
  terminal.send('repeat one\r');
  await ask(terminal, 'two"""', /One\ntwo\.\n> $/);
});

inTerminal('Ctrl+C stops the answer; at the prompt, twice leaves', async () => {
  const terminal = await open();
  terminal.mark();
  terminal.send('count to 900\r');
  await terminal.until(/\b20\b/);
  terminal.send(CTRL_C);
  await terminal.until(/\n> $/);
  expect(terminal.output()).not.toContain('899');
  await ask(terminal, 'say still here', /Still here\.\n> $/);
  terminal.send(CTRL_C);
  await terminal.until(/to leave\)\n> $/);
  terminal.send(CTRL_C);
  const { code, modes } = await terminal.ended;
  expect(code).toBe(0);
  expect(modes.after).toBe(modes.before);
});

inTerminal('Ctrl+C throws a half-typed line away', async () => {
  const terminal = await open();
  terminal.send('half a line');
  await terminal.until(/half a line$/);
  terminal.send(CTRL_C);
  await terminal.until(/\n[> ]+$/); // a prompt that is drawn again, seen without its carriage returns
  await ask(terminal, 'say whole', /Whole\.\n> $/);
});

inTerminal('what is typed during an answer waits unseen, and is not lost', async () => {
  const terminal = await open();
  terminal.mark();
  terminal.send('count to 100\r');
  await terminal.until(/\b20\b/);
  terminal.send('say later');
  await terminal.until(/100\.\n> say later$/);
  const answer = terminal.output().slice(terminal.output().lastIndexOf('count to 100'));
  expect(answer.slice(0, answer.lastIndexOf('100.'))).not.toContain('later');
  await ask(terminal, '', /Later\.\n> $/);
});

inTerminal(
  'commands: help, usage, context, voice, system, save, an unknown one, quit',
  async () => {
    const terminal = await open();
    await ask(terminal, '/help', /\/voice[\s\S]*\/save[\s\S]*> $/);
    await ask(terminal, '/usage', /usage: nothing yet/);
    await ask(terminal, 'my name is Ada', /Nice to meet you, Ada\.\n> $/);
    // The receipt comes when the sound would have ended.
    await expect
      .poll(async () => ask(terminal, '/usage', /usage: .*\n> $/).then(() => terminal.output()), {
        timeout: 10_000,
      })
      .toMatch(/usage: \d+ .*tokens in, \d+ .*out.*\$0\.\d+/);
    await ask(terminal, '/voice nobody', /error: there is no voice "nobody"/);
    await ask(terminal, '/voice kore', /voice: Kore\n> $/);
    await ask(terminal, 'what is my name', /Your name is Ada\.\n> $/);
    await ask(terminal, '/system Be brief.', /system instruction changed\n> $/);
    await ask(terminal, 'what is my name', /Your name is Ada\.\n> $/);
    const notes = join(folder, 'notes.txt');
    writeFileSync(notes, 'the code is 1234');
    await ask(terminal, `/context ${notes}`, /goes with your next question/);
    await ask(terminal, 'what did I say', /the code is 1234/);
    await ask(terminal, '/context /no/such/file', /error: .*no such file/);
    const saved = join(folder, 'talk.json');
    await ask(terminal, `/save ${saved}`, /\d+ lines saved/);
    expect(JSON.parse(readFileSync(saved, 'utf8'))).toContainEqual({
      role: 'user',
      text: 'my name is Ada',
    });
    await ask(terminal, `/save ${saved}`, /error: .*exist/);
    await ask(terminal, '/nonsense', /error: there is no command \/nonsense/);
    terminal.send('/quit\r');
    expect((await terminal.ended).code).toBe(0);
  },
);

inTerminal('a server that goes away ends it with a line and exit 5', async () => {
  const mortal = await startLiveServer({ tts: 'none', stt: 'none' });
  pty = openPty(['chat', '--no-resume', '--base-url', mortal.url], {
    environment: { PATH: process.env['PATH'] ?? '', HOME: folder, LANG: 'C.UTF-8' },
  });
  await pty.until(/> $/);
  await ask(pty, 'say hello', /Hello\.\n> $/);
  await mortal.close();
  await pty.until(/error: the server closed the session: going away/);
  const { code, modes } = await pty.ended;
  expect(code).toBe(5);
  expect(modes.after).toBe(modes.before);
});

inTerminal(
  'gives the prompt back when no answer comes, and shows one that comes later',
  async () => {
    let answer = (): void => {};
    const silent = await startScriptedServer(
      afterSetup(async (peer) => {
        await peer.next();
        answer = () => {
          peer.send({ serverContent: { outputTranscription: { text: 'I was away.' } } });
          peer.send({ serverContent: { generationComplete: true } });
          peer.send({ serverContent: { turnComplete: true } });
        };
        await peer.next();
        peer.send({ serverContent: { outputTranscription: { text: 'Yes.' } } });
        peer.send({ serverContent: { turnComplete: true } });
      }),
    );
    try {
      const terminal = await open('--base-url', silent.url);
      await ask(terminal, 'are you there', /warning: no answer; [^\n]*\n> $/);
      terminal.mark();
      terminal.send('half a li');
      await terminal.until(/half a li$/);
      terminal.mark();
      answer();
      await terminal.until(/I was away\.\n> half a li$/);
      await ask(terminal, 'ne', /Yes\.\n> $/);
      terminal.send(CTRL_D);
      expect((await terminal.ended).code).toBe(0);
    } finally {
      await silent.close();
    }
  },
);
