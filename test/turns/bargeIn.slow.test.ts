/** What may speak over a reply: words of several voices, and bursts that are none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { floatFromS16, levelDbfs, Rechunker, s16FromFloat } from '../../src/audio/pcm.ts';
import { FRAME_MS, INPUT_FORMAT } from '../../src/audio/format.ts';
import { createSpeechDetector } from '../../src/audio/speechDetector.ts';
import { BargeIn } from '../../src/turns/bargeIn.ts';
import { music } from '../bench/echo/room.ts';
import { atLevel, gauss, randomOf, RATE } from '../bench/echo/signal.ts';
import { BURST_KINDS, burst } from '../support/bursts.ts';
import { hasProgram } from '../support/programs.ts';
import { spoken } from '../support/spoken.ts';

const FRAME_BYTES = 640;
const ROOM_S = 4;
const quiet = (ms: number): Uint8Array => new Uint8Array(ms * 32);

/** What came of `pcm` between two silences: was it taken for speech, and what went out. */
async function hear(pcm: Uint8Array): Promise<{ confirmed: boolean; out: Uint8Array }> {
  const detector = await createSpeechDetector();
  const bargeIn = new BargeIn();
  const frames = new Rechunker(INPUT_FORMAT).push(Buffer.concat([quiet(600), pcm, quiet(600)]));
  let confirmed = false;
  const out = frames.flatMap((frame) => {
    detector.push(frame);
    const passed = bargeIn.push(frame, detector.voiced);
    confirmed ||= bargeIn.confirmed;
    return passed;
  });
  detector.close();
  return { confirmed, out: Buffer.concat(out) };
}

const isSilent = (pcm: Uint8Array): boolean => pcm.every((byte) => byte === 0);

describe.skipIf(!hasProgram('sox'))('no speech', () => {
  it.each(BURST_KINDS)('%s: goes out as silence, fifty times', async (kind) => {
    for (let n = 0; n < 50; n++) {
      const { confirmed, out } = await hear(burst(kind, n));
      expect([n, confirmed, isSilent(out)]).toEqual([n, false, true]);
    }
  });

  it('a minute of typing neither', async () => {
    const strokes = Array.from({ length: 300 }, (_, n) =>
      Buffer.concat([burst('keys', n % 20), quiet(60 + ((n * 37) % 140))]),
    );
    const { confirmed, out } = await hear(Buffer.concat(strokes));
    expect([confirmed, isSilent(out)]).toEqual([false, true]);
  });
});

describe.skipIf(!hasProgram('flite') || !hasProgram('sox'))('speech', () => {
  const WORDS = ['stop', 'wait a moment', 'six seven', 'shut up', 'excuse me please', 'what'];
  it.each(['rms', 'slt', 'awb', 'kal16'])(
    'of %s: goes out whole, from its onset',
    async (voice) => {
      for (const text of WORDS) {
        const speech = spoken(voice, text);
        const { confirmed, out } = await hear(speech);
        expect([text, confirmed]).toEqual([text, true]);
        // From its first sound on, a consonant without a voice too, every sample of it, once it was known for speech.
        const onset = firstLoudByte(speech);
        const heard = Buffer.from(out).indexOf(
          Buffer.from(speech.subarray(onset, onset + FRAME_BYTES)),
        );
        expect([text, heard >= 0]).toEqual([text, true]);
        const rest = speech.subarray(onset);
        expect(
          Buffer.from(out)
            .subarray(heard, heard + rest.byteLength)
            .equals(rest),
        ).toBe(true);
      }
    },
  );
});

/** Five seconds of a tune, a little louder than an echo is soft, in a room with noise; `over`: from its second second on. */
function withMusic(seed: number, over: Float32Array = new Float32Array(0)): Uint8Array {
  const random = randomOf(seed);
  return s16FromFloat(
    atLevel(music(5, seed), -32).map(
      (sample, i) => sample + 5e-4 * gauss(random) + (over[i - RATE] ?? 0),
    ),
  );
}

