/** What the faults of answers make of a server's messages: by hand, without a socket. */
import { describe, expect, it } from 'vitest';
import { audioBlob } from '../../src/protocol/codec.ts';
import type { ServerContent, ServerMessage } from '../../src/protocol/messages.ts';
import { distortionFor } from '../../src/server/script/distortions.ts';
import type { Fault } from '../../src/server/script/script.ts';
import { soundMsOf } from '../../src/server/script/soundFaults.ts';

const content = (serverContent: ServerContent): ServerMessage => ({ serverContent });
/** 24 kHz. */
const sound = (ms: number): ServerMessage =>
  content({ modelTurn: { parts: [{ inlineData: audioBlob(Buffer.alloc(ms * 48, 1), 24_000) }] } });
const says = (text: string): ServerMessage => content({ outputTranscription: { text } });
const heard = (text: string): ServerMessage => content({ inputTranscription: { text } });
const generated = content({ generationComplete: true });
const usageMetadata = { totalTokenCount: 7 };
const over: ServerMessage = { serverContent: { turnComplete: true }, usageMetadata };
const bare = content({ turnComplete: true });
const receipt: ServerMessage = { serverContent: {}, usageMetadata };
const interrupted = content({ interrupted: true });
const handle: ServerMessage = { sessionResumptionUpdate: { newHandle: 'h', resumable: true } };
const goAway: ServerMessage = { goAway: { timeLeft: '1s' } };

const TURN = [heard('Hi.'), sound(200), says('A b.'), sound(200), generated, over, handle];

/** What a client gets; a number is a delay of the message behind it. */
function distorted(fault: Fault, messages: readonly ServerMessage[]): (ServerMessage | number)[] {
  const distort = distortionFor(fault);
  if (!distort) throw new Error('no distortion');
  return messages.flatMap((message) =>
    distort(message).flatMap((out) => [
      ...(out.afterMs === undefined ? [] : [out.afterMs]),
      out.message,
    ]),
  );
}

describe('an answer', () => {
  it.each<[what: string, fault: Fault, messages: ServerMessage[], got: (ServerMessage | number)[]]>(
    [
      [
        'stalls: nothing ends its turn, and no handle follows',
        { fault: 'stall', sound: 300 },
        [...TURN, goAway, ...TURN],
        [
          heard('Hi.'),
          sound(200),
          says('A b.'),
          sound(200),
          goAway,
          heard('Hi.'),
          sound(200),
          says('A b.'),
          sound(200),
        ],
      ],
      [
        'stalls once, and is interrupted without a word',
        { fault: 'stall', sound: 100, turns: 1 },
        [
          sound(200),
          sound(200),
          interrupted,
          bare,
          handle,
          heard('Go on.'),
          sound(50),
          generated,
          over,
          handle,
        ],
        [sound(200), heard('Go on.'), sound(50), generated, over, handle],
      ],
      [
        'that is shorter than its stall lacks its end, too',
        { fault: 'stall', sound: '9s' },
        [says('A.'), generated, over],
        [says('A.')],
      ],
      [
        'in words stalls by its parts',
        { fault: 'stall', sound: 100 },
        [says('A'), says(' b'), says(' c'), over],
        [says('A'), says(' b')],
      ],
      [
        'has its last part behind the end of its turn',
        { fault: 'late-part', delay: 50 },
        [...TURN, handle],
        [heard('Hi.'), says('A b.'), sound(200), generated, over, 50, sound(200), handle, handle],
      ],
      [
        'that is cut has no late part',
        { fault: 'late-part' },
        [sound(1), sound(2), interrupted, bare, sound(3), over],
        [sound(1), interrupted, bare, over, 1000, sound(3)],
      ],
      [
        'has no end',
        { fault: 'no-turn-end' },
        [sound(1), generated, over, interrupted, bare],
        [sound(1), receipt, interrupted],
      ],
      [
        'has no end but that it is generated',
        { fault: 'no-turn-end', generated: true },
        [sound(1), generated, over],
        [sound(1), generated, receipt],
      ],
      [
        'of a model that thinks long has no end either',
        { fault: 'no-turn-end' },
        [sound(1), content({ turnComplete: true, interactionStatus: 'IDLE' })],
        [sound(1)],
      ],
      [
        'is refused at once, twice',
        { fault: 'refused-turns', turns: 2 },
        [...TURN, sound(1), interrupted, bare, sound(1), generated, over],
        [
          heard('Hi.'),
          content({ turnComplete: true, turnCompleteReason: 'RESPONSE_REJECTED' }),
          handle,
          content({ turnComplete: true, turnCompleteReason: 'RESPONSE_REJECTED' }),
          sound(1),
          generated,
          over,
        ],
      ],
      [
        'is refused behind its content',
        { fault: 'refused-turns', content: true, reason: 'BLOCKLIST' },
        [sound(1), generated, over],
        [
          sound(1),
          generated,
          { serverContent: { turnComplete: true, turnCompleteReason: 'BLOCKLIST' }, usageMetadata },
        ],
      ],
      [
        'is empty, once',
        { fault: 'empty-turns', turns: 1 },
        [generated, over, generated, over],
        [bare, generated, over],
      ],
      [
        'comes a second time, once, and not where it was cut',
        { fault: 'repeat-answer', turns: 1 },
        [heard('Hi.'), sound(1), interrupted, bare, sound(2), generated, over, sound(3), over],
        [
          heard('Hi.'),
          sound(1),
          interrupted,
          bare,
          sound(2),
          generated,
          over,
          sound(2),
          generated,
          over,
          sound(3),
          over,
        ],
      ],
      [
        'has its words as text parts, too',
        { fault: 'text-parts' },
        [says('A'), generated],
        [
          content({ outputTranscription: { text: 'A' }, modelTurn: { parts: [{ text: 'A' }] } }),
          generated,
        ],
      ],
      [
        'has a plan before it, each time',
        { fault: 'text-parts', text: 'P' },
        [says('A'), says('b'), over, says('C')],
        [
          content({ modelTurn: { parts: [{ text: 'P' }] } }),
          says('A'),
          says('b'),
          over,
          content({ modelTurn: { parts: [{ text: 'P' }] } }),
          says('C'),
        ],
      ],
      [
        'is transcribed by sentences',
        { fault: 'whole-sentences' },
        [heard(' Hi. '), says('A '), says('b. '), says('C'), sound(1), says(' d'), generated, over],
        [heard('Hi.'), says('A b.'), sound(1), says('C d'), generated, over],
      ],
      [
        'comes to words that are told twice',
        { fault: 'repeat-transcript' },
        [heard('Hi.'), sound(1)],
        [heard('Hi.'), heard('Hi.'), sound(1)],
      ],
      [
        'has its receipt behind it',
        { fault: 'late-usage', delay: 20 },
        [sound(1), receipt, over],
        [sound(1), receipt, bare, 20, receipt],
      ],
    ],
  )('%s', (_what, fault, messages, got) => {
    expect(distorted(fault, messages)).toEqual(got);
  });
});

