import { beforeEach, expect, it, vi } from 'vitest';

import type { Link } from '../../src/live/keeping.ts';
import { StallWatch } from '../../src/live/stallWatch.ts';
import { SYSTEM_CLOCK } from '../../src/live/timers.ts';
import { Watchdog } from '../../src/live/watchdog.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** A link on which no pong comes, unless it is `alive`. */
function guard({ alive }: { alive: boolean }) {
  const told: string[] = [];
  const link: Link = {
    bufferedBytes: 0,
    send: () => true,
    close: async () => {},
    isAlive: (timeoutMs) =>
      new Promise((resolve) => setTimeout(() => resolve(alive), alive ? 100 : timeoutMs)),
  };
  const watchdog = new Watchdog(SYSTEM_CLOCK, {
    link: () => link,
    onSilent: () => told.push('silent'),
    onDead: () => told.push('dead'),
  });
  return { watchdog, told };
}

it('asks 10 s after an utterance, and knows a dead connection 30 s later', async () => {
  const { watchdog, told } = guard({ alive: false });
  watchdog.watch();
  await vi.advanceTimersByTimeAsync(39_900);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(told).toEqual(['dead']);
});

it('whoever speaks on while it waits for a sign of life does not delay it', async () => {
  const { watchdog, told } = guard({ alive: false });
  watchdog.watch();
  for (let ms = 0; ms < 40_000; ms += 4_000) {
    await vi.advanceTimersByTimeAsync(4_000);
    if (ms >= 8_000) watchdog.watch();
  }
  await vi.advanceTimersByTimeAsync(100);
  expect(told).toEqual(['dead']);
});

it('an answer is a sign of life, whatever becomes of the pong', async () => {
  const { watchdog, told } = guard({ alive: false });
  watchdog.watch();
  await vi.advanceTimersByTimeAsync(20_000);
  watchdog.cancel();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([]);
});

it('a model that keeps silent is told once for each time', async () => {
  const { watchdog, told } = guard({ alive: true });
  for (const times of [1, 2]) {
    watchdog.watch();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toHaveLength(times);
  }
  expect(new Set(told)).toEqual(new Set(['silent']));
});

it('an answer does not stall while a call waits for its result, and does afterwards', async () => {
  const told: string[] = [];
  let isCalling = true;
  const link: Link = {
    bufferedBytes: 0,
    send: () => true,
    close: async () => {},
    isAlive: async () => true,
  };
  const stallWatch = new StallWatch(SYSTEM_CLOCK, {
    link: () => link,
    isCalling: () => isCalling,
    onStalled: () => told.push('stalled'),
    onDead: () => told.push('dead'),
  });
  stallWatch.restart();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([]);
  stallWatch.heard(0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([]);
  isCalling = false;
  stallWatch.restart();
  await vi.advanceTimersByTimeAsync(9_900);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(told).toEqual(['stalled']);
});
