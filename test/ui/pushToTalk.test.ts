import { describe, expect, it } from 'vitest';
import { PushToTalk } from '../../src/commands/talk/pushToTalk.ts';

/** `actions` at their times; what was told, and when. */
function play(actions: [number, 'press' | 'release'][]): [number, boolean][] {
  let nowMs = 0;
  const told: [number, boolean][] = [];
  const key = new PushToTalk(
    (talking) => told.push([nowMs, talking]),
    () => nowMs,
  );
  for (const [atMs, action] of actions) {
    nowMs = atMs;
    key[action]();
  }
  return told;
}

describe('push to talk', () => {
  it('a tap begins, the next one ends', () => {
    const taps: [number, 'press'][] = [
      [0, 'press'],
      [1000, 'press'],
      [1400, 'press'],
    ];
    const told = [
      [0, true],
      [1000, false],
      [1400, true],
    ];
    expect(play(taps)).toEqual(told);
    // The same where the terminal tells when a key is let go.
    expect(
      play(
        taps.flatMap(([at]) => [
          [at, 'press'],
          [at + 80, 'release'],
        ]),
      ),
    ).toEqual(told);
  });

  it('held, it talks until it is let go', () => {
    expect(
      play([
        [0, 'press'],
        [2000, 'release'],
        [3000, 'press'],
        [3301, 'release'],
      ]),
    ).toEqual([
      [0, true],
      [2000, false],
      [3000, true],
      [3301, false],
    ]);
  });

  it('a long press that ends it begins nothing', () => {
    expect(
      play([
        [0, 'press'],
        [100, 'release'],
        [1000, 'press'],
        [2000, 'release'],
        [3000, 'release'],
      ]),
    ).toEqual([
      [0, true],
      [1000, false],
    ]);
  });

  it('a terminal that only repeats a held key does not turn it on and off', () => {
    const repeats = Array.from({ length: 40 }, (_none, i): [number, 'press'] => [
      500 + 33 * i,
      'press',
    ]);
    expect(play([[0, 'press'], ...repeats])).toEqual([
      [0, true],
      [500, false],
    ]);
  });
});
