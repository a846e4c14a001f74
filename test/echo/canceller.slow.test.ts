/** The canceller on files: voices of flite in rooms that are made here. Function, not speed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DELAY_SAMPLES, EchoCanceller } from '../../src/audio/echo/canceller.ts';
import { floatFromS16, s16FromFloat } from '../../src/audio/pcm.ts';
import { makeRoom, music, type Room, type RoomOptions } from '../bench/echo/room.ts';
import { gauss, powerOf, randomOf, RATE } from '../bench/echo/signal.ts';
import { assistant, inRoom, isQuiet, roomWith, run, user } from './inRoom.ts';

describe('a room', () => {
  it.each([
    ['near', { delayMs: 20, couplingDb: -12 }],
    ['loud', { delayMs: 120, couplingDb: -6 }],
    ['far away', { delayMs: 200, couplingDb: -20 }],
    ['late', { delayMs: 450, couplingDb: -9 }],
    ['with noise', { noiseDbfs: -50 }],
    ['a bad loudspeaker', { distortion: 1 }],
  ] satisfies [string, Partial<RoomOptions>][])(
    '%s: the echo goes, the user stays',
    async (_, options) => {
      const figures = await inRoom(options);
      expect(figures).toSatisfy(isQuiet);
      expect(figures.first2s).toBeGreaterThan(20);
      expect(figures.kept).toBeGreaterThan(0.85);
      expect(figures.siSdrGain).toBeGreaterThan(6);
      // The room's noise is heard all the time: the line does not seem dead.
      expect(figures.holes).toBeLessThan(0.01);
    },
  );

  it('with music instead of words', async () => {
    const figures = await inRoom({ far: music(12, 5) });
    expect(figures.settled).toBeGreaterThan(25);
    expect(figures.kept).toBeGreaterThan(0.75);
  });

  it.each([
    ['another path', { changes: true }, 10],
    ['a delay that jumps on', { jumpMs: 90 }, 15],
    ['a delay that jumps back', { delayMs: 200, jumpMs: -60 }, 10],
    ['a delay that jumps out of the filter', { jumpMs: 500 }, 0],
    ['a player that stalls', { player: 'stalls' }, 20],
    ['a player that tells wrongly when a reply begins', { player: 'replies' }, 20],
  ] satisfies [string, Partial<RoomOptions>, number][])(
    '%s is followed',
    async (_, options, atOnceDb) => {
      const figures = await inRoom(options);
      expect(figures.changed).toBeGreaterThan(atOnceDb);
      expect(figures.settledAgain).toBeGreaterThan(28);
      expect(figures.kept).toBeGreaterThan(0.85);
    },
  );

  it('whose echo is beyond the filter from the beginning', async () => {
    const figures = await inRoom({ delayMs: 800 });
    expect(figures).toSatisfy(isQuiet);
    expect(figures.kept).toBeGreaterThan(0.85);
  });

  it.each([100, -100, 300, -300])('with clocks that drift apart by %i ppm', async (driftPpm) => {
    const figures = await inRoom({ driftPpm });
    expect(figures).toSatisfy(isQuiet);
    expect(figures.first2s).toBeGreaterThan(20);
    expect(figures.kept).toBeGreaterThan(0.85);
  });
});

/** The first sound of the assistant. */
const BEGINS = RATE / 2;

