/** Echo that is heard before it is told: the microphone is held back. */
import { describe, expect, it } from 'vitest';

import { DELAY_SAMPLES, EchoCanceller } from '../../src/audio/echo/canceller.ts';
import { BLOCK, MAX_HELD_BLOCKS } from '../../src/audio/echo/geometry.ts';
import { MicrophoneLine } from '../../src/audio/echo/microphoneLine.ts';
import { s16FromFloat } from '../../src/audio/pcm.ts';

import type { RoomOptions } from '../bench/echo/room.ts';
import { gauss, powerOf, randomOf, RATE } from '../bench/echo/signal.ts';
import { assistant, inRoom, isQuiet, roomWith, run, user } from './inRoom.ts';

describe('echo that comes before it is told', () => {
  it.each([-80, -40, -20, -10])('by %i ms goes, and the user stays', async (delayMs) => {
    const figures = await inRoom({ delayMs });
    expect(figures).toSatisfy(isQuiet);
    expect(figures.kept).toBeGreaterThan(0.9);
    expect(figures.siSdrGain).toBeGreaterThan(6);
    expect(figures.holes).toBeLessThan(0.01);
  });

  it.each([
    ['from the beginning', { delayMs: -20 }],
    ['from some time on', { delayMs: 60, jumpMs: -80 }],
  ])('%s: what it costs is told', (_, options) => {
    const { reference, microphone } = roomWith(options);
    const canceller = new EchoCanceller();
    run(canceller, reference.subarray(0, 14 * RATE), microphone.subarray(0, 14 * RATE));
    const { heldBackMs, delayMs } = canceller.statistics;
    expect(heldBackMs).toBeGreaterThanOrEqual(24);
    expect(heldBackMs).toBeLessThanOrEqual(72);
    expect(delayMs).toBeGreaterThanOrEqual(-24);
    expect(delayMs).toBeLessThanOrEqual(16);
  });

  it.each([
    ['a usual room', { delayMs: 20 }],
    ['a late one', { delayMs: 400 }],
    ['a player that tells wrongly', { player: 'replies', delayMs: 40 }],
  ] satisfies [string, Partial<RoomOptions>][])('costs nothing in %s', (_, options) => {
    const { reference, microphone } = roomWith(options);
    const canceller = new EchoCanceller();
    run(canceller, reference, microphone);
    expect(canceller.statistics.heldBackMs).toBe(0);
  });

  it('costs nothing on headphones, whoever speaks', () => {
    const random = randomOf(4);
    const far = assistant.subarray(0, 10 * RATE);
    const mic = far.map((_, i) => user[i % user.length]! + 3e-4 * gauss(random));
    const canceller = new EchoCanceller();
    run(canceller, far, mic);
    expect(canceller.statistics.heldBackMs).toBe(0);
  });

  it('costs nothing any more where it has come later since, as soon as nothing plays', () => {
    const silence = new Float32Array(4 * RATE);
    const [early, late] = [roomWith({ delayMs: -20 }), roomWith({ delayMs: 100 })];
    const canceller = new EchoCanceller();
    const listen = (room: ReturnType<typeof roomWith>): number => {
      run(canceller, room.reference.subarray(0, 8 * RATE), room.microphone.subarray(0, 8 * RATE));
      run(canceller, silence, silence);
      return canceller.statistics.heldBackMs;
    };
    expect(listen(early)).toBeGreaterThan(0);
    expect(listen(late)).toBe(0);
    const { reference, microphone } = late;
    const out = run(canceller, reference.subarray(0, 4 * RATE), microphone.subarray(0, 4 * RATE));
    // What was learnt is kept.
    expect(powerOf(out)).toBeLessThan(powerOf(microphone, 0, 4 * RATE) / 1000);
    const later = run(
      canceller,
      silence,
      silence.map((_, i) => user[i]!),
    );
    expect(s16FromFloat(later.subarray(2 * RATE))).toEqual(
      s16FromFloat(user.subarray(2 * RATE - DELAY_SAMPLES, 4 * RATE - DELAY_SAMPLES)),
    );
  });
});

describe('a microphone that is held back', () => {
  it('comes whole, so much later, and without a click where that changes', () => {
    const line = new MicrophoneLine();
    const sine = Float64Array.from({ length: 90 * BLOCK }, (_, i) => Math.sin(i / 50));
    const out = new Float64Array(sine.length);
    for (let block = 0; block < 90; block++) {
      if (block === 30) line.hold(7);
      if (block === 60) line.hold(1000);
      line.pass(
        sine.subarray(block * BLOCK, (block + 1) * BLOCK),
        out.subarray(block * BLOCK, (block + 1) * BLOCK),
      );
    }
    expect(line.held).toBe(MAX_HELD_BLOCKS);
    const at = (block: number): Float64Array => out.subarray(block * BLOCK, (block + 1) * BLOCK);
    const was = (block: number): Float64Array => sine.subarray(block * BLOCK, (block + 1) * BLOCK);
    expect(at(29)).toEqual(was(29));
    expect(at(31)).toEqual(was(24));
    expect(at(89)).toEqual(was(89 - MAX_HELD_BLOCKS));
    for (let i = 1; i < out.length; i++) expect(Math.abs(out[i]! - out[i - 1]!)).toBeLessThan(0.05);
  });
});
