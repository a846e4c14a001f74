/** Answers that the service does not finish, refuses, or says twice, as the user of the built program has them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseWav } from '../../src/audio/wav.ts';
import { audioBlob } from '../../src/protocol/codec.ts';
import { eventsIn, runCli, type CliResult } from '../support/cli.ts';
import { afterSetup, startScriptedServer, type Peer } from '../support/scriptedServer.ts';

const question = join(import.meta.dirname, '..', '..', 'audio-fixtures', 'question.wav');
const folder = mkdtempSync(join(tmpdir(), 'gemlive-untidy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The program against a server that does what `script` says after the setup. */
async function against(
  script: (peer: Peer) => Promise<void> | void,
  args: readonly string[],
): Promise<CliResult> {
  const server = await startScriptedServer(afterSetup(script));
  try {
    return await runCli([...args, '--base-url', server.url], { timeoutMs: 25_000 });
  } finally {
    await server.close();
  }
}

const tone = (ms: number, rateHz = 24_000, amplitude = 8_000): Uint8Array => {
  const samples = Int16Array.from({ length: (rateHz * ms) / 1000 }, (_, at) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * 440 * at) / rateHz)),
  );
  return new Uint8Array(samples.buffer);
};
const sound = (pcm: Uint8Array, rateHz = 24_000) => ({
  serverContent: { modelTurn: { parts: [{ inlineData: audioBlob(pcm, rateHz) }] } },
});
const spoken = (text: string) => ({ serverContent: { outputTranscription: { text } } });
const complete = (reason?: string) => ({
  serverContent: { turnComplete: true, ...(reason && { turnCompleteReason: reason }) },
});
const half = (peer: Peer): void => {
  peer.send(sound(tone(500)));
  peer.send(spoken('The answer is rather long and '));
};

describe('an answer that stops half-way', () => {
  it.concurrent('chat prints what came, and does not leave with 0', async () => {
    const result = await against(
      async (peer) => {
        await peer.next();
        half(peer);
      },
      ['chat', 'how does it work'],
    );
    expect(result).toMatchObject({ code: 6, stdout: 'The answer is rather long and\n' });
    expect(result.stderr).toMatch(/^error: the answer is not complete\n  why: .*\n  try: .*\n$/);
  });

  it.concurrent('file keeps its words and its sound', async () => {
    const reply = join(folder, 'half.wav');
    const result = await against(
      async (peer) => {
        for (let frames = 0; frames < 120; frames += 1) await peer.next();
        half(peer);
      },
      ['file', question, '-o', reply, '--json'],
    );
    expect(result.code).toBe(6);
    const events = eventsIn(result.stdout);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'model', text: 'The answer is rather long and' }),
    );
    expect(events).toContainEqual(expect.objectContaining({ type: 'turn', reason: 'CUT_OFF' }));
    expect(parseWav(readFileSync(reply)).data.byteLength).toBe(24_000);
  });
});

describe('a server that ends the session with 1000', () => {
  it.concurrent('has done its work when the answer is whole', async () => {
    const result = await against(
      async (peer) => {
        await peer.next();
        half(peer);
        peer.send({ serverContent: { generationComplete: true } });
        peer.socket.close(1000);
      },
      ['chat', 'how does it work', '--json'],
    );
    expect([result.code, result.stderr]).toEqual([0, '']);
  });

  it.concurrent('has not when the answer is half', async () => {
    const result = await against(
      async (peer) => {
        await peer.next();
        half(peer);
        peer.socket.close(1000);
      },
      ['chat', 'how does it work', '--json'],
    );
    expect(result.code).toBe(6);
  });
});

