/** Turns of the local server moment by moment: order, timing, interruptions, activity, usage. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { levelDbfs } from '../../src/audio/pcm.ts';
import { createResampler } from '../../src/audio/resample.ts';
import { floatFromS16, s16FromFloat } from '../../src/audio/pcm.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import {
  EXTENDED_THINKING,
  heardIn,
  openSession,
  quiet,
  sendSound,
  soundOf,
  VERTEX_PATH,
  wordsOf,
  type LiveClient,
  type Received,
} from '../support/liveClient.ts';

const fixture = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '../../audio-fixtures', name));
/** 0.50–2.17 s; 16 kHz mono. */
const QUESTION = fixture('question.pcm');
const STOP = fixture('stop.pcm');
/** The three questions; the header is not sound. */
const THREE = fixture('three-questions.wav').subarray(44);

const TRANSCRIBED = { inputAudioTranscription: {}, outputAudioTranscription: {} };
const MS_PER_BYTE = 1000 / 48_000;

/** `interrupted`, `turnComplete`, `sound`, …: what a message says, in the order of its keys. */
function kinds(messages: readonly Received[]): string[] {
  return messages.map(({ serverContent: content }) => {
    if (!content) return 'other';
    if (content.interrupted) return 'interrupted';
    if (content.turnComplete) return 'turnComplete';
    if (content.generationComplete) return 'generationComplete';
    if (content.inputTranscription) return 'heard';
    return 'answer';
  });
}

const secondsIn = (text: string | undefined): number =>
  Number(/\[speech, ([\d.]+) s\]/.exec(text ?? '')?.[1]);

let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer({ stt: 'none', tts: 'none', allowRetired: true });
});
afterAll(() => server.close());

describe.concurrent('an answer', () => {
  it('says its words in order, all before generationComplete, usage with turnComplete', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    client.send({ realtimeInput: { text: 'say one two three. Four five six!' } });
    const turn = await client.turn();
    expect(wordsOf(turn)).toBe('One two three. Four five six!');
    const order = kinds(turn);
    expect(order.filter((kind) => kind === 'answer').length).toBeGreaterThan(3);
    expect(order.slice(-2)).toEqual(['generationComplete', 'turnComplete']);
    expect(new Set(order.slice(1, -2))).toEqual(new Set(['answer']));
    expect(turn.at(-1)?.serverContent).toEqual({ turnComplete: true });
    expect(turn.at(-1)?.usageMetadata?.totalTokenCount).toBeGreaterThan(0);
    expect(turn.slice(0, -1).every((message) => message.usageMetadata === undefined)).toBe(true);
    await client.close();
  });

  it('of 2.5 has one thing in a message', async () => {
    const client = await openSession(server.url, {
      model: 'models/gemini-2.5-flash-native-audio-latest',
      ...TRANSCRIBED,
    });
    client.send({ realtimeInput: { text: 'say one two three' } });
    const turn = await client.turn();
    expect(wordsOf(turn)).toBe('One two three.');
    expect(soundOf(turn).length).toBeGreaterThan(0);
    for (const { serverContent } of turn.slice(1)) {
      expect(Object.keys(serverContent ?? {})).toHaveLength(1);
    }
    await client.close();
  });

  it('of extended thinking ends with interactionStatus IDLE', async () => {
    const client = await openSession(server.url, EXTENDED_THINKING);
    client.send({ realtimeInput: { text: 'say yes' } });
    expect((await client.turn()).at(-1)?.serverContent).toEqual({
      turnComplete: true,
      interactionStatus: 'IDLE',
    });
    await client.close();
  });

  it.each<[string, object, boolean, boolean]>([
    ['gemini-3.8-live', {}, false, true],
    ['gemini-3.1-flash-live-preview', {}, true, false],
    ['gemini-2.5-flash-native-audio-latest', {}, false, false],
    ['gemini-2.5-flash-native-audio-latest', TRANSCRIBED, true, true],
    ['gemini-3.8-live', { inputAudioTranscription: {} }, true, true],
  ])(
    '%s transcribes what was asked for (%j): input %s, output %s',
    async (id, asked, input, output) => {
      const client = await openSession(server.url, { model: `models/${id}`, ...asked });
      sendSound(client, QUESTION);
      sendSound(client, quiet(1000));
      const turn = await client.turn();
      expect(heardIn(turn)).toHaveLength(input ? 1 : 0);
      expect(wordsOf(turn) !== '').toBe(output);
      await client.close();
    },
  );

  it('ends where maxOutputTokens are spent', async () => {
    const client = await openSession(server.url, { generationConfig: { maxOutputTokens: 25 } });
    client.send({ realtimeInput: { text: 'count to 20' } });
    const turn = await client.turn();
    expect(soundOf(turn).length * MS_PER_BYTE).toBeCloseTo(1000, -1);
    expect(turn.at(-1)?.usageMetadata?.responseTokenCount).toBe(25);
    await client.close();
  });
});

