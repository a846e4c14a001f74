/** Every fault by its name, upon the normal server and as a step, seen by a bare client. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Script } from '../../src/server/script/script.ts';
import { startLiveServer } from '../../src/server/server.ts';
import {
  openClient,
  openSession,
  quiet,
  sendSound,
  soundOf,
  wordsOf,
  type LiveClient,
} from '../support/liveClient.ts';

const NO_ENGINES = { stt: 'none', llm: 'built-in', tts: 'none' };

/** Five chunks of sound at once, then the end of the turn. */
const SPEAKS: Script = {
  steps: [
    { expect: 'setup' },
    { send: 'setupComplete' },
    { expect: 'text' },
    { audio: { silence: '1200ms' } },
    {
      send: { serverContent: { outputTranscription: { text: 'words' }, generationComplete: true } },
    },
    { send: 'turnComplete' },
  ],
};

async function withFaults(
  script: Script,
  work: (client: LiveClient, faults: string[]) => Promise<void>,
): Promise<void> {
  const faults: string[] = [];
  const server = await startLiveServer({
    ...NO_ENGINES,
    script,
    onEvent: (event) => event.type === 'fault' && faults.push(event.message),
  });
  try {
    const client = await openSession(server.url, { outputAudioTranscription: {} });
    client.send({ realtimeInput: { text: 'what is 12 times 12' } });
    await work(client, faults);
  } finally {
    await server.close();
  }
}

describe('a fault upon the normal server', () => {
  it('drop: after so much sound there is no close frame', () =>
    withFaults(
      { faults: [{ fault: 'drop', after: { audio: '500ms' } }] },
      async (client, faults) => {
        expect(await client.closed).toEqual({ code: 1006, reason: '' });
        expect(soundOf(client.received).byteLength).toBeGreaterThanOrEqual(24_000);
        expect(client.received.some(({ serverContent }) => serverContent?.turnComplete)).toBe(
          false,
        );
        expect(faults).toEqual([]);
      },
    ));

  it('close: after a turn, with its code and reason', () =>
    withFaults(
      {
        faults: [
          { fault: 'close', after: { turns: 1 }, code: 1008, reason: 'The operation was aborted.' },
        ],
      },
      async (client) => {
        expect(wordsOf(await client.turn())).toBe('12 times 12 is 144.');
        expect(await client.closed).toEqual({ code: 1008, reason: 'The operation was aborted.' });
      },
    ));

  it('close: 1011 where nothing else is said, so long after the opening', () =>
    withFaults({ faults: [{ fault: 'close', at: '3s' }] }, async (client) => {
      expect(await client.closed).toEqual({ code: 1011, reason: 'Internal error encountered.' });
    }));

  it('goAway: announced, and the conversation goes on', () =>
    withFaults(
      { faults: [{ fault: 'goAway', after: { frames: 1 }, timeLeft: '9.5s' }] },
      async (client) => {
        const { goAway } = await client.until((message) => message.goAway !== undefined);
        expect(goAway).toEqual({ timeLeft: '9.5s' });
        expect(wordsOf(await client.turn())).toBe('12 times 12 is 144.');
      },
    ));

  it('unknown-keys: everywhere, beside what is known', () =>
    withFaults({ faults: [{ fault: 'unknown-keys' }] }, async (client) => {
      const turn = await client.turn();
      expect(wordsOf(turn)).toBe('12 times 12 is 144.');
      expect(client.received[0]).toMatchObject({ setupComplete: {}, gemliveUnknownKey: {} });
      expect(turn.at(-1)).toMatchObject({ serverContent: { gemliveUnknownKey: {} } });
    }));

  it('late-transcription: the same words after the turn', () =>
    withFaults({ faults: [{ fault: 'late-transcription', delay: '3s' }] }, async (client) => {
      expect(wordsOf(await client.turn())).toBe('');
      await client.until(() => wordsOf(client.received) === '12 times 12 is 144.');
    }));

  it('half-open: nothing comes any more, and the socket stays', () =>
    withFaults({ faults: [{ fault: 'half-open', after: { frames: 3 } }] }, async (client) => {
      await expect.poll(() => client.frames.length).toBe(3);
      let pongs = 0;
      client.socket.on('pong', () => (pongs += 1));
      client.socket.ping();
      client.send({ realtimeInput: { text: 'still there?' } });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect([client.frames.length, pongs, client.socket.readyState]).toEqual([3, 0, 1]);
    }));
});

describe('a fault on the way of sound', () => {
  it('slow-audio: at twice the speed of speech five chunks of 240 ms are 120 ms apart', () =>
    withFaults({ ...SPEAKS, faults: [{ fault: 'slow-audio', factor: 2 }] }, async (client) => {
      const sentAt = performance.now();
      const turn = await client.turn();
      expect(soundOf(turn).byteLength).toBe(57_600);
      // Timers may be late, never early; and a busy client sees the first chunk late.
      expect((client.received[5]?.at ?? 0) - sentAt).toBeGreaterThan(4 * 120 - 10);
      expect(turn.at(-1)?.serverContent).toEqual({ turnComplete: true });
    }));

  it('slow-audio: each chunk so much later than the one before', () =>
    withFaults({ ...SPEAKS, faults: [{ fault: 'slow-audio', delay: '60ms' }] }, async (client) => {
      const sentAt = performance.now();
      const turn = await client.turn();
      const sound = turn.filter(({ serverContent }) => serverContent?.modelTurn);
      expect(sound).toHaveLength(5);
      // A client that is busy sees chunks late, never early.
      for (const [index, { at }] of sound.entries())
        expect(at - sentAt).toBeGreaterThan(index * 60 - 10);
    }));

  it('burst: nothing for a while, then all at once and in order', () =>
    withFaults({ ...SPEAKS, faults: [{ fault: 'burst', hold: '400ms' }] }, async (client) => {
      const sentAt = performance.now();
      const turn = await client.turn();
      expect(turn.map(({ serverContent }) => Object.keys(serverContent ?? {})).slice(-3)).toEqual([
        ['modelTurn'],
        ['outputTranscription', 'generationComplete'],
        ['turnComplete'],
      ]);
      const sound = turn.filter(({ serverContent }) => serverContent?.modelTurn);
      expect((sound[0]?.at ?? 0) - sentAt).toBeGreaterThan(380);
    }));

  it('what waits is sent before the server closes', () =>
    withFaults(
      {
        steps: [
          { expect: 'setup' },
          { send: 'setupComplete' },
          { expect: 'text' },
          { fault: 'slow-audio', delay: '50ms' },
          { audio: { silence: '480ms' } },
          { close: 1000 },
        ],
      },
      async (client) => {
        expect((await client.closed).code).toBe(1000);
        expect(soundOf(client.received).byteLength).toBe(23_040);
      },
    ));
});

