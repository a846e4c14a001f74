/** `gemlive chat`, one question and one answer, through the built program. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { eventsIn, runCli, spawnCli } from '../support/cli.ts';
import { startScriptedServer } from '../support/scriptedServer.ts';

const folder = mkdtempSync(join(tmpdir(), 'gemlive-chat-test-'));
let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer({ tts: 'none', stt: 'none', allowRetired: true });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('one question', () => {
  it('through a pipe: the answer on stdout and nothing else anywhere', async () => {
    const { code, stdout, stderr } = await runCli(['chat', '--local'], {
      input: 'what is 12 times 12\n',
    });
    expect([code, stdout, stderr]).toEqual([0, '12 times 12 is 144.\n', '']);
  });

  it('as words', async () => {
    const { code, stdout } = await runCli(['chat', '--local', 'what', 'is', '12', 'plus', '1']);
    expect([code, stdout]).toEqual([0, '12 plus 1 is 13.\n']);
  });

  it('words and a pipe together are words, a blank line, the piped text', async () => {
    const { stdout } = await runCli(['chat', 'say', '--base-url', server.url], {
      input: 'first\nsecond\n',
    });
    expect(stdout).toBe('First\nsecond.\n');
  });

  it('does not wait for a pipe that stays silent', async () => {
    const child = spawnCli(['chat', 'say hello', '--base-url', server.url]);
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, stdout]).toEqual([0, 'Hello.\n']);
  });

  it.each(['', '\n', '  \n'])('refuses an empty pipe (%j)', async (input) => {
    const { code, stderr } = await runCli(['chat', '--local'], { input });
    expect(code).toBe(8);
    expect(stderr).toMatch(/^error: there is no question/);
  });

  it('refuses what is not text', async () => {
    const { code, stderr } = await runCli(['chat', '--local'], {
      input: Uint8Array.of(0xff, 0xfe, 0x80),
    });
    expect(code).toBe(8);
    expect(stderr).toContain('UTF-8');
  });

  it('history and context go before it', async () => {
    const history = file(
      'h.json',
      '[{"role":"user","text":"my name is Ada"},{"role":"model","text":"Hello Ada"}]',
    );
    const asked = await runCli([
      'chat',
      'what is my name',
      '--history',
      history,
      '--base-url',
      server.url,
    ]);
    expect(asked.stdout).toBe('Your name is Ada.\n');
    const notes = file('notes.txt', 'the code is 1234');
    const context = await runCli([
      'chat',
      'what did I say',
      '--context',
      notes,
      '--base-url',
      server.url,
    ]);
    expect(context.stdout).toContain('the code is 1234');
  });

  it.each([
    ['not.json', 'nonsense', /JSON/],
    ['shape.json', '[{"role":"robot","text":"x"}]', /0\.role/],
    ['fields.json', '[{"role":"user"}]', /0\.text/],
  ])('a history that is none is refused before connecting (%s)', async (name, text, why) => {
    const { code, stderr } = await runCli(['chat', 'hi', '--history', file(name, text), '--local']);
    expect(code).toBe(8);
    expect(stderr).toMatch(why);
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
  });

  it('context without end is cut off, not read for ever', async () => {
    const { code, stderr } = await runCli(['chat', 'hi', '--local', '--context', '/dev/zero']);
    expect(code).toBe(8);
    expect(stderr).toContain('longer than 4 MiB');
  });

  it('NDJSON tells it all', async () => {
    const { code, stdout } = await runCli([
      'chat',
      'what is 2 + 2',
      '--json',
      '--base-url',
      server.url,
    ]);
    expect(code).toBe(0);
    const events = eventsIn(stdout);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['session', 'user', 'model', 'turn', 'usage', 'end']),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'model', text: '2 plus 2 is 4.', final: true }),
    );
    expect(events.at(-1)).toMatchObject({ type: 'end', exitCode: 0, turns: 1 });
  });

  it('an empty answer is an error, with the server’s reason', async () => {
    const silent = await startScriptedServer(async (peer) => {
      await peer.next();
      peer.send({ setupComplete: {} });
      await peer.next();
      peer.send({ serverContent: { turnComplete: true, turnCompleteReason: 'BLOCKLIST' } });
    });
    const { code, stderr, stdout } = await runCli(['chat', 'hi', '--base-url', silent.url]);
    expect([code, stdout]).toEqual([6, '']);
    expect(stderr).toMatch(/no answer[\s\S]*BLOCKLIST/);
    await silent.close();
  });

  it('a thought is not part of the answer', async () => {
    const thinker = await startScriptedServer(async (peer) => {
      await peer.next();
      peer.send({ setupComplete: {} });
      await peer.next();
      peer.send({
        serverContent: {
          modelTurn: { parts: [{ thought: true, text: 'secret' }, { text: 'open' }] },
        },
      });
      peer.send({ serverContent: { generationComplete: true } });
    });
    const { code, stdout } = await runCli(['chat', 'hi', '--base-url', thinker.url]);
    expect([code, stdout]).toEqual([0, 'open\n']);
    await thinker.close();
  });
});

describe('--text on every profile', () => {
  it.concurrent.each([
    'gemini-3.8-live',
    'gemini-3.8-live-extended-thinking',
    'gemini-3.1-flash-live-preview',
    'gemini-robotics-er-2-streaming-preview',
    'gemini-2.5-flash-native-audio-latest',
    'gemini-2.5-flash-native-audio-preview-12-2025',
    'gemini-live-2.5-flash-native-audio',
    'gemini-live-2.5-flash-preview',
    'gemini-2.0-flash-live-001',
  ])('%s', async (model) => {
    const { code, stdout } = await runCli(
      ['chat', 'what is 12 times 12', '--text', '-q', '-m', model, '--base-url', server.url],
      { timeoutMs: 30_000 },
    );
    expect([code, stdout]).toEqual([0, '12 times 12 is 144.\n']);
  });
});