describe.concurrent('usage', () => {
  it('is the whole context anew each turn, 25 tokens a second of sound', async () => {
    const client = await openSession(server.url, {
      systemInstruction: { parts: [{ text: 'Be brief. '.repeat(20) }] },
    });
    client.send({ realtimeInput: { text: 'say one two three' } });
    const one = (await client.turn(1)).at(-1)?.usageMetadata;
    client.send({ realtimeInput: { text: 'say one two three' } });
    const two = (await client.turn(2)).at(-1)?.usageMetadata;
    expect(one?.promptTokenCount).toBeGreaterThan(50);
    expect(one?.responseTokensDetails).toEqual([{ modality: 'AUDIO', tokenCount: 30 }]); // 1.2 s
    expect(one?.totalTokenCount).toBe((one?.promptTokenCount ?? 0) + 30);
    expect(two?.promptTokenCount).toBeGreaterThan(one?.totalTokenCount ?? 0);
    expect(two?.promptTokensDetails).toContainEqual({ modality: 'AUDIO', tokenCount: 30 });
    await client.close();
  });

  it('counts the sound of an utterance once', async () => {
    const client = await openSession(server.url);
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    const usage = (await client.turn()).at(-1)?.usageMetadata;
    const audio = usage?.promptTokensDetails?.find(({ modality }) => modality === 'AUDIO');
    expect(audio?.tokenCount).toBeGreaterThan(1.6 * 25);
    expect(audio?.tokenCount).toBeLessThan(3.5 * 25);
    await client.close();
  });
});