describe('a fault as a step', () => {
  it.each([
    ['not-json', (data: Buffer) => () => JSON.parse(data.toString()) as unknown, SyntaxError],
    [
      'bad-utf8',
      (data: Buffer) => () => new TextDecoder('utf-8', { fatal: true }).decode(data),
      TypeError,
    ],
  ] as const)('malformed-frame: %s', async (kind, read, error) => {
    const server = await startLiveServer({
      ...NO_ENGINES,
      script: { steps: [{ expect: 'setup' }, { fault: 'malformed-frame', kind }, { close: 1000 }] },
    });
    const frames: Buffer[] = [];
    const client = await openClient(server.url);
    client.socket.removeAllListeners('message');
    client.socket.on('message', (data: Buffer) => frames.push(data));
    client.send({ setup: { model: 'models/x' } });
    await client.closed;
    await server.close();
    expect(frames).toHaveLength(1);
    expect(read(frames[0] ?? Buffer.alloc(0))).toThrow(error);
  });

  it('ends with the connection: what the script still wanted is no fault of the client', () =>
    withFaults(
      {
        steps: [
          { expect: 'setup' },
          { send: 'setupComplete' },
          { fault: 'drop' },
          { expect: 'toolResponse' },
        ],
      },
      async (client, faults) => {
        expect((await client.closed).code).toBe(1006);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(faults).toEqual([]);
      },
    ));

  it('none ends those that last', () =>
    withFaults(
      {
        steps: [
          { expect: 'setup' },
          { fault: 'unknown-keys' },
          { send: 'setupComplete' },
          { fault: 'none' },
          { send: 'turnComplete' },
        ],
      },
      async (client) => {
        await client.turn();
        expect(client.received.map((message) => Object.keys(message))).toEqual([
          ['gemliveUnknownKey', 'setupComplete', 'at'],
          ['serverContent', 'at'],
        ]);
      },
    ));

  it('shape what a script says, several at once', () =>
    withFaults(
      {
        steps: [
          { expect: 'setup' },
          { send: 'setupComplete' },
          { fault: 'text-parts', text: 'I greet.' },
          { fault: 'whole-sentences' },
          { fault: 'refused-turns', content: true },
          { expect: 'text' },
          { send: { serverContent: { outputTranscription: { text: 'Hello ' } } } },
          { send: { serverContent: { outputTranscription: { text: 'there. ' } } } },
          { send: 'turnComplete' },
        ],
      },
      async (client) => {
        const turn = await client.turn();
        expect(turn.slice(1).map(({ serverContent }) => serverContent)).toEqual([
          { modelTurn: { parts: [{ text: 'I greet.' }] } },
          { outputTranscription: { text: 'Hello there.' } },
          { turnComplete: true, turnCompleteReason: 'RESPONSE_REJECTED' },
        ]);
      },
    ));
});

describe('what a client says', () => {
  const QUESTION = readFileSync(join(import.meta.dirname, '../../audio-fixtures/question.pcm'));

  async function speakTo(script: Script, setup: Record<string, unknown> = {}) {
    const faults: string[] = [];
    const server = await startLiveServer({
      ...NO_ENGINES,
      script,
      onEvent: (event) => event.type === 'fault' && faults.push(event.message),
    });
    const client = await openSession(server.url, setup);
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    const end = await client.closed;
    await server.close();
    return { client, end, faults };
  }

  it.each([
    ['transcribed', { inputAudioTranscription: {} }, '/speech/'],
    ['not transcribed', {}, undefined],
  ])('kill: an utterance ends the session, %s', async (_what, setup, words) => {
    const { client, end, faults } = await speakTo(
      { faults: [{ fault: 'kill', delay: '50ms', ...(words && { words }) }] },
      setup,
    );
    expect(end).toEqual({ code: 1007, reason: 'Request contains an invalid argument.' });
    expect(client.received.slice(1)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('refuse-handle: in either spelling, and a setup without one is well', () =>
    withFaults({ faults: [{ fault: 'refuse-handle' }] }, async (client) => {
      expect(wordsOf(await client.turn())).toBe('12 times 12 is 144.');
      const again = await openClient(
        client.socket.url.replace(/^ws/, 'http').replace(/\/ws\/.*/, ''),
      );
      again.send({
        setup: { model: 'models/gemini-3.8-live', session_resumption: { handle: 'h' } },
      });
      expect(await again.closed).toEqual({
        code: 1008,
        reason: 'BidiGenerateContent session expired',
      });
    }));
});
