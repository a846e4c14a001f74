/** The reference by time: what sounds when, read in step with the microphone. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { Reference } from '../../src/audio/echo/reference.ts';

const PIECE = 320;
const PIECE_MS = 20;
const REPORT_MS = 12;
const REPORTED = 192;
/** A ramp: each sample says which one it is. */
const ramp = (from: number, samples: number): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => from + i);

/** Reads `pieces` of 20 ms, the first of which ends at `fromMs`. */
function read(reference: Reference, fromMs: number, pieces: number): number[] {
  return Array.from({ length: pieces }, (_, i) => {
    const out = new Float32Array(PIECE);
    reference.take(fromMs + i * PIECE_MS, out);
    return [...out];
  }).flat();
}

it('gives each sample at its time, and silence around them', () => {
  const reference = new Reference(0);
  reference.handed(ramp(1, 800), 1000);
  expect(read(reference, 1000, 4)).toEqual([
    ...ramp(0, 0),
    ...zeros(320),
    ...ramp(1, 800),
    ...zeros(160),
  ]);
});

it('reads ahead by as much as it is told', () => {
  const reference = new Reference(10);
  reference.handed(ramp(1, 320), 1000);
  expect(read(reference, 1000, 2)).toEqual([...zeros(160), ...ramp(1, 320), ...zeros(160)]);
});

it('pieces that follow one another go on without a gap, however their times jitter', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -40, max: 7 }), { maxLength: 20 }), (jitters) => {
      const reference = new Reference(0);
      reference.handed(ramp(1, 320), 1000);
      jitters.forEach((ms, i) => reference.handed(ramp(321 + 320 * i, 320), 1020 + 20 * i + ms));
      const pieces = jitters.length + 1;
      expect(read(reference, 1020, pieces)).toEqual([...ramp(1, 320 * pieces)]);
    }),
  );
});

/** The device reports every 12 ms what has sounded of the stretch, from its beginning on, `lateMs` later than expected. */
function report(reference: Reference, fromMs: number, lateMs: readonly number[]): void {
  for (const [i, ms] of lateMs.entries()) reference.heard(REPORTED, fromMs + i * REPORT_MS + ms);
}

it('what sounds later than was expected is moved, and the next beginning is expected later', () => {
  const reference = new Reference(0);
  reference.handed(ramp(1, 6400), 1000);
  report(
    reference,
    1000,
    Array.from({ length: 25 }, () => 30),
  );
  expect(read(reference, 1350, 1)).toEqual([...ramp(4801, 320)]);
  reference.heard(6400 - 25 * REPORTED, 1330);
  reference.handed(ramp(1, 320), 2000);
  expect(read(reference, 2050, 1)).toEqual([...ramp(1, 320)]);
});

it('does not follow reports that jitter, however much, but those that agree', () => {
  const jitter = fc.integer({ min: -40, max: 40 });
  const few = fc.array(jitter, { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(few, (jitters) => {
      const reference = new Reference(0);
      reference.handed(ramp(1, 16_000), 1000);
      // Never more than 12 of 25 are off.
      const ms = Array.from({ length: 50 }, (_, i) => jitters[i % 25] ?? i % 2);
      report(reference, 1000, ms);
      expect(read(reference, 1600, 1)).toEqual([...ramp(9281, 320)]);
    }),
  );
});

it('a stall of the device moves what comes: what was read too early comes once more', () => {
  const reference = new Reference(0);
  reference.handed(ramp(1, 32_000), 1000);
  const ms = Array.from({ length: 60 }, (_, i) => (i < 30 ? 0 : 25));
  report(reference, 1000, ms);
  expect(read(reference, 1745, 1)).toEqual([...ramp(11_201, 320)]);
});

it('what was dropped is not there, and what comes next is', () => {
  const reference = new Reference(0);
  reference.handed(ramp(1, 1600), 1000);
  reference.heard(320, 1000);
  reference.dropped();
  expect(read(reference, 1020, 2)).toEqual([...ramp(1, 320), ...zeros(320)]);
  reference.handed(ramp(1, 320), 1100);
  expect(read(reference, 1060, 4)).toEqual([...zeros(960), ...ramp(1, 320)]);
});

it('is never anything but what was handed over, in order, whatever it is told', () => {
  const step = fc.oneof(
    fc.record({
      handed: fc.integer({ min: 1, max: 2000 }),
      atMs: fc.integer({ min: -50, max: 500 }),
    }),
    fc.record({
      heard: fc.integer({ min: 1, max: 2000 }),
      atMs: fc.integer({ min: -500, max: 50 }),
    }),
    fc.constant('dropped' as const),
    fc.record({ takeMs: fc.integer({ min: 1, max: 300 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const reference = new Reference(16);
      let nowMs = 1000;
      let next = 1;
      for (const one of steps) {
        if (one === 'dropped') reference.dropped();
        else if ('handed' in one) {
          reference.handed(ramp(next, one.handed), nowMs + one.atMs);
          next += one.handed;
        } else if ('heard' in one) reference.heard(one.heard, nowMs + one.atMs);
        else {
          const [out] = [read(reference, (nowMs += one.takeMs), 1)];
          expect(
            out.every((sample) => Number.isInteger(sample) && sample >= 0 && sample < next),
          ).toBe(true);
        }
      }
    }),
  );
});

function zeros(samples: number): number[] {
  return Array.from({ length: samples }, () => 0);
}