describe.concurrent('speech', () => {
  it('is measured, never invented, and played back as a sound check', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    const turn = await client.turn();
    const [heard] = heardIn(turn);
    expect(secondsIn(heard)).toBeGreaterThan(1.4);
    expect(secondsIn(heard)).toBeLessThan(2);
    expect(wordsOf(turn)).toBe(`[your own words, ${secondsIn(heard).toFixed(1)} s]`);
    expect(kinds(turn).indexOf('heard')).toBeLessThan(kinds(turn).indexOf('answer'));
    // The user's own sound is in it: 100 ms from the middle of it, at 24 kHz.
    const resampler = await createResampler(16_000, 24_000);
    const own = s16FromFloat(resampler.push(floatFromS16(QUESTION.subarray(28_800, 32_000))));
    resampler.close();
    const reply = soundOf(turn);
    expect(correlation(own, reply)).toBeGreaterThan(0.99);
    expect(levelDbfs(reply)).toBeGreaterThan(-40);
    await client.close();
  });

  it('at 48 kHz is resampled', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    const resampler = await createResampler(16_000, 48_000);
    const pcm = s16FromFloat(resampler.push(floatFromS16(Buffer.concat([QUESTION, quiet(1000)]))));
    resampler.close();
    sendSound(client, pcm, 48_000);
    const [heard] = heardIn(await client.turn());
    expect(secondsIn(heard)).toBeGreaterThan(1.4);
    expect(secondsIn(heard)).toBeLessThan(2);
    await client.close();
  });

  it('in pieces of any size, samples cut in two, is the same', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    const pcm = Buffer.concat([QUESTION, quiet(1000)]);
    for (let at = 0; at < pcm.length; at += 1_111) {
      const data = pcm.subarray(at, at + 1_111).toString('base64');
      client.send({ realtimeInput: { audio: { data, mimeType: 'audio/pcm' } } });
    }
    const [heard] = heardIn(await client.turn());
    expect(secondsIn(heard)).toBeGreaterThan(1.4);
    expect(secondsIn(heard)).toBeLessThan(2);
    await client.close();
  });

  /** The words of the recording end half a second before it does. */
  it.each<[object, number, number]>([
    [{}, 100, 400],
    [{ silenceDurationMs: 1500 }, 700, 600],
    [{ endOfSpeechSensitivity: 'END_SENSITIVITY_LOW' }, 500, 500],
  ])(
    'under %j has not ended after %d ms more, and has after another %d',
    async (config, earlyMs, moreMs) => {
      const client = await openSession(server.url, {
        ...TRANSCRIBED,
        realtimeInputConfig: { automaticActivityDetection: config },
      });
      sendSound(client, QUESTION);
      sendSound(client, quiet(earlyMs));
      await sleep(300);
      expect(client.received).toHaveLength(1);
      sendSound(client, quiet(moreMs));
      await client.until((message) => heardIn([message]).length > 0);
      await client.close();
    },
  );

  it('ends within the recording where the setup is hasty', async () => {
    const client = await openSession(server.url, {
      ...TRANSCRIBED,
      realtimeInputConfig: { automaticActivityDetection: { silenceDurationMs: 300 } },
    });
    sendSound(client, QUESTION);
    await client.until((message) => heardIn([message]).length > 0);
    await client.close();
  });

  it('is flushed by audioStreamEnd', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    sendSound(client, QUESTION.subarray(0, 70_000));
    await sleep(200);
    expect(client.received).toHaveLength(1);
    client.send({ realtimeInput: { audioStreamEnd: true } });
    expect(heardIn(await client.turn(1))).toHaveLength(1);
    // And taken up again.
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    expect(secondsIn(heardIn(await client.turn(2))[0])).toBeGreaterThan(1.4);
    await client.close();
  });

  it('between markers is one utterance, whatever the pauses', async () => {
    const client = await openSession(server.url, {
      ...TRANSCRIBED,
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
    });
    sendSound(client, QUESTION); // outside: not heard
    client.send({ realtimeInput: { activityStart: {} } });
    sendSound(client, THREE);
    client.send({ realtimeInput: { activityEnd: {} } });
    const turn = await client.turn();
    expect(heardIn(turn)).toHaveLength(1);
    expect(secondsIn(heardIn(turn)[0])).toBeCloseTo(THREE.length / 32_000, 0);
    await client.close();
  });

  it('between markers may be longer than any breath', async () => {
    const client = await openSession(server.url, {
      ...TRANSCRIBED,
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
    });
    client.send({ realtimeInput: { activityStart: {} } });
    for (let i = 0; i < 10; i++) sendSound(client, THREE);
    await sleep(300);
    expect(client.received).toHaveLength(1);
    client.send({ realtimeInput: { activityEnd: {} } });
    const heard = await client.until((message) => heardIn([message]).length > 0);
    expect(secondsIn(heardIn([heard])[0])).toBeCloseTo((10 * THREE.length) / 32_000, 0);
    await client.close();
  });

  it('without an end is ended after a minute', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    // 1.2 s of speech over and over: no pause of 800 ms in it.
    for (let i = 0; i < 60; i++) sendSound(client, QUESTION.subarray(19_200, 57_600));
    const heard = await client.until((message) => heardIn([message]).length > 0);
    expect(secondsIn(heardIn([heard])[0])).toBeCloseTo(60, -1);
    await client.close();
  });

  it('that is silence gives no turn', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    sendSound(client, quiet(5000));
    client.send({ realtimeInput: { audioStreamEnd: true } });
    await sleep(300);
    expect(client.received).toHaveLength(1);
    await client.close();
  });

  it('in three utterances gives three turns in order where nothing interrupts', async () => {
    const client = await openSession(server.url, {
      ...TRANSCRIBED,
      realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' },
    });
    sendSound(client, THREE);
    sendSound(client, quiet(1000));
    const turns = [await client.turn(1), await client.turn(2), await client.turn(3)];
    for (const turn of turns) {
      const order = kinds(turn).filter((kind) => kind !== 'other');
      expect(order[0]).toBe('heard');
      expect(order.slice(-2)).toEqual(['generationComplete', 'turnComplete']);
      expect(order).not.toContain('interrupted');
      expect(order.filter((kind) => kind === 'heard')).toHaveLength(1);
    }
    expect(turns.map((turn) => secondsIn(heardIn(turn)[0]) > 1)).toEqual([true, false, true]);
    await client.close();
  });
});

