import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { INPUT_FORMAT } from '../../src/audio/format.ts';
import { levelDbfs, Rechunker, s16FromFloat } from '../../src/audio/pcm.ts';
import { openRecording } from '../../src/audio/sources/file.ts';
import { createSpeechDetector } from '../../src/audio/speechDetector.ts';
import type { SpeechDetectorOptions } from '../../src/audio/speechDetector.ts';
import { gauss, randomOf } from '../bench/echo/signal.ts';

const fixtures = join(import.meta.dirname, '..', '..', 'audio-fixtures');

async function framesOf(name: string): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  const recording = await openRecording(join(fixtures, name));
  for await (const frame of recording.frames(new AbortController().signal)) frames.push(frame);
  return frames;
}

type Utterance = { onsetMs: number; endMs: number; startSaidMs: number; endSaidMs: number };

/** All utterances in `frames` and a second of silence after them. */
async function utterancesIn(
  frames: Uint8Array[],
  options?: SpeechDetectorOptions,
): Promise<Utterance[]> {
  const detector = await createSpeechDetector(options);
  const found: Utterance[] = [];
  const silence = Array.from({ length: 50 }, () => new Uint8Array(640));
  let startSaidMs = 0;
  for (const frame of [...frames, ...silence]) {
    const event = detector.push(frame);
    if (event === 'start') startSaidMs = detector.positionMs;
    if (event === 'end') {
      const { onsetMs, lastVoicedMs, positionMs } = detector;
      found.push({ onsetMs, endMs: lastVoicedMs, startSaidMs, endSaidMs: positionMs });
    }
  }
  expect(detector.speaking).toBe(false);
  detector.close();
  return found;
}

describe('SpeechDetector on the recordings', () => {
  // When the speech is, by how the recordings are built: scripts/make-fixtures.sh, audio-fixtures/README.md.
  it.each<[string, [fromMs: number, toMs: number][]]>([
    ['question.pcm', [[500, 2166]]],
    ['question.wav', [[500, 2166]]],
    [
      'three-questions.wav',
      [
        [500, 2166],
        [3966, 4678],
        [6478, 8131],
      ],
    ],
    ['count.pcm', [[500, 2843]]],
    ['stop.pcm', [[500, 1869]]],
    ['long.wav', [[500, 20_109]]],
    ['noisy.wav', [[1500, 3166]]],
    ['silence.pcm', []],
    ['stereo-44k1.wav', [[500, 2166]]],
    ['truncated.wav', [[500, 1599]]],
  ])('%s', async (name, spoken) => {
    const found = await utterancesIn(await framesOf(name));
    expect(found.length).toBe(spoken.length);
    for (const [i, [fromMs, toMs]] of spoken.entries()) {
      const { onsetMs = 0, endMs = 0, startSaidMs = 0, endSaidMs = 0 } = found[i] ?? {};
      expect(Math.abs(onsetMs - fromMs)).toBeLessThanOrEqual(40);
      // libfvad keeps on for about 100 ms after the last sound.
      expect(endMs - toMs).toBeGreaterThanOrEqual(-40);
      expect(endMs - toMs).toBeLessThanOrEqual(180);
      expect(startSaidMs - onsetMs).toBeLessThanOrEqual(200);
      expect(endSaidMs - endMs).toBe(500);
    }
  });

  it('is built where the README says: the first loud frame and the last', async () => {
    const loud = (await framesOf('question.pcm')).map((frame) => levelDbfs(frame) > -50);
    expect([loud.indexOf(true) * 20, (loud.lastIndexOf(true) + 1) * 20]).toEqual([500, 2180]);
  });
});

describe('SpeechDetector', () => {
  it('takes pauses for the end only when they are as long as it is told', async () => {
    const frames = await framesOf('three-questions.wav');
    expect(await utterancesIn(frames, { endSilenceMs: 900 })).toHaveLength(3);
    expect(
      await utterancesIn([...frames, ...Array.from({ length: 100 }, () => new Uint8Array(640))], {
        endSilenceMs: 1900,
      }),
    ).toHaveLength(1);
  });

  it('does not take a short burst for speech', async () => {
    const frames = await framesOf('question.pcm');
    // 60 ms out of a vowel, as a cough or a knock: with the hang-over it is voiced for 160 ms.
    const burst = [
      ...Array.from({ length: 25 }, () => new Uint8Array(640)),
      ...frames.slice(40, 43),
    ];
    expect(await utterancesIn(burst, { startMs: 240 })).toHaveLength(0);
    expect(await utterancesIn(frames, { startMs: 240 })).toHaveLength(1);
  });

  it('does not take the room for a voice after digital silence, and hears the next words', async () => {
    const random = randomOf(3);
    const noise = (frames: number): Uint8Array[] =>
      Array.from({ length: frames }, () =>
        s16FromFloat(Float32Array.from({ length: 320 }, () => 5e-4 * gauss(random))),
      );
    // As when a microphone is muted, or was away.
    const away = Array.from({ length: 60 }, () => new Uint8Array(640));
    expect(await utterancesIn([...noise(150), ...away, ...noise(250)])).toHaveLength(0);
    const words = (await framesOf('question.pcm')).filter((frame) => levelDbfs(frame) > -90);
    expect(await utterancesIn([...noise(50), ...away, ...noise(5), ...words])).toHaveLength(1);
  });

  it('begins anew after reset(), and hears nothing after close()', async () => {
    const frames = await framesOf('question.pcm');
    const detector = await createSpeechDetector();
    const starts = (): number => frames.filter((frame) => detector.push(frame) === 'start').length;
    expect(starts()).toBe(1);
    expect(detector.speaking).toBe(true);
    detector.reset();
    expect([detector.speaking, detector.positionMs, detector.speechMs]).toEqual([false, 0, 0]);
    expect(starts()).toBe(1);
    expect(detector.speechMs).toBeGreaterThan(1500);
    detector.close();
    detector.close();
    detector.reset();
    expect(detector.push(frames[50] ?? new Uint8Array(640))).toBeUndefined();
    expect(detector.voiced).toBe(false);
  });

  it('takes a frame that is too short, as the last one of a recording is', async () => {
    const detector = await createSpeechDetector();
    const [frame] = new Rechunker(INPUT_FORMAT).push(new Uint8Array(640));
    detector.push((frame ?? new Uint8Array(0)).subarray(0, 333));
    expect(detector.positionMs).toBe(20);
    detector.close();
  });
});
