/** The official SDK, a client that nobody here wrote, talks with the local Live server. */
import {
  ActivityHandling,
  EndSensitivity,
  GoogleGenAI,
  HarmBlockThreshold,
  HarmCategory,
  MediaResolution,
  Modality,
  StartSensitivity,
  TurnCoverage,
  type LiveConnectConfig,
} from '@google/genai';
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import {
  connectSdk,
  fixture,
  heard,
  milestones,
  soundBytes,
  speak,
  spoken,
  turn,
  turnsOver,
  VOICE,
} from './clients/sdk.ts';
import { watchedServer } from './watch.ts';

const server = watchedServer('SDK', 'officialSdk');
const connect = (config: LiveConnectConfig) => connectSdk(config, { url: server.url });

describe('the official SDK talks to the local server', () => {
  it('in text: sound, words, generationComplete, turnComplete with usage', async () => {
    const client = await connect(VOICE);
    expect(client.messages[0]?.setupComplete).toBeDefined();
    client.session.sendClientContent({
      turns: [{ role: 'user', parts: [{ text: 'what is 12 times 12' }] }],
    });
    await turn(client);
    expect(spoken(client)).toBe('12 times 12 is 144.');
    expect(soundBytes(client)).toBeGreaterThan(24_000);
    expect(milestones(client)).toEqual(['generated', 'over']);
    const usage = client.messages.find(({ usageMetadata }) => usageMetadata)?.usageMetadata;
    expect(usage?.promptTokenCount).toBeGreaterThan(0);
    expect(usage?.responseTokensDetails).toEqual([
      { modality: 'AUDIO', tokenCount: expect.any(Number) },
    ]);
    client.session.close();
  });

  it('by realtime text, too', async () => {
    const client = await connect(VOICE);
    client.session.sendRealtimeInput({ text: 'say hello' });
    await turn(client);
    expect(spoken(client)).toBe('Hello.');
    client.session.close();
  });

  it('in sound: both transcriptions', async () => {
    const client = await connect(VOICE);
    await speak(client, fixture('question.pcm'), () => turnsOver(client) === 0);
    expect(heard(client)).toBe('what is twelve times twelve');
    expect(spoken(client)).toBe('12 times 12 is 144.');
    client.session.close();
  });

  it('and is interrupted when it speaks over the answer', async () => {
    const client = await connect(VOICE);
    client.session.sendRealtimeInput({ text: 'count to one hundred' });
    await until('an answer', () => soundBytes(client) > 0);
    await speak(client, fixture('stop.pcm'), () => turnsOver(client) < 2);
    expect(milestones(client)).toEqual(['interrupted', 'over', 'generated', 'over']);
    expect(heard(client)).toContain('time is it');
    client.session.close();
  });

  it('with activity markers', async () => {
    const client = await connect({
      ...VOICE,
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
    });
    client.session.sendRealtimeInput({ activityStart: {} });
    await speak(client, fixture('question.pcm'), () => false);
    client.session.sendRealtimeInput({ activityEnd: {} });
    await turn(client);
    expect(heard(client)).toBe('what is twelve times twelve');
    client.session.close();
  });

  it('with a history, roles and all', async () => {
    const client = await connect(VOICE);
    client.session.sendClientContent({
      turns: [
        { role: 'user', parts: [{ text: 'My name is Ada.' }] },
        { role: 'model', parts: [{ text: 'Nice to meet you, Ada.' }] },
      ],
      turnComplete: false,
    });
    client.session.sendClientContent({
      turns: [{ role: 'user', parts: [{ text: 'what is my name' }] }],
      turnComplete: true,
    });
    await turn(client);
    expect(spoken(client)).toBe('Your name is Ada.');
    expect(turnsOver(client)).toBe(1);
    client.session.close();
  });

  it('and is heard out where nothing interrupts', async () => {
    const client = await connect({
      ...VOICE,
      realtimeInputConfig: { activityHandling: ActivityHandling.NO_INTERRUPTION },
    });
    client.session.sendRealtimeInput({ text: 'count to twelve' });
    await until('an answer', () => soundBytes(client) > 0);
    client.session.sendRealtimeInput({ text: 'say yes' });
    await turn(client, 2);
    expect(milestones(client)).toEqual(['generated', 'over', 'generated', 'over']);
    expect(spoken(client)).toMatch(/12\.Yes\.$/);
    client.session.close();
  });

  it('is answered at once when its sound ends', async () => {
    const client = await connect({
      ...VOICE,
      realtimeInputConfig: { automaticActivityDetection: { silenceDurationMs: 10_000 } },
    });
    await speak(client, fixture('question.pcm'));
    client.session.sendRealtimeInput({ audioStreamEnd: true });
    await turn(client);
    expect(heard(client)).toBe('what is twelve times twelve');
    client.session.close();
  });

  it('is billed for the pictures that it sends', async () => {
    const prompts: number[] = [];
    for (const mediaResolution of [
      MediaResolution.MEDIA_RESOLUTION_LOW,
      MediaResolution.MEDIA_RESOLUTION_HIGH,
    ]) {
      const client = await connect({ ...VOICE, mediaResolution });
      client.session.sendRealtimeInput({ video: { data: 'AAAA', mimeType: 'image/jpeg' } });
      client.session.sendRealtimeInput({ text: 'say yes' });
      await turn(client);
      const usage = client.messages.find(({ usageMetadata }) => usageMetadata)?.usageMetadata;
      const picture = usage?.promptTokensDetails?.find(({ modality }) => `${modality}` !== 'TEXT');
      prompts.push(picture?.tokenCount ?? NaN);
      client.session.close();
    }
    expect(prompts).toEqual([64, 256]);
  });

  it('speaks no longer than it may', async () => {
    const client = await connect({ ...VOICE, maxOutputTokens: 25 });
    client.session.sendRealtimeInput({ text: 'count to one hundred' });
    await turn(client);
    expect(soundBytes(client)).toBe(48_000);
    client.session.close();
  });

  it('with everything that it can set', async () => {
    const client = await connect({
      responseModalities: [Modality.AUDIO],
      speechConfig: {
        voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } },
        languageCode: 'en-US',
      },
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      seed: 7,
      maxOutputTokens: 2000,
      mediaResolution: MediaResolution.MEDIA_RESOLUTION_MEDIUM,
      systemInstruction: 'Be brief.',
      tools: [{ googleSearch: {} }],
      inputAudioTranscription: { languageCodes: ['en-US'] },
      outputAudioTranscription: {},
      contextWindowCompression: {
        triggerTokens: '25600',
        slidingWindow: { targetTokens: '12800' },
      },
      safetySettings: [
        {
          category: HarmCategory.HARM_CATEGORY_HARASSMENT,
          threshold: HarmBlockThreshold.BLOCK_ONLY_HIGH,
        },
      ],
      realtimeInputConfig: {
        automaticActivityDetection: {
          disabled: false,
          startOfSpeechSensitivity: StartSensitivity.START_SENSITIVITY_LOW,
          endOfSpeechSensitivity: EndSensitivity.END_SENSITIVITY_LOW,
          prefixPaddingMs: 20,
          silenceDurationMs: 500,
        },
        activityHandling: ActivityHandling.START_OF_ACTIVITY_INTERRUPTS,
        turnCoverage: TurnCoverage.TURN_INCLUDES_ONLY_ACTIVITY,
      },
    });
    client.session.sendRealtimeInput({ text: 'say yes' });
    await turn(client);
    expect(spoken(client)).toBe('Yes.');
    client.session.close();
  });

  it('is told why it is refused', async () => {
    const reasons: string[] = [];
    const ai = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: server.serverUrl } });
    // This version's connect() waits for ever when the server closes before setupComplete.
    void ai.live.connect({
      model: 'gemini-2.0-flash-live-001',
      config: VOICE,
      callbacks: {
        onmessage: () => {},
        onclose: ({ code, reason }) => reasons.push(`${code} ${reason}`),
      },
    });
    await until('a close', () => reasons.length > 0);
    expect(reasons[0]).toMatch(
      /^1008 models\/gemini-2.0-flash-live-001 is not found for API version v1/,
    );
  });
});
