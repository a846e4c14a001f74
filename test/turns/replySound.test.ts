import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatFromS16, levelDbfs } from '../../src/audio/pcm.ts';
import { toEvents } from '../../src/protocol/events.ts';
import { ReplySound } from '../../src/turns/replySound.ts';
import { blob, startTalk } from '../support/fakeTalk.ts';

const tone = (ms: number, rateHz: number, hz = 440): Uint8Array => {
  const samples = Int16Array.from({ length: Math.round((rateHz * ms) / 1000) }, (_, at) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * hz * at) / rateHz)),
  );
  return new Uint8Array(samples.buffer);
};
/** Zero crossings upwards per second, at 24 kHz. */
const pitch = (pcm: Uint8Array): number => {
  const samples = floatFromS16(pcm);
  const crossings = samples.filter((sample, at) => sample >= 0 && (samples[at - 1] ?? 0) < 0);
  return crossings.length / (samples.length / 24_000);
};
async function through(chunks: readonly Uint8Array[], rateHz: number): Promise<Uint8Array> {
  const sound = new ReplySound();
  await sound.prepare();
  const out = chunks.map((chunk) => sound.push(chunk, rateHz).pcm);
  return Buffer.concat([...out, sound.end()]);
}

describe('the sound of an answer', () => {
  it.each([8_000, 16_000, 22_050, 44_100, 48_000])(
    'keeps its length and pitch at %i Hz',
    async (rateHz) => {
      const whole = tone(1_000, rateHz);
      const chunks = Array.from({ length: 10 }, (_, at) =>
        whole.subarray((at * whole.length) / 10, ((at + 1) * whole.length) / 10),
      );
      const pcm = await through(chunks, rateHz);
      expect(pcm.byteLength).toBe(48_000);
      expect(pitch(pcm)).toBeCloseTo(440, -1);
      expect(Math.abs(levelDbfs(pcm) - levelDbfs(whole))).toBeLessThan(0.2);
    },
  );

  it('is not touched at 24 kHz, whatever the cuts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 })), async (chunks) => {
        const whole = Buffer.concat(chunks);
        const even = whole.subarray(0, whole.length - (whole.length % 2));
        expect(Buffer.from(await through(chunks, 24_000)).equals(even)).toBe(true);
      }),
    );
  });

  it('loses half a sample with its turn, and not the sound of the next one', async () => {
    const sound = new ReplySound();
    sound.push(Uint8Array.of(1, 2, 3), 24_000);
    sound.end();
    expect([...sound.push(Uint8Array.of(4, 5), 24_000).pcm]).toEqual([4, 5]);
  });

  it('may change its rate in the midst of an answer', async () => {
    const sound = new ReplySound();
    await sound.prepare();
    const parts = [
      sound.push(tone(500, 48_000), 48_000).pcm,
      sound.push(tone(500, 24_000), 24_000).pcm,
      sound.push(tone(500, 16_000), 16_000).pcm,
      sound.end(),
    ];
    expect(Buffer.concat(parts).byteLength).toBe(72_000);
  });
});

it.each(['audio/pcm;rate=100', 'audio/pcm;rate=999999', 'audio/pcm'])(
  '%s is no rate of a reply',
  (mimeType) => {
    const parts = [{ inlineData: { mimeType, data: 'AAAA' } }];
    expect(toEvents({ serverContent: { modelTurn: { parts } } })).toMatchObject([
      { type: 'audio', sampleRateHz: 24_000 },
    ]);
  },
);

it('a conversation takes sound of any rate, in order with everything else', async () => {
  const replies: Uint8Array[] = [];
  const talk = await startTalk({ observers: [{ reply: (pcm) => replies.push(pcm) }] });
  talk.conversation.sendText('sing');
  await talk.say(
    blob(tone(500, 48_000), 48_000),
    talk.words('La.'),
    talk.generated,
    talk.complete(),
  );
  // The resampler is loaded from disk.
  while (talk.of('turn').length === 0) await talk.pass(0);
  expect(Buffer.concat(replies).byteLength).toBe(24_000);
  expect(talk.lines('model')).toEqual({ 1: 'La.' });
  talk.conversation.sendText('again');
  await talk.say(
    blob(tone(500, 16_000), 16_000),
    talk.words('Lo.'),
    talk.generated,
    talk.complete(),
  );
  expect(Buffer.concat(replies).byteLength).toBe(48_000);
  expect(talk.of('turn')).toHaveLength(2);
  await talk.stop();
});