describe.concurrent('an interruption', () => {
  /** A long answer under way. */
  async function counting(client: LiveClient): Promise<number> {
    client.send({ realtimeInput: { text: 'count to 100' } });
    await client.until((message) => soundOf([message]).length > 0);
    await sleep(100);
    return client.received.length;
  }

  it('by speech: interrupted, turnComplete with usage, then the new turn; no generationComplete', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    const before = await counting(client);
    sendSound(client, STOP);
    sendSound(client, quiet(1000));
    await client.turn(2);
    const after = client.received.slice(before);
    const order = kinds(after).filter((kind, index) => index > 0 || kind !== 'answer');
    const cut = order.indexOf('interrupted');
    expect(new Set(order.slice(0, cut))).not.toContain('generationComplete');
    expect(order.slice(cut, cut + 3)).toEqual(['interrupted', 'turnComplete', 'heard']);
    expect(order.filter((kind) => kind === 'interrupted')).toHaveLength(1);
    const usage = after.find((message) => message.serverContent?.turnComplete)?.usageMetadata;
    const sent = soundOf(
      client.received.slice(0, client.received.indexOf(after[0] as Received) + 1),
    );
    expect(usage?.responseTokenCount).toBeGreaterThanOrEqual(
      Math.floor((sent.length * MS_PER_BYTE) / 40),
    );
    expect(usage?.responseTokenCount).toBeLessThan(40 * 25); // what was sent, not what was meant
    await client.close();
  });

  it('leaves nothing of the dead turn behind', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    await counting(client);
    client.send({ realtimeInput: { text: 'say stop' } });
    await client.turn(2);
    const cut = client.received.findIndex((message) => message.serverContent?.interrupted);
    expect(wordsOf(client.received.slice(cut))).toBe('Stop.');
    await sleep(500);
    expect(wordsOf(client.received.slice(cut))).toBe('Stop.');
    await client.close();
  });

  it('comes also while the end is held', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    client.send({ realtimeInput: { text: 'count to 10' } });
    await client.until((message) => message.serverContent?.generationComplete === true);
    const from = client.received.length;
    client.send({ realtimeInput: { text: 'say stop' } });
    await client.turn(2);
    expect(kinds(client.received.slice(from)).slice(0, 2)).toEqual(['interrupted', 'turnComplete']);
    await client.close();
  });

  it.each([
    [
      'clientContent',
      {
        clientContent: {
          turns: [{ role: 'user', parts: [{ text: 'say stop' }] }],
          turnComplete: true,
        },
      },
    ],
    [
      'content that waits for more',
      { clientContent: { turns: [{ role: 'user', parts: [{ text: 'x' }] }] } },
    ],
    ['text', { realtimeInput: { text: 'say stop' } }],
  ])('by %s', async (_by, message) => {
    const client = await openSession(server.url);
    const from = await counting(client);
    client.send(message);
    await client.until(({ serverContent }) => serverContent?.turnComplete === true, from);
    const order = kinds(client.received.slice(from)).filter((kind) => kind !== 'answer');
    expect(order.slice(0, 2)).toEqual(['interrupted', 'turnComplete']);
    await client.close();
  });

  it('by activityStart, and by nothing else while markers rule', async () => {
    const client = await openSession(server.url, {
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
    });
    const from = await counting(client);
    sendSound(client, QUESTION);
    await sleep(200);
    expect(kinds(client.received.slice(from))).not.toContain('interrupted');
    client.send({ realtimeInput: { activityStart: {} } });
    await client.until((message) => message.serverContent?.interrupted === true);
    await client.close();
  });

  it('does not happen with NO_INTERRUPTION: the next answer waits', async () => {
    const client = await openSession(server.url, {
      ...TRANSCRIBED,
      realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' },
    });
    client.send({ realtimeInput: { text: 'count to 5' } });
    await client.until((message) => soundOf([message]).length > 0);
    client.send({ realtimeInput: { text: 'say next' } });
    expect(wordsOf(await client.turn(1))).toBe('1, 2, 3, 4, 5.');
    expect(wordsOf(await client.turn(2))).toBe('Next.');
    expect(kinds(client.received)).not.toContain('interrupted');
    await client.close();
  });

  it('of an answer that has not begun: only the last of many is answered, and each turn ends once', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    for (let i = 0; i < 50; i++) client.send({ realtimeInput: { text: `say ${i}` } });
    await client.until((message) => wordsOf([message]).includes('49'));
    await client.until(
      (message) => message.serverContent?.turnComplete === true,
      client.received.length,
    );
    const order = kinds(client.received);
    const count = (kind: string): number => order.filter((one) => one === kind).length;
    expect(count('turnComplete')).toBe(count('interrupted') + 1);
    expect(order.at(-1)).toBe('turnComplete');
    await client.close();
  });

  it('does not keep an utterance for a conversation that has moved on', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    sendSound(client, QUESTION);
    sendSound(client, quiet(810 - 500 + 100));
    client.send({ realtimeInput: { text: 'say yes' } });
    await client.until((message) => wordsOf([message]).includes('Yes'));
    await client.until(
      (message) => message.serverContent?.turnComplete === true,
      client.received.length,
    );
    const from = client.received.length;
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    const heard = await client.until((message) => heardIn([message]).length > 0, from);
    expect(secondsIn(heardIn([heard])[0])).toBeLessThan(2);
    await client.close();
  });
});

