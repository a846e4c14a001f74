import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { floatFromS16, levelDbfs, s16FromFloat } from '../../src/audio/pcm.ts';
import { Conditioner, type MicFault } from '../../src/audio/sources/conditioner.ts';

const RATE_HZ = 16_000;
const FRAME_SAMPLES = 320;

function run(samples: Float32Array, { isMonitor = false } = {}) {
  const faults: MicFault[] = [];
  const conditioner = new Conditioner((fault) => faults.push(fault));
  const out: number[] = [];
  for (let at = 0; at + FRAME_SAMPLES <= samples.length; at += FRAME_SAMPLES) {
    const frame = s16FromFloat(samples.subarray(at, at + FRAME_SAMPLES));
    out.push(...floatFromS16(conditioner.push(frame, { isMonitor })));
  }
  return { faults, out: Float32Array.from(out) };
}

const made = (seconds: number, sample: (second: number, i: number) => number): Float32Array =>
  Float32Array.from({ length: seconds * RATE_HZ }, (_, i) => sample(i / RATE_HZ, i));
const sine = (hz: number, peak: number) => (second: number) =>
  peak * Math.sin(2 * Math.PI * hz * second);
/** The same on every run. */
function noise(peak: number, seed = 7): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return peak * (state / 2 ** 31 - 1);
  };
}
const level = (samples: Float32Array): number => levelDbfs(s16FromFloat(samples));
const speech = floatFromS16(
  readFileSync(join(import.meta.dirname, '..', '..', 'audio-fixtures', 'count.pcm')),
);
/** Over and over, with a little noise of the room, so loud that its loudest sample would be `peak`. */
function spoken(seconds: number, peak: number, room = 0.0001): Float32Array {
  const loudest = speech.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const floor = noise(room);
  return made(seconds, (_, i) => ((speech[i % speech.length] ?? 0) / loudest) * peak + floor());
}

describe('the offset', () => {
  it('is gone, from the first sample on', () => {
    const { out } = run(made(2, (second) => 0.2 + sine(300, 0.1)(second)));
    const tail = out.subarray(RATE_HZ);
    const mean = tail.reduce((sum, sample) => sum + sample, 0) / tail.length;
    expect(Math.abs(mean)).toBeLessThan(0.0005);
    // No thump: what is left of it at the start is less than the sine itself.
    expect(out.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeLessThan(0.11);
  });

  it('leaves a voice alone: within 0.2 dB from 100 Hz up', () => {
    for (const hz of [100, 300, 1000, 3000, 7000]) {
      const tone = made(1, sine(hz, 0.3));
      const { out } = run(tone);
      expect(Math.abs(level(out.subarray(8000)) - level(tone.subarray(8000)))).toBeLessThan(0.2);
    }
  });

  it('zeros stay zeros, frame by frame, whatever comes around them; no frame changes its length', () => {
    const frame = fc
      .array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 1, maxLength: FRAME_SAMPLES })
      .map((samples) => new Uint8Array(Int16Array.from(samples).buffer));
    const zeros = fc.constant(new Uint8Array(640));
    fc.assert(
      fc.property(fc.array(fc.oneof(frame, zeros), { maxLength: 20 }), (frames) => {
        const conditioner = new Conditioner(() => {});
        for (const one of frames) {
          const before = Uint8Array.from(one);
          const result = conditioner.push(one);
          expect(result.byteLength).toBe(one.byteLength);
          // What came is not written to.
          expect(one).toEqual(before);
          if (one.every((byte) => byte === 0)) expect(result).toEqual(one);
        }
      }),
    );
  });
});

describe('a microphone that clips', () => {
  const clipped = (seconds: number, gain: number): Float32Array =>
    spoken(seconds, 1).map((sample) => Math.max(-1, Math.min(1, sample * gain)));

  it('is told once', () => {
    expect(run(clipped(60, 8)).faults).toEqual(['clips']);
  });

  it('is not one where speech just reaches full scale, nor where somebody claps', () => {
    expect(run(clipped(60, 1)).faults).toEqual([]);
    const claps = spoken(60, 0.4).map((sample, i) => (i % 32_000 < 200 ? (i % 2) * 2 - 1 : sample));
    expect(run(claps).faults).toEqual([]);
  });
});

describe('a microphone that is far too quiet', () => {
  it('is told once, when somebody has spoken for a while', () => {
    expect(run(spoken(120, 0.004, 0.00005)).faults).toEqual(['quiet']);
  });

  it('is not one in a quiet room, with speech at an arm’s length, or beside a keyboard', () => {
    expect(run(made(120, noise(0.0003))).faults).toEqual([]);
    expect(run(spoken(120, 0.1)).faults).toEqual([]);
    const [room, key] = [noise(0.0002), noise(0.01)];
    const typing = made(120, (second) => (second % 0.4 < 0.03 ? key() : room()));
    expect(run(typing).faults).toEqual([]);
  });
});

describe('a microphone that gives nothing but zeros', () => {
  const zeros = (seconds: number): Float32Array => new Float32Array(seconds * RATE_HZ);
  const joined = (...parts: Float32Array[]): Float32Array =>
    Float32Array.from(parts.flatMap((part) => [...part]));

  it('is told once, after five seconds', () => {
    expect(run(zeros(4)).faults).toEqual([]);
    expect(run(zeros(60)).faults).toEqual(['silent']);
  });

  it('is not one with a gate, that has noise of a single bit, or that listens to a program', () => {
    expect(run(joined(spoken(1, 0.3), zeros(20), spoken(1, 0.3), zeros(20))).faults).toEqual([]);
    expect(run(made(60, (_, i) => (i % 320 === 0 ? 1 / 32_768 : 0))).faults).toEqual([]);
    expect(run(zeros(60), { isMonitor: true }).faults).toEqual([]);
  });

  it('is told when it falls silent for long', () => {
    expect(run(joined(spoken(1, 0.3), zeros(31))).faults).toEqual(['silent']);
  });
});