describe('an answer that is refused', () => {
  it.concurrent.each([
    ['without a word', []],
    ['after some words', [spoken('Well, ')]],
  ])('%s ends file at once, with the reason', async (_when, words) => {
    const begun = performance.now();
    const result = await against(
      async (peer) => {
        for (let frames = 0; frames < 120; frames += 1) await peer.next();
        for (const message of words) peer.send(message);
        peer.send(complete('RESPONSE_REJECTED'));
      },
      ['file', question],
    );
    expect(result.code).toBe(6);
    expect(result.stderr).toContain('RESPONSE_REJECTED');
    expect(result.stdout).toBe(words.length === 0 ? '' : 'Well,\n');
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});

it.concurrent('file writes sound at the rate that the service names', async () => {
  const reply = join(folder, 'rate.wav');
  const result = await against(
    async (peer) => {
      for (let frames = 0; frames < 120; frames += 1) await peer.next();
      peer.send(sound(tone(1_000, 48_000), 48_000));
      peer.send(spoken('One second.'));
      peer.send({ serverContent: { generationComplete: true } });
      peer.send(complete());
    },
    ['file', question, '-o', reply],
  );
  expect(result).toMatchObject({ code: 0, stdout: 'One second.\n', stderr: '' });
  const { data } = parseWav(readFileSync(reply));
  expect(data.byteLength).toBe(48_000);
  const samples = new Int16Array(new Uint8Array(data).buffer);
  const upwards = samples.filter((sample, at) => sample >= 0 && (samples[at - 1] ?? 0) < 0);
  expect(upwards.length).toBeGreaterThan(435);
  expect(upwards.length).toBeLessThan(445);
});

describe('a frame that is an error', () => {
  const quota = {
    error: {
      code: 429,
      message: 'You exceeded your current quota, please check your plan.',
      status: 'RESOURCE_EXHAUSTED',
    },
  };

  it.concurrent.each([
    ['in the midst of an answer', true],
    ['in place of setupComplete', false],
  ])('%s ends chat at once, with its words', async (_when, isSetUp) => {
    const begun = performance.now();
    const server = await startScriptedServer(async (peer) => {
      await peer.next();
      if (isSetUp) {
        peer.send({ setupComplete: {} });
        await peer.next();
        half(peer);
      }
      peer.send(quota);
    });
    const result = await runCli(['chat', 'hello', '--base-url', server.url]);
    await server.close();
    expect(result.code).toBe(7);
    expect(result.stderr).toMatch(
      /^error: .*exceeded your current quota.*\n  why: .*\n  try: .*\n$/,
    );
    expect(result.stdout).toBe(isSetUp ? 'The answer is rather long and\n' : '');
    expect(performance.now() - begun).toBeLessThan(9_000);
  });
});

it.concurrent('chat prints a receipt that comes behind the end of the turn, on a line of its own', async () => {
  const result = await against(
    async (peer) => {
      await peer.next();
      peer.send(spoken('Hello.'));
      peer.send({ serverContent: { generationComplete: true } });
      peer.send(complete());
      await new Promise((resolve) => setTimeout(resolve, 300));
      peer.send({
        serverContent: {},
        usageMetadata: { promptTokenCount: 1_000, totalTokenCount: 1_000 },
      });
    },
    ['chat', 'hello', '--usage'],
  );
  expect(result).toMatchObject({ code: 0, stdout: 'Hello.\n' });
  expect(result.stderr).toContain('usage: 1000 ');
});

it.concurrent('talk says once that answers are nearly silent', async () => {
  const server = await startScriptedServer(
    afterSetup(async (peer) => {
      await peer.next();
      for (const words of ['One.', 'Two.']) {
        peer.send(sound(tone(1_000, 24_000, 5)));
        peer.send(spoken(words));
        peer.send({ serverContent: { generationComplete: true } });
        peer.send(complete());
        await new Promise((resolve) => setTimeout(resolve, 1_500));
      }
    }),
  );
  const args = ['talk', '--greet', 'Hi', '--no-mic', '--no-speaker', '--max-duration', '4'];
  const result = await runCli([...args, '--base-url', server.url]);
  await server.close();
  expect(result).toMatchObject({ code: 0, stdout: 'One.\nTwo.\n' });
  expect(result.stderr.match(/nearly silent: −7\d dBFS/g)).toHaveLength(1);
});