describe('trusted', () => {
  const random = randomOf(8);
  /** Second by second. */
  const trustIn = (room: Pick<Room, 'reference' | 'microphone'>): boolean[] => {
    const canceller = new EchoCanceller();
    return Array.from({ length: room.reference.length / RATE }, (_, second) => {
      const [from, to] = [second * RATE, (second + 1) * RATE];
      run(canceller, room.reference.subarray(from, to), room.microphone.subarray(from, to));
      return canceller.trusted;
    });
  };
  const options = {
    name: 'test',
    far: assistant,
    near: user,
    seed: 78,
    delayMs: 80,
    couplingDb: -10,
  };

  it('is what has been learnt, and not when another path has to be', () => {
    const seconds = trustIn(makeRoom({ ...options, changes: true }));
    expect(seconds[0]).toBe(false);
    expect(seconds.slice(4, 9)).not.toContain(false);
    expect(seconds.slice(12)).not.toContain(false);
    // The path changes at 9 s, and is known again before the user speaks.
    const canceller = new EchoCanceller();
    const { reference, microphone } = makeRoom({ ...options, changes: true });
    const trust: boolean[] = [];
    for (let at = 0; at < 10 * RATE; at += 320) {
      run(canceller, reference.subarray(at, at + 320), microphone.subarray(at, at + 320));
      trust.push(canceller.trusted);
    }
    expect(trust.slice(9 * 50)).toContain(false);
  });

  it.each([2, 3, -3, 5, 50])('is there again at once when the echo is %i samples later', (by) => {
    const { reference, microphone } = makeRoom(options);
    const from = 9 * RATE;
    const moved = microphone.map((sample, i) => (i < from ? sample : microphone[i - by]!));
    const canceller = new EchoCanceller();
    const to = from + 0.4 * RATE;
    run(canceller, reference.subarray(0, to), moved.subarray(0, to));
    expect(canceller.trusted).toBe(true);
    const out = run(canceller, reference.subarray(to, to + RATE), moved.subarray(to, to + RATE));
    expect(powerOf(out)).toBeLessThan(powerOf(moved, to, to + RATE) / 1000);
  });

  it.each([-50, -20, 15, 40, 70])(
    'of an answer that begins %i samples late is found at once',
    (by) => {
      const { reference, microphone } = roomWith({ delayMs: 40 });
      const canceller = new EchoCanceller();
      const learnt = 6 * RATE;
      const silence = new Float32Array(RATE / 2);
      run(canceller, reference.subarray(0, learnt), microphone.subarray(0, learnt));
      run(
        canceller,
        silence,
        silence.map(() => 3e-4 * gauss(random)),
      );
      // As in live rooms: a device that begins anew does so some milliseconds from where it was told.
      const from = BEGINS - RATE / 20;
      const later = microphone.subarray(from - by, from - by + RATE);
      const out = run(canceller, reference.subarray(from, from + RATE), later);
      const [a, b] = [0.2 * RATE, 0.35 * RATE];
      expect(powerOf(out, a, b)).toBeLessThan(powerOf(later, a, b) / 5000);
    },
  );

  it('is kept while the user speaks, and where there is no echo to learn', () => {
    expect(trustIn(makeRoom(options)).slice(16)).not.toContain(false);
    const far = assistant.subarray(0, 8 * RATE);
    const random = randomOf(1);
    const microphone = far.map(() => 3e-4 * gauss(random));
    expect(trustIn({ reference: far, microphone }).slice(6)).not.toContain(false);
  });
});

describe('without echo', () => {
  it('gives the microphone back bit for bit, 16 ms later', () => {
    const pcm = s16FromFloat(user.subarray(0, 2 * RATE));
    const out = run(new EchoCanceller(), new Float32Array(2 * RATE), floatFromS16(pcm));
    const late = s16FromFloat(out.subarray(DELAY_SAMPLES));
    expect(Buffer.from(late).equals(Buffer.from(pcm.subarray(0, late.byteLength)))).toBe(true);
    expect(out.subarray(0, DELAY_SAMPLES)).toEqual(new Float32Array(DELAY_SAMPLES));
  });

  it('gives silence for silence', () => {
    const silence = new Float32Array(RATE);
    expect(powerOf(run(new EchoCanceller(), silence, silence))).toBe(0);
    expect(powerOf(run(new EchoCanceller(), assistant.subarray(0, RATE), silence))).toBe(0);
  });

  it.each([
    [1, 0],
    [1, 3e-4],
    [3, 0],
    [3, 3e-4],
  ])('on headphones lets the user through from %i s on, noise %f', (fromS, noise) => {
    const random = randomOf(5);
    const far = assistant.subarray(0, 8 * RATE);
    const near = new Float32Array(far.length);
    near.set(user.subarray(0, 4 * RATE), fromS * RATE);
    const mic = near.map((sample) => sample + noise * gauss(random));
    const out = run(new EchoCanceller(), far, mic).subarray(DELAY_SAMPLES);
    let along = 0;
    for (let i = 0; i < out.length; i++) along += out[i]! * near[i]!;
    const likeness = along / out.length / Math.sqrt(powerOf(out) * powerOf(near, 0, out.length));
    expect(likeness).toBeGreaterThan(0.9);
    expect(powerOf(out)).toBeGreaterThan(powerOf(near) / 2);
  });

  it('on headphones lets the user through while the assistant speaks', () => {
    const far = assistant.subarray(0, 10 * RATE);
    const random = randomOf(1);
    const mic = Float32Array.from(
      { length: far.length },
      (_, i) => (i < 4 * RATE ? 0 : user[i % user.length]!) + 3e-4 * gauss(random),
    );
    const out = run(new EchoCanceller(), far, mic).subarray(DELAY_SAMPLES);
    let wrong = 0;
    for (let i = 5 * RATE; i < out.length; i++) wrong += (out[i]! - mic[i]!) ** 2;
    expect(wrong / powerOf(mic, 5 * RATE, out.length) / (out.length - 5 * RATE)).toBeLessThan(0.1);
  });
});

