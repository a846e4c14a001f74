/** When the local server sends what: an answer comes faster than it sounds, and its turn ends with its sound. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { openSession, soundOf, wordsOf } from '../support/liveClient.ts';

const TRANSCRIBED = { inputAudioTranscription: {}, outputAudioTranscription: {} };
const MS_PER_BYTE = 1000 / 48_000;

let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer({ stt: 'none', tts: 'none' });
});
afterAll(() => server.close());

describe('an answer of the local server', () => {
  it('comes faster than it sounds, and its turn is held until it would have ended', async () => {
    const client = await openSession(server.url, TRANSCRIBED);
    client.send({ realtimeInput: { text: 'count to ten' } });
    const turn = await client.turn();
    const sounds = turn.filter((message) => soundOf([message]).length > 0);
    const soundMs = soundOf(turn).length * MS_PER_BYTE;
    expect(soundMs).toBeCloseTo(4000, -2); // ten words at 150 a minute
    expect(soundOf(sounds.slice(0, 1)).length * MS_PER_BYTE).toBe(40);
    for (const message of sounds.slice(1, -1)) {
      expect(soundOf([message]).length * MS_PER_BYTE).toBe(240);
    }
    for (const { serverContent } of sounds) {
      expect(serverContent?.modelTurn?.parts?.[0]?.inlineData?.mimeType).toBe(
        'audio/pcm;rate=24000',
      );
    }
    const first = sounds[0]?.at ?? NaN;
    const generated = turn.find((message) => message.serverContent?.generationComplete)?.at ?? NaN;
    expect(generated - first).toBeLessThan(soundMs / 2);
    expect(generated - first).toBeGreaterThan(soundMs / 8); // not all at once
    const over = turn.at(-1)?.at ?? NaN;
    expect(over - first).toBeGreaterThan(soundMs - 30);
    expect(over - first).toBeLessThan(soundMs + 150); // 30 ms, and a loaded machine
    await client.close();
  });

  it('in words is not held', async () => {
    const old = await startLiveServer({ stt: 'none', tts: 'none', allowRetired: true });
    const client = await openSession(old.url, {
      model: 'models/gemini-live-2.5-flash-preview',
      generationConfig: { responseModalities: ['TEXT'] },
    });
    const sent = performance.now();
    client.send({
      clientContent: {
        turns: [{ role: 'user', parts: [{ text: 'count to 30' }] }],
        turnComplete: true,
      },
    });
    const turn = await client.turn();
    expect(performance.now() - sent).toBeLessThan(1500); // twelve seconds of sound
    expect(soundOf(turn)).toHaveLength(0);
    expect(wordsOf(turn)).toMatch(/^1, 2, .* 30\.$/);
    expect(turn.at(-1)?.usageMetadata?.responseTokensDetails).toEqual([
      { modality: 'TEXT', tokenCount: expect.any(Number) },
    ]);
    await old.close();
  });
});
