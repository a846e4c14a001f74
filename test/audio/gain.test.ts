import { describe, expect, it } from 'vitest';

import { bytesOfMs, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes, viewOf } from '../../src/audio/pcm.ts';
import { Gain } from '../../src/audio/sinks/gain.ts';
import { NullSink } from '../../src/audio/sinks/null.ts';
import { CountedClock } from '../support/simulatedPlayback.ts';

/** The same sample over and over: what comes out is the gain. */
function level(ms: number, value = 10_000): Uint8Array {
  const pcm = new Uint8Array(bytesOfMs(OUTPUT_FORMAT, ms));
  for (let at = 0; at < pcm.byteLength; at += 2) viewOf(pcm).setInt16(at, value, true);
  return pcm;
}

const samplesOf = (pcm: Uint8Array): number[] =>
  Array.from({ length: pcm.byteLength / 2 }, (_, i) => viewOf(pcm).getInt16(i * 2, true));

const largestStep = (samples: readonly number[]): number =>
  Math.max(...samples.map((sample, i) => Math.abs(sample - (samples[i - 1] ?? sample))));

describe('Gain', () => {
  it('hands the same bytes on while nothing changes', () => {
    const pcm = level(20);
    expect(new Gain(OUTPUT_FORMAT).apply(pcm)).toBe(pcm);
  });

  it('ramps over pieces of any size without a step, and ends where it shall', () => {
    const gain = new Gain(OUTPUT_FORMAT);
    gain.set(0.2, 30);
    const samples = samplesOf(concatBytes([1, 7, 13, 29].map((ms) => gain.apply(level(ms)))));
    expect(samples[720]).toBe(2000);
    expect(samples.at(-1)).toBe(2000);
    expect(largestStep(samples)).toBeLessThanOrEqual(12);
    // Turned round in the middle.
    gain.set(1, 30);
    const up = samplesOf(gain.apply(level(15)));
    gain.set(0, 30);
    const down = samplesOf(gain.apply(level(40)));
    expect(largestStep([...up, ...down])).toBeLessThanOrEqual(15);
    expect(down.at(-1)).toBe(0);
    expect(gain.apply(level(20)).every((byte) => byte === 0)).toBe(true);
    gain.set(1, 0);
    const whole = level(20);
    expect(gain.apply(whole)).toBe(whole);
  });

  it('clips what gets too loud, and refuses what is no gain', () => {
    const gain = new Gain(OUTPUT_FORMAT);
    gain.set(4, 0);
    expect(samplesOf(gain.apply(level(1, 20_000)))[0]).toBe(32_767);
    expect(samplesOf(gain.apply(level(1, -20_000)))[0]).toBe(-32_768);
    expect(() => gain.set(-1, 30)).toThrow(RangeError);
    expect(() => gain.set(Number.NaN, 30)).toThrow(RangeError);
    expect(() => gain.set(1, -1)).toThrow(RangeError);
  });
});

describe('NullSink, listened to', () => {
  it('tells every sample once, in order and in time, as loud as it is', () => {
    const clock = new CountedClock();
    const sink = new NullSink(OUTPUT_FORMAT, clock);
    const told: { samples: number[]; atMs: number; nowMs: number }[] = [];
    const stop = sink.onRender((pcm, atMs) =>
      told.push({ samples: samplesOf(pcm), atMs, nowMs: clock.nowMs() }),
    );
    sink.write(level(100, 1000));
    clock.run(50);
    sink.setGain(0.5);
    clock.run(60);
    sink.write(level(50, 1000));
    clock.run(120);
    sink.clear();
    clock.run(500);
    sink.write(level(40, 3000));
    clock.run();
    const samples = told.flatMap((one) => one.samples);
    // 120 ms before clear(), 40 ms after; a sample more or less where it was cut.
    expect(Math.abs(samples.length - 160 * 24)).toBeLessThanOrEqual(1);
    expect(samples.slice(0, 1100).every((sample) => sample === 1000)).toBe(true);
    expect(samples.slice(90 * 24, 119 * 24).every((sample) => sample === 500)).toBe(true);
    expect(samples.slice(-39 * 24).every((sample) => sample === 1500)).toBe(true);
    expect(largestStep(samples.slice(0, 110 * 24))).toBeLessThanOrEqual(2);
    for (const { atMs, nowMs, samples } of told) {
      expect(samples.length).toBeLessThanOrEqual(20 * 24);
      expect(nowMs - (atMs + samples.length / 24)).toBeLessThanOrEqual(1);
    }
    stop();
    sink.write(level(40));
    clock.run();
    expect(told.flatMap((one) => one.samples).length).toBe(samples.length);
  });

  it('needs no timer when nobody listens', () => {
    const clock = new CountedClock();
    const sink = new NullSink(OUTPUT_FORMAT, clock);
    sink.write(level(100));
    clock.run();
    expect(clock.nowMs()).toBe(0);
  });
});
