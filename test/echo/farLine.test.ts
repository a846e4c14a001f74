import { expect, it } from 'vitest';

import { FarLine } from '../../src/audio/echo/farLine.ts';
import { EchoFilter } from '../../src/audio/echo/filter.ts';
import { BLOCK } from '../../src/audio/echo/geometry.ts';
import { gauss, randomOf } from '../bench/echo/signal.ts';

const HZ = 1000;
const RATE = 16_000;
const tone = (at: number): number => Math.sin((2 * Math.PI * HZ * at) / RATE);

/** What is read of a tone in so many blocks, and from how far behind. */
function read(line: FarLine, blocks: number, each: (block: Float64Array, i: number) => void): void {
  const block = new Float64Array(BLOCK);
  for (let i = 0; i < blocks; i++) {
    line.push(Float64Array.from({ length: BLOCK }, (_, k) => tone(i * BLOCK + k)));
    line.read(block);
    each(block, i);
  }
}

it('gives sample by sample what was told, a little later', () => {
  const line = new FarLine();
  read(line, 20, (block, i) => {
    const from = i * BLOCK - line.behind - BLOCK;
    if (i > 2) block.forEach((sample, k) => expect(sample).toBeCloseTo(tone(from + k), 9));
  });
});

it('reads faster than it was told, between the samples', () => {
  const line = new FarLine();
  line.rate = 300e-6;
  line.delay(800);
  let behind = line.behind + BLOCK;
  read(line, 200, (block, i) => {
    const from = (i + 1) * BLOCK - behind - BLOCK;
    if (i > 10)
      block.forEach((sample, k) => {
        expect(sample).toBeCloseTo(tone(from + k * (1 + line.rate)), 3);
      });
    behind = line.behind + BLOCK;
  });
});

it('does not read what was not told yet', () => {
  const line = new FarLine();
  expect(line.delay(-1000)).toBeGreaterThan(-50);
  expect(line.delay(500)).toBe(500);
  line.push(new Float64Array(BLOCK));
  expect(line.isEmpty).toBe(false);
});

it('lets a filter remember the same reference from another place', () => {
  const line = new FarLine();
  const filter = new EchoFilter();
  const block = new Float64Array(BLOCK);
  const echo = new Float64Array(BLOCK);
  const error = new Float64Array(BLOCK);
  /** The echo is half as loud and 700 samples late. Returns what is left of it, as a share. */
  const step = (i: number): number => {
    line.push(Float64Array.from({ length: BLOCK }, (_, k) => noise(i * BLOCK + k)));
    line.read(block);
    filter.remember(block);
    const mic = Float64Array.from({ length: BLOCK }, (_, k) => 0.5 * noise(i * BLOCK + k - 700));
    filter.predict(mic, echo, error);
    return power(error) / power(mic);
  };
  for (let i = 0; i < 1000; i++) {
    step(i);
    filter.learn(false);
  }
  expect(step(1000)).toBeLessThan(0.001);
  // Read from 300 samples further back, with a response that comes 300 samples earlier, all is as it was.
  line.delay(300);
  line.refill(filter);
  expect(step(1001)).toBeGreaterThan(0.5);
  filter.shift(-300);
  expect(step(1002)).toBeLessThan(0.001);
});

const random = randomOf(3);
const noises = Float64Array.from({ length: 1010 * BLOCK }, () => 0.1 * gauss(random));
const noise = (at: number): number => noises[at] ?? 0;
const power = (block: Float64Array): number => block.reduce((sum, sample) => sum + sample ** 2, 0);
