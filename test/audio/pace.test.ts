import { describe, expect, it } from 'vitest';

import type { Clock } from '../../src/audio/clock.ts';
import { pace } from '../../src/audio/sources/pace.ts';
import { silence } from '../../src/audio/sources/silence.ts';

/** Time that passes only when somebody waits, and always a little longer than asked for. */
function lateClock(lateMs: (n: number) => number): Clock {
  let now = 1000;
  let waits = 0;
  return {
    nowMs: () => now,
    after: (delayMs, work) => {
      now += delayMs + lateMs(waits++);
      queueMicrotask(work);
      return () => undefined;
    },
  };
}

async function timesOf(frames: number, clock: Clock): Promise<number[]> {
  const stop = new AbortController();
  const times: number[] = [];
  for await (const frame of pace(silence().frames(stop.signal), { signal: stop.signal, clock })) {
    expect(frame.byteLength).toBe(640);
    times.push(clock.nowMs() - 1000);
    if (times.length === frames) stop.abort();
  }
  return times;
}

describe('pace', () => {
  it('gives the first frame at once and then one each 20 ms', async () => {
    expect(
      await timesOf(
        5,
        lateClock(() => 0),
      ),
    ).toEqual([0, 20, 40, 60, 80]);
  });

  it('does not drift when every timer is late', async () => {
    const times = await timesOf(
      500,
      lateClock(() => 7),
    );
    expect(times.at(-1)).toBe(499 * 20 + 7);
  });

  it('catches up after a long delay', async () => {
    const times = await timesOf(
      12,
      lateClock((n) => (n === 2 ? 95 : 0)),
    );
    expect(times).toEqual([0, 20, 40, 155, 155, 155, 155, 155, 160, 180, 200, 220]);
  });

  it('keeps real time within a timer', async () => {
    const stop = new AbortController();
    const start = performance.now();
    let frames = 0;
    for await (const _ of pace(silence().frames(stop.signal), { signal: stop.signal })) {
      if (++frames === 26) stop.abort();
    }
    expect(performance.now() - start).toBeGreaterThan(499);
  });

  it('ends at once when it is aborted in a wait', async () => {
    const stop = new AbortController();
    const clock: Clock = { nowMs: () => 0, after: () => () => undefined };
    const frames = pace(silence().frames(stop.signal), { signal: stop.signal, clock });
    expect((await frames.next()).done).toBe(false);
    const waiting = frames.next();
    stop.abort();
    expect((await waiting).done).toBe(true);
  });
});