describe('music', () => {
  it('is hardly ever taken for a voice: the pitch of a note holds', async () => {
    let stopped = 0;
    for (let seed = 1; seed <= 60; seed++) if ((await hear(withMusic(seed))).confirmed) stopped++;
    expect(stopped).toBeLessThan(3);
  });

  it('goes out as the room: nobody hears a voice in it', async () => {
    const heard: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const random = randomOf(seed);
      const room = Float32Array.from({ length: ROOM_S * RATE }, () => 5e-4 * gauss(random));
      const [mic, server] = [await createSpeechDetector(), await createSpeechDetector()];
      const bargeIn = new BargeIn();
      const frames = new Rechunker(INPUT_FORMAT).push(
        Buffer.concat([s16FromFloat(room), withMusic(seed)]),
      );
      for (const [i, frame] of frames.entries()) {
        mic.push(frame);
        const out = bargeIn.push(frame, mic.voiced);
        if (bargeIn.confirmed) break;
        const starts = out.filter((one) => server.push(one) === 'start');
        // A detector that has just begun takes anything for a voice.
        if (starts.length > 0 && i * FRAME_MS > ROOM_S * 1000) heard.push(seed);
      }
      mic.close();
      server.close();
    }
    expect(heard).toEqual([]);
  });

  it.skipIf(!hasProgram('flite'))('does not keep a voice from being heard', async () => {
    const cases = ['rms', 'slt', 'awb', 'kal16'].flatMap((voice) =>
      ['stop', 'wait a moment', 'six seven eight', 'no'].map((text) => [voice, text] as const),
    );
    for (const [i, [voice, text]] of cases.entries()) {
      const { confirmed } = await hear(withMusic(i + 101, floatFromS16(spoken(voice, text))));
      expect([voice, text, confirmed]).toEqual([voice, text, true]);
    }
  });
});

function firstLoudByte(pcm: Uint8Array): number {
  const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / 2);
  return samples.findIndex((sample) => Math.abs(sample) > 700) * 2;
}

describe('whatever comes', () => {
  const frame = (n: number): Uint8Array => {
    const pcm = new Uint8Array(FRAME_BYTES);
    new DataView(pcm.buffer).setUint32(0, n + 1, true);
    return pcm;
  };

  it('each frame goes out once, as itself or as silence, in order and 200 ms late at most', () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 20, arbitrary: fc.boolean() },
        { weight: 1, arbitrary: fc.constant('release') },
      ),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const bargeIn = new BargeIn();
        const isSound = (pcm: Uint8Array): boolean => !isSilent(pcm);
        let pushed = 0;
        let out = 0;
        let last = 0;
        for (const step of all) {
          const wasConfirmed = bargeIn.confirmed;
          const passed =
            step === 'release' ? bargeIn.release() : bargeIn.push(frame(pushed++), step);
          const again = !wasConfirmed && bargeIn.confirmed;
          for (const pcm of passed.filter(isSound)) {
            const number = new DataView(pcm.buffer, pcm.byteOffset).getUint32(0, true);
            // Its onset may have gone out as silence before it was known.
            if (!again) expect(number).toBeGreaterThan(last);
            last = number;
          }
          if (again) out = pushed;
          else out += passed.length;
          expect(out).toBeLessThanOrEqual(pushed);
          expect(pushed - out).toBeLessThanOrEqual(10);
          if (step === 'release') expect(out).toBe(pushed);
        }
      }),
    );
  });
});

it('in a room with noise, what is no speech goes out as that noise, and nobody takes the noise after it for a voice', async () => {
  const random = randomOf(7);
  const noise = (frames: number): Uint8Array =>
    s16FromFloat(Float32Array.from({ length: frames * 320 }, () => 0.0012 * (random() - 0.5)));
  const bargeIn = new BargeIn();
  const [mic, server] = [await createSpeechDetector(), await createSpeechDetector()];
  const listen = (pcm: Uint8Array, replySounds: boolean): Uint8Array[] =>
    new Rechunker(INPUT_FORMAT).push(pcm).flatMap((frame) => {
      mic.push(frame);
      if (replySounds) return bargeIn.push(frame, mic.voiced);
      bargeIn.idle(frame);
      return [...bargeIn.release(), frame];
    });
  const knock = s16FromFloat(
    Float32Array.from({ length: 960 }, (_, i) => (random() - 0.5) * Math.exp(-i / 200)),
  );
  const out = [
    ...listen(noise(100), false),
    ...listen(Buffer.concat([noise(60), knock, noise(120)]), true),
    ...listen(noise(250), false),
  ];
  const starts = out.filter((frame) => server.push(frame) === 'start');
  expect(Math.max(...out.map(levelDbfs))).toBeLessThan(-66);
  expect(Math.min(...out.map(levelDbfs))).toBeGreaterThan(-76);
  expect(starts).toHaveLength(0);
  mic.close();
  server.close();
});
