/** Meters and the note about pauses: what they show, and that they come to rest. */
import { describe, expect, it } from 'vitest';
import { isAtRest, MicLevel, ReplyLevel } from '../../src/commands/talk/levels.ts';
import { Pauses } from '../../src/commands/talk/pauses.ts';
import { OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { s16FromFloat } from '../../src/audio/pcm.ts';
import { NullSink } from '../../src/audio/sinks/null.ts';

/** 20 ms of 16 kHz at a level, as a square wave: its RMS is its height. */
const loud = (dbfs: number): Uint8Array =>
  s16FromFloat(
    Float32Array.from({ length: 320 }, (_none, i) => (i % 2 ? 1 : -1) * 10 ** (dbfs / 20)),
  );

describe('the meter of the microphone', () => {
  it('rises at once, falls slowly, and comes to rest', () => {
    const mic = new MicLevel();
    expect(isAtRest(mic.now(0))).toBe(true);
    mic.push(loud(-20), 1000);
    expect(mic.now(1000).level).toBeCloseTo(0.75, 1);
    mic.push(loud(-90), 1020);
    expect(mic.now(1200).level).toBeGreaterThan(0.3);
    expect(mic.now(1200).level).toBeLessThan(mic.now(1100).level);
    expect(isAtRest(mic.now(2000))).toBe(true);
  });

  it('is at rest in a quiet room', () => {
    const mic = new MicLevel();
    for (let at = 0; at < 1000; at += 20) {
      mic.push(loud(-55), at);
      expect(isAtRest(mic.now(at))).toBe(true);
    }
  });

  it('marks samples that were cut off, for a moment; a loud voice is none', () => {
    const mic = new MicLevel();
    mic.push(loud(-1), 0);
    expect(mic.now(0)).toEqual({ level: 1, clipped: false });
    mic.push(new Uint8Array(new Int16Array(320).fill(32_767).buffer), 20);
    expect(mic.now(20).clipped).toBe(true);
    expect(mic.now(1500).clipped).toBe(true);
    expect(mic.now(1600).clipped).toBe(false);
  });
});

it('the meter of the reply shows what is heard, not what has come', () => {
  let nowMs = 0;
  const sink = new NullSink(OUTPUT_FORMAT, { nowMs: () => nowMs, after: () => () => undefined });
  const reply = new ReplyLevel(sink);
  const quietThenLoud = new Float32Array(24_000).fill(0.001).fill(0.3, 12_000);
  const pcm = s16FromFloat(quietThenLoud);
  reply.push(pcm);
  sink.write(pcm);
  const levels = [0, 250, 490, 600, 990, 1100, 2100].map((atMs) => {
    nowMs = atMs;
    return reply.now(atMs).level;
  });
  expect(levels.slice(0, 3)).toEqual([0, 0, 0]);
  expect(Math.min(...levels.slice(3, 5))).toBeGreaterThan(0.9);
  expect(levels.at(-1)).toBe(0);
  expect(reply.pending).toBe(false);
});

describe('pauses of the voice', () => {
  it('are told when there are many, once a minute, with their number', () => {
    const pauses = new Pauses();
    expect(pauses.turnEnded(2, 0)).toBeUndefined();
    expect(pauses.turnEnded(2, 10_000)).toBeUndefined();
    expect(pauses.turnEnded(3, 20_000)).toMatch(/paused 3 times/);
    expect(pauses.turnEnded(9, 30_000)).toBeUndefined();
    expect(pauses.turnEnded(10, 81_000)).toMatch(/paused 7 times/);
  });

  it('are no news when they are rare', () => {
    const pauses = new Pauses();
    for (let turn = 1; turn < 20; turn++) {
      expect(pauses.turnEnded(turn, turn * 40_000)).toBeUndefined();
    }
  });
});
