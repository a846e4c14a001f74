/** A soak proves something only where its judge sees what goes wrong. */
import { describe, expect, it } from 'vitest';

import { OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes } from '../../src/audio/pcm.ts';
import { Gain } from '../../src/audio/sinks/gain.ts';
import { exactSound } from '../support/exactSound.ts';
import { judge } from './judge.ts';
import type { Heard, Turn } from './strictServer.ts';

const CHUNK_BYTES = 240 * 48;
const frames = (length: number): number[] => Array.from({ length }, (_, i) => i);
const turn = (number: number, heard: Heard[]): Turn => ({
  number,
  connection: 0,
  heard,
  reply: exactSound(1000, number + 1),
});
const TURNS = [turn(0, [{ id: 1, frames: frames(30) }]), turn(1, [{ id: 2, frames: frames(40) }])];
const [ONE, TWO] = TURNS.map(({ reply }) => reply) as [Uint8Array, Uint8Array];
const PAUSE = new Uint8Array(4_800);
const LENGTHS = new Map([
  [1, 30],
  [2, 40],
]);

const judged = (
  sounds: Uint8Array[],
  { turns = TURNS, came = sounds, isCut = false } = {},
): ReturnType<typeof judge> =>
  judge({
    lengths: LENGTHS,
    turns,
    loudspeaker: concatBytes(sounds),
    events: came.map((pcm) => ({
      type: 'audio',
      bytes: pcm === PAUSE ? 0 : pcm.byteLength,
    })),
    isCutAllowed: () => isCut,
  });

describe('the judge of a soak', () => {
  it('finds nothing where all is well, with gaps wherever they are', () => {
    const gap = [ONE.subarray(0, 4_802), PAUSE, ONE.subarray(4_802)];
    expect(judged([PAUSE, ...gap, PAUSE, TWO])).toEqual({
      well: 2,
      faults: [],
      answers: { whole: 2, cut: 0, softer: 0 },
    });
  });

  it('allows what came of an answer whose connection was cut', () => {
    const verdict = judged([ONE.subarray(0, 2 * CHUNK_BYTES), TWO], { isCut: true });
    expect(verdict).toMatchObject({
      well: 2,
      faults: [],
      answers: { whole: 1, cut: 1, softer: 0 },
    });
  });

  it('knows the beginning of an answer that gave way to a voice', () => {
    const gain = new Gain(OUTPUT_FORMAT);
    gain.set(0.25, 0);
    const soft = gain.apply(ONE.subarray(0, 9_600));
    gain.set(1, 300);
    const ducked = [soft, gain.apply(ONE.subarray(9_600)), TWO];
    expect(judged(ducked)).toMatchObject({ well: 2, faults: [], answers: { whole: 2, softer: 1 } });
    const other = exactSound(480, 77);
    expect(judged([other, ONE.subarray(other.byteLength), TWO]).faults).not.toEqual([]);
  });

  it.each([
    ['an answer that sounds twice', [ONE, ONE, TWO], /answer 0 sounded twice/],
    ['a part that sounds twice', [ONE, ONE.subarray(CHUNK_BYTES), TWO], /sounded from 240 ms on/],
    ['answers in the wrong order', [TWO, ONE], /answer 0 sounded after answer 1/],
    [
      'a hole',
      [ONE.subarray(0, CHUNK_BYTES), ONE.subarray(2 * CHUNK_BYTES), TWO],
      /from 480 ms on/,
    ],
    ['an answer cut without a reason', [ONE.subarray(0, CHUNK_BYTES), TWO], /answer 0 was cut/],
    ['sound of nobody', [ONE, exactSound(100, 77), TWO], /samples of no answer/],
    ['an utterance without an answer', [ONE], /utterance 2 was answered 0 times/],
  ])('sees %s', (_what, sounds, fault) => {
    expect(judged(sounds).faults.join('\n')).toMatch(fault);
  });

  it('sees sound that came and was not played', () => {
    expect(judged([ONE, TWO], { came: [ONE, TWO, PAUSE, ONE] }).faults).toHaveLength(1);
  });

  it('sees an utterance that was heard in part, twice or out of order', () => {
    for (const [heard, fault] of [
      [[{ id: 1, frames: frames(29) }], /utterance 1: heard 29 frames of 30/],
      [[{ id: 1, frames: [1, 0, ...frames(30).slice(2)] }], /utterance 1: heard 30 frames of 30/],
      [[{ id: 1, frames: [0, ...frames(30)] }], /utterance 1: heard 31 frames of 30/],
      [
        [
          { id: 1, frames: frames(30) },
          { id: 2, frames: frames(40) },
        ],
        /utterance 2 was answered 2 times/,
      ],
    ] as [Heard[], RegExp][]) {
      const verdict = judged([ONE, TWO], { turns: [turn(0, heard), TURNS[1]!] });
      expect(verdict.faults.join('\n')).toMatch(fault);
      expect(verdict.well).toBe(1);
    }
  });
});
