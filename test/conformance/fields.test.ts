/** What works and only a bare client can send. */
import { describe, expect, it } from 'vitest';
import {
  ALPHA_PATH,
  openSession,
  sendSound,
  soundOf,
  VERTEX_PATH,
  wordsOf,
  type LiveClient,
} from '../support/liveClient.ts';
import { CALLER } from './brain.ts';
import { fixture } from './clients/sdk.ts';
import { fieldsIn } from './fieldPaths.ts';
import { watchedServer } from './watch.ts';

const WORDS = { outputAudioTranscription: {} };
const VERTEX_MODEL = { model: 'publishers/google/models/gemini-3.8-live' };
const MANUAL = { automaticActivityDetection: { disabled: true } };

describe('what works', () => {
  const server = watchedServer('raw', 'fields', { stt: 'none', brain: CALLER });
  const say = (client: LiveClient, text: string) => client.send({ realtimeInput: { text } });
  const promptOf = async (client: LiveClient, count = 1): Promise<number> =>
    (await client.turn(count)).at(-1)?.usageMetadata?.promptTokenCount ?? NaN;

  it('a plain session has these fields and no others', async () => {
    const client = await openSession(server.url, WORDS);
    say(client, 'say yes');
    await client.turn();
    await client.close();
    const fields = client.frames.flatMap(({ data }) => fieldsIn(JSON.parse(data.toString())));
    expect([...new Set(fields)].sort()).toEqual(
      [
        'setupComplete',
        'serverContent',
        'serverContent.modelTurn',
        'Content.parts',
        'Part.inlineData',
        'Blob.data',
        'Blob.mimeType',
        'serverContent.outputTranscription',
        'Transcription.text',
        'serverContent.generationComplete',
        'serverContent.turnComplete',
        'usageMetadata',
        'usageMetadata.promptTokenCount',
        'usageMetadata.responseTokenCount',
        'usageMetadata.totalTokenCount',
        'usageMetadata.promptTokensDetails',
        'usageMetadata.responseTokensDetails',
        'ModalityTokenCount.modality',
        'ModalityTokenCount.tokenCount',
      ].sort(),
    );
  });

  it('history is given first, and answered only when it is asked about', async () => {
    const client = await openSession(server.url, {
      ...WORDS,
      historyConfig: { initialHistoryInClientContent: true },
    });
    client.send({
      clientContent: {
        turns: [
          { role: 'user', parts: [{ text: 'My name is Ada.' }] },
          { role: 'model', parts: [{ text: 'Nice to meet you, Ada.' }] },
        ],
        turnComplete: true,
      },
    });
    say(client, 'what is my name');
    expect(wordsOf(await client.turn())).toBe('Your name is Ada.');
    await client.close();
  });

  it('Vertex: an id of the session, its own names of usage, and what was consumed', async () => {
    const client = await openSession(
      server.url,
      { ...VERTEX_MODEL, sessionResumption: { transparent: true } },
      VERTEX_PATH,
    );
    expect(client.received[0]?.setupComplete?.sessionId).toMatch(/^[\da-f-]{36}$/);
    say(client, 'say yes');
    const usage = (await client.turn()).at(-1)?.usageMetadata;
    expect(usage).toMatchObject({
      candidatesTokenCount: expect.any(Number),
      candidatesTokensDetails: [{ modality: 'AUDIO' }],
      trafficType: 'ON_DEMAND',
    });
    expect(usage).not.toHaveProperty('responseTokenCount');
    const { sessionResumptionUpdate } = await client.until(
      (message) => message.sessionResumptionUpdate?.newHandle !== undefined,
    );
    expect(sessionResumptionUpdate?.lastConsumedClientMessageIndex).toBe('1');
    await client.close();
  });

  it('Vertex: the beginning and the end of speech are told', async () => {
    const client = await openSession(
      server.url,
      { ...VERTEX_MODEL, explicitVadSignal: true },
      VERTEX_PATH,
    );
    sendSound(client, fixture('question.pcm'));
    sendSound(client, new Uint8Array(2 * 32_000));
    await client.until((message) => message.voiceActivity?.type === 'ACTIVITY_END');
    const told = client.received.flatMap(({ voiceActivity }) => voiceActivity ?? []);
    expect(told.map(({ type }) => type)).toEqual(['ACTIVITY_START', 'ACTIVITY_END']);
    for (const { audioOffset } of told) expect(audioOffset).toMatch(/^\d+(\.\d+)?s$/);
    await client.close();
  });

  it('the window slides: the prompt stays small', async () => {
    const prompts = await Promise.all(
      [
        {},
        {
          contextWindowCompression: { triggerTokens: '300', slidingWindow: { targetTokens: '50' } },
        },
      ].map(async (setup) => {
        const client = await openSession(server.url, setup);
        const parts = [{ text: 'words '.repeat(300) }];
        client.send({
          clientContent: {
            turns: [
              { role: 'user', parts },
              { role: 'model', parts },
            ],
          },
        });
        say(client, 'say yes');
        await client.turn();
        say(client, 'say no');
        const prompt = await promptOf(client, 2);
        await client.close();
        return prompt;
      }),
    );
    expect(prompts[0]).toBeGreaterThan(800);
    expect(prompts[1]).toBeLessThan(300);
  });

  it('all input is billed where the turn covers it', async () => {
    const prompts = await Promise.all(
      ['TURN_INCLUDES_ONLY_ACTIVITY', 'TURN_INCLUDES_ALL_INPUT'].map(async (turnCoverage) => {
        const client = await openSession(server.url, {
          realtimeInputConfig: { ...MANUAL, turnCoverage },
        });
        sendSound(client, new Uint8Array(4 * 32_000));
        client.send({ realtimeInput: { activityStart: {} } });
        sendSound(client, fixture('question.pcm').subarray(0, 32_000));
        client.send({ realtimeInput: { activityEnd: {} } });
        const prompt = await promptOf(client);
        await client.close();
        return prompt;
      }),
    );
    expect(prompts[0]).toBe(25);
    expect(prompts[1]).toBe(125);
  });

  it('a voice of its own', async () => {
    const sounds = await Promise.all(
      ['Kore', 'Puck'].map(async (voiceName) => {
        const speechConfig = { voiceConfig: { prebuiltVoiceConfig: { voiceName } } };
        const client = await openSession(server.url, { generationConfig: { speechConfig } });
        say(client, 'say the quick brown fox');
        const sound = soundOf(await client.turn());
        await client.close();
        return sound;
      }),
    );
    expect(sounds[0]?.equals(sounds[1] ?? Buffer.alloc(0))).toBe(false);
  });

  /** Half a second of speech in silence, under a detector that wants so much of it. */
  async function shortSpeech(prefixPaddingMs: number): Promise<LiveClient> {
    const client = await openSession(server.url, {
      inputAudioTranscription: {},
      realtimeInputConfig: { automaticActivityDetection: { prefixPaddingMs } },
    });
    sendSound(client, new Uint8Array(32_000));
    sendSound(client, fixture('question.pcm').subarray(16_000, 32_000));
    sendSound(client, new Uint8Array(2 * 32_000));
    return client;
  }
  const transcribed = ({ received }: LiveClient): boolean =>
    received.some((message) => message.serverContent?.inputTranscription);

  it('speech begins after as much of it as is asked for', async () => {
    const quick = await shortSpeech(20);
    await quick.until(() => transcribed(quick));
    await quick.close();
    const slow = await shortSpeech(1000);
    say(slow, 'say yes');
    await slow.turn();
    expect(transcribed(slow)).toBe(false);
    await slow.close();
  });

  it('the end of speech takes its time where it is to be patient', async () => {
    const prompts = await Promise.all(
      ['END_SENSITIVITY_HIGH', 'END_SENSITIVITY_LOW'].map(async (endOfSpeechSensitivity) => {
        const client = await openSession(server.url, {
          realtimeInputConfig: { automaticActivityDetection: { endOfSpeechSensitivity } },
        });
        sendSound(client, fixture('question.pcm'));
        sendSound(client, new Uint8Array(3 * 32_000));
        const prompt = await promptOf(client);
        await client.close();
        return prompt;
      }),
    );
    // 25 tokens a second: what was waited for is part of the utterance.
    expect((prompts[1] ?? NaN) - (prompts[0] ?? NaN)).toBeGreaterThanOrEqual(5);
  });

  it('proactive sound may be left as it is', async () => {
    const client = await openSession(
      server.url,
      {
        ...WORDS,
        proactivity: { proactiveAudio: true },
      },
      ALPHA_PATH,
    );
    say(client, 'say yes');
    expect(wordsOf(await client.turn())).toBe('Yes.');
    await client.close();
  });
});