describe.concurrent('content', () => {
  const user = (text: string): object => ({ role: 'user', parts: [{ text }] });
  const model = (text: string): object => ({ role: 'model', parts: [{ text }] });

  it('is remembered, and answered with the last of the user', async () => {
    const client = await openSession(server.url);
    client.send({
      clientContent: {
        turns: [user('my name is Ada'), model('Hello Ada.'), user('what is my name?')],
        turnComplete: true,
      },
    });
    expect(wordsOf(await client.turn())).toBe('Your name is Ada.');
    await client.close();
  });

  it('gathers until it is complete', async () => {
    const client = await openSession(server.url);
    client.send({ clientContent: { turns: [user('what is 3 plus 4')], turnComplete: false } });
    await sleep(200);
    expect(client.received).toHaveLength(1);
    client.send({ clientContent: { turnComplete: true } });
    expect(wordsOf(await client.turn())).toBe('3 plus 4 is 7.');
    await client.close();
  });

  it('on 3.1 is history before the first word, and then refused', async () => {
    const client = await openSession(server.url, {
      model: 'models/gemini-3.1-flash-live-preview',
      historyConfig: { initialHistoryInClientContent: true },
      outputAudioTranscription: {},
    });
    client.send({ clientContent: { turns: [user('my name is Ada')] } });
    client.send({ clientContent: { turns: [model('Hello.')], turnComplete: true } });
    await sleep(200);
    expect(client.received).toHaveLength(1); // no answer to history
    client.send({ realtimeInput: { text: 'what is my name' } });
    expect(wordsOf(await client.turn())).toBe('Your name is Ada.');
    client.send({ clientContent: { turns: [user('hi')], turnComplete: true } });
    expect(await client.closed).toEqual({
      code: 1007,
      reason: 'Request contains an invalid argument.',
    });
  });

  it('on Vertex is the same', async () => {
    const client = await openSession(
      server.url,
      { model: 'publishers/google/models/gemini-3.8-live' },
      VERTEX_PATH,
    );
    client.send({ clientContent: { turns: [user('say yes')], turnComplete: true } });
    expect(wordsOf(await client.turn())).toBe('Yes.');
    await client.close();
  });
});

/** Of `part` with the best place for it in the first second of `whole`: 1 is the same sound. */
function correlation(part: Uint8Array, whole: Uint8Array): number {
  const a = floatFromS16(part);
  const b = floatFromS16(whole);
  let best = 0;
  for (let lag = 0; lag <= Math.min(24_000, b.length - a.length); lag += 1) {
    let dot = 0;
    let energyA = 0;
    let energyB = 0;
    for (let i = 0; i < a.length; i += 1) {
      const x = a[i] ?? 0;
      const y = b[i + lag] ?? 0;
      dot += x * y;
      energyA += x * x;
      energyB += y * y;
    }
    best = Math.max(best, dot / Math.sqrt(energyA * energyB || 1));
  }
  return best;
}