describe('sound', () => {
  const tone = (count: number): Buffer => {
    const pcm = Buffer.alloc(count * 2);
    for (let at = 0; at < count; at += 1) {
      pcm.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 440 * at) / 24_000)), at * 2);
    }
    return pcm;
  };
  const inChunks = (pcm: Buffer, bytes: number): ServerMessage[] =>
    Array.from({ length: Math.ceil(pcm.byteLength / bytes) }, (_, index) => {
      const inlineData = audioBlob(pcm.subarray(index * bytes, (index + 1) * bytes), 24_000);
      return content({ modelTurn: { parts: [{ inlineData }] } });
    });
  const samplesOf = (messages: readonly (ServerMessage | number)[]): number[] =>
    messages.flatMap((message) => {
      if (typeof message === 'number') return [];
      const [part] = message.serverContent?.modelTurn?.parts ?? [];
      const pcm = Buffer.from(part?.inlineData?.data ?? '', 'base64');
      return Array.from({ length: pcm.byteLength >> 1 }, (_, at) => pcm.readInt16LE(at * 2));
    });

  it.each([48_000, 16_000, 44_100])('at %i Hz is the same tone, without a seam', (rate) => {
    const got = distorted({ fault: 'other-rate', rate }, inChunks(tone(24_000), 960));
    const samples = samplesOf(got);
    expect(samples.length).toBeGreaterThan(rate - 10);
    expect(samples.length).toBeLessThanOrEqual(rate);
    let worst = 0;
    for (const [at, sample] of samples.entries()) {
      worst = Math.max(worst, Math.abs(sample - 8000 * Math.sin((2 * Math.PI * 440 * at) / rate)));
    }
    // Linear interpolation of a tone this low is off by less than a percent.
    expect(worst).toBeLessThan(80);
    expect(soundMsOf(got[0] as ServerMessage)).toBeGreaterThan(18);
  });

  it('is softer by so many dB', () => {
    const samples = samplesOf(
      distorted({ fault: 'quiet-audio', by: 60 }, inChunks(tone(2400), 960)),
    );
    expect(Math.max(...samples)).toBe(8);
    expect(samples).toHaveLength(2400);
  });

  it('ends with half a sample, once a turn and only where there was sound', () => {
    const half = content({
      modelTurn: { parts: [{ inlineData: { data: 'Bw==', mimeType: 'audio/pcm;rate=24000' } }] },
    });
    expect(
      distorted({ fault: 'half-sample' }, [sound(1), generated, over, says('A'), generated, over]),
    ).toEqual([sound(1), half, generated, over, says('A'), generated, over]);
  });
});
