/** `npm run conformance`: that it finds what differs, asks what is open, and measures; on servers of this machine. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLiveServer } from '../../src/server/server.ts';
import { OPEN_QUESTIONS } from '../../src/protocol/openQuestions.ts';
import { startScriptedServer } from '../support/scriptedServer.ts';
import { differencesOf } from './compare/differences.ts';
import { PROBES } from './compare/probes.ts';
import { setFixtures } from './compare/scenarios.ts';
import { Stage } from './compare/stage.ts';
import { timeTextTurns, timingLines } from './compare/timing.ts';
import { orderOf, timingOf, type Step, type Trace } from './compare/trace.ts';

const ROOT = join(import.meta.dirname, '..', '..');

function conformance(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  const { GEMINI_API_KEY: _one, GOOGLE_API_KEY: _other, ...clean } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(ROOT, 'scripts', 'conformance.mjs'), '--no-build', ...args],
      { env: { ...clean, ...env } },
    );
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/** 240 ms of sound. */
const SOUND = {
  inlineData: { data: Buffer.alloc(11_520).toString('base64'), mimeType: 'audio/pcm' },
};
const answer = (atMs: number): Step => ({
  atMs,
  message: { serverContent: { modelTurn: { parts: [SOUND] } } },
});
const TURN: Trace = [
  { atMs: 0, message: { setupComplete: {} } },
  { atMs: 10, did: 'text' },
  answer(100),
  answer(110),
  { atMs: 120, message: { serverContent: { generationComplete: true } } },
  { atMs: 590, message: { serverContent: { turnComplete: true }, usageMetadata: {} } },
];

describe('two traces', () => {
  it('have their order and their times', () => {
    expect(orderOf(TURN)).toEqual([
      'setupComplete',
      '> text',
      'answer',
      'generationComplete',
      'turnComplete',
    ]);
    expect(timingOf(TURN)).toEqual({
      'first chunk': 240,
      'input to first sound': 90,
      'first sound to generated': 20,
      sound: 480,
      'end of sound to turnComplete': 10,
    });
  });

  it('that are the same do not differ', () =>
    expect(differencesOf(TURN, TURN, ['a', 'b'])).toEqual([]));

  it('differ in frames, in order, in time', () => {
    const other: Trace = [
      ...TURN.slice(0, 4),
      {
        atMs: 4000,
        message: { serverContent: { turnComplete: true, interactionStatus: 'IDLE' } },
      },
    ];
    expect(differencesOf(TURN, other, ['a', 'b'])).toEqual([
      { kind: 'frames', text: 'only a: serverContent.generationComplete, usageMetadata' },
      { kind: 'frames', text: 'only b: serverContent.interactionStatus' },
      {
        kind: 'order',
        text: 'a: setupComplete | > text | answer | generationComplete | turnComplete',
      },
      { kind: 'order', text: 'b: setupComplete | > text | answer | turnComplete IDLE' },
      { kind: 'timing', text: 'first sound to generated: a 20 ms, b never' },
      { kind: 'timing', text: 'end of sound to turnComplete: a 10 ms, b 3420 ms' },
    ]);
  });
});

describe('npm run conformance', () => {
  it('finds what another server does otherwise', async () => {
    const other = await startScriptedServer(async (peer) => {
      await peer.next();
      peer.send({ setupComplete: { sessionId: 'x' } });
      await peer.next();
      peer.send({ serverContent: { modelTurn: { parts: [{ text: '144' }] } } });
      peer.send({ serverContent: { turnComplete: true, interactionStatus: 'IDLE' } });
    });
    const { code, output } = await conformance([
      'text',
      'statusOnPlain38',
      '--real-url',
      other.url,
    ]);
    await other.close();
    expect(output).toContain('text: ok');
    expect(output).toMatch(/frames +only gemlive: .*Part\.inlineData/);
    expect(output).toMatch(/frames +only other: .*setupComplete\.sessionId/);
    expect(output).toContain('order   other: setupComplete | > text | answer | turnComplete IDLE');
    expect(output).toMatch(/timing +sound: gemlive \d+ ms, other never/);
    expect(output).toContain('  gemlive: absent\n');
    expect(output).toContain('  other: IDLE   <- not as assumed');
    expect(output).toMatch(/conformance: 1 scenarios, 1 probes, 0 failed, \d+ differences/);
    expect(code).toBe(0);
  });

  it('finds nothing between two servers of ours but what they were told to do otherwise', async () => {
    const same = await startLiveServer();
    const { output } = await conformance(['text', 'tool-blocking', '--real-url', same.url]);
    await same.close();
    expect(output).not.toMatch(/^ +(frames|order) /m);
    expect(output).toContain('as other');
    const brief = await startLiveServer({ goAwaySeconds: 0.5 });
    const cut = await conformance(['audio', '--real-url', brief.url]);
    await brief.close();
    expect(cut.output).toContain('other did not finish');
    expect(cut.output).toMatch(/frames +only other: goAway/);
  });

  it('skips --real without a key, and says so', async () =>
    expect(await conformance(['--real'])).toEqual({
      code: 0,
      output: 'skipped: --real needs GEMINI_API_KEY, and there is none\n',
    }));

  it.each([
    [['nobody'], /unknown name "nobody"; there are probes, timing, text/],
    [['--turns', 'x'], /--turns is no count: x/],
    [['--real', '--real-url', 'http://localhost:1'], /exclude each other/],
    [['--unheard-of'], /try: npm run conformance/],
  ])('%j is a mistake', async (args, words) => {
    const { code, output } = await conformance(args);
    expect(output).toMatch(words);
    expect(code).toBe(2);
  });
});

describe('each open question', () => {
  setFixtures(join(ROOT, 'audio-fixtures'));

  it.concurrent.each(OPEN_QUESTIONS)(
    '$id: the server goes by the data',
    async ({ id, assumed }) => {
      const server = await startLiveServer({ tts: 'none' });
      const stage = new Stage({ name: 'local', url: server.url, key: undefined });
      try {
        expect(await PROBES[id](stage)).toBe(assumed);
      } finally {
        stage.close();
        await server.close();
      }
    },
  );
});

describe('the timing of an answer', () => {
  it('a short first chunk, all generated early, the turn over when the sound is', async () => {
    const server = await startLiveServer({ stt: 'none' });
    const stage = new Stage({ name: 'local', url: server.url, key: undefined });
    const timings = await timeTextTurns(stage, 3);
    for (const { firstChunkMs, soundMs, generatedMs, heldMs } of timings) {
      expect(firstChunkMs).toBeLessThan(100);
      expect(generatedMs).toBeLessThan(soundMs);
      // Late is the machine's affair; early would be wrong anywhere.
      expect(heldMs).toBeGreaterThan(-5);
    }
    console.log(timingLines('timing in CI: text', timings).join('\n'));
    stage.close();
    await server.close();
  });
});