describe('a microphone that was muted', () => {
  it('is as it was: the room is known, and its noise is nobody', () => {
    const { reference: far, microphone } = roomWith({ noiseDbfs: -60 });
    const mic = microphone.slice(0, 12 * RATE);
    mic.fill(0, 6 * RATE, 8 * RATE);
    const canceller = new EchoCanceller();
    run(canceller, far.subarray(0, 6 * RATE), mic.subarray(0, 6 * RATE));
    expect(canceller.trusted).toBe(true);
    const muted = run(
      canceller,
      far.subarray(6 * RATE, 8 * RATE),
      mic.subarray(6 * RATE, 8 * RATE),
    );
    expect(powerOf(muted, RATE / 10)).toBe(0);
    const again = run(
      canceller,
      far.subarray(8 * RATE, 10 * RATE),
      mic.subarray(8 * RATE, 10 * RATE),
    );
    expect(powerOf(again)).toBeLessThan(powerOf(mic, 8 * RATE, 10 * RATE) / 1000);
    expect(canceller.near).toBeLessThan(0.3);
  });

  it('while nothing plays neither', () => {
    const random = randomOf(2);
    const mic = Float32Array.from({ length: 8 * RATE }, () => 5e-4 * gauss(random));
    mic.fill(0, 4 * RATE, 5.5 * RATE);
    const canceller = new EchoCanceller();
    const piece = 320;
    const near: number[] = [];
    for (let i = 0; i < mic.length; i += piece) {
      run(canceller, new Float32Array(piece), mic.subarray(i, i + piece));
      near.push(canceller.near);
    }
    expect(Math.max(...near)).toBeLessThan(0.65);
  });
});

describe('statistics', () => {
  it('say how much is taken out and how late it came', async () => {
    const room = makeRoom({
      name: 'test',
      far: assistant,
      near: user,
      seed: 3,
      delayMs: 160,
      couplingDb: -10,
    });
    const canceller = new EchoCanceller();
    expect(canceller.statistics).toEqual({
      returnLossDb: undefined,
      echoDbfs: undefined,
      measuredMs: 0,
      near: 0,
      delayMs: undefined,
      heldBackMs: 0,
    });
    run(canceller, room.reference.subarray(0, 9 * RATE), room.microphone.subarray(0, 9 * RATE));
    const { returnLossDb, echoDbfs, near, delayMs } = canceller.statistics;
    expect(returnLossDb).toBeGreaterThan(25);
    expect(echoDbfs).toBeGreaterThan(-36);
    expect(echoDbfs).toBeLessThan(-25);
    expect(near).toBeLessThan(0.3);
    expect(delayMs).toBeGreaterThanOrEqual(150);
    expect(delayMs).toBeLessThanOrEqual(190);
  });
});

describe('whatever comes', () => {
  it('makes no difference in what pieces', () => {
    const far = assistant.subarray(0, RATE);
    const mic = Float32Array.from(far, (sample, i) => 0.3 * sample + (user[i] ?? 0));
    const whole = run(new EchoCanceller(), far, mic, RATE);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (piece) => {
        expect(run(new EchoCanceller(), far, mic, piece)).toEqual(whole);
      }),
      { numRuns: 5 },
    );
  });

  it('refuses pieces that are not in step', () => {
    const out = new Float32Array(10);
    expect(() =>
      new EchoCanceller().process(new Float32Array(9), new Float32Array(10), out),
    ).toThrow(RangeError);
  });

  it('gives numbers, of no more than the microphone had, and recovers', () => {
    const kinds = fc.constantFrom('noise', 'dc', 'impulse', 'silence', 'nothing', 'huge', 'square');
    const piece = fc.record({ far: kinds, mic: kinds, blocks: fc.integer({ min: 1, max: 60 }) });
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1 }),
        (pieces, seed) => {
          const random = randomOf(seed);
          const canceller = new EchoCanceller();
          for (const { far, mic, blocks } of pieces) {
            const length = Math.floor(blocks * 128 * random()) + 1;
            const out = run(canceller, made(far, length, random), made(mic, length, random));
            expect(out.every((sample) => Math.abs(sample) < 100)).toBe(true);
          }
          // It has not been harmed: the next room is as good as the first.
          const tone = Float32Array.from({ length: 12 * RATE }, () => 0.1 * gauss(random));
          const echo = tone.map((_, i) => 0.3 * (tone[i - 800] ?? 0));
          const out = run(canceller, tone, echo);
          const end = out.subarray(10 * RATE);
          expect(powerOf(end)).toBeLessThan(powerOf(echo, 10 * RATE) / 100);
        },
      ),
      { numRuns: 5 },
    );
  });
});

function made(kind: string, length: number, random: () => number): Float32Array {
  const sample: Record<string, (i: number) => number> = {
    noise: () => 2 * random() - 1,
    dc: () => 0.9,
    impulse: (i) => (i % 700 === 0 ? 1 : 0),
    silence: () => 0,
    nothing: (i) => (i % 3 === 0 ? Number.NaN : Number.POSITIVE_INFINITY),
    huge: () => 1e30 * (random() - 0.5),
    square: (i) => (i % 100 < 50 ? 1 : -1),
  };
  return Float32Array.from({ length }, (_, i) => sample[kind]!(i));
}
