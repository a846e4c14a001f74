import { expect, it } from 'vitest';

import { EchoGate } from '../../src/audio/echo/gate.ts';
import { gauss, powerOf, randomOf, RATE } from '../bench/echo/signal.ts';

const SECONDS = 8;
const random = randomOf(4);
const sound = (level: number): Float32Array =>
  Float32Array.from({ length: SECONDS * RATE }, () => level * gauss(random));

function through(reference: Float32Array, microphone: Float32Array): Float32Array {
  const out = new Float32Array(microphone.length);
  new EchoGate().process(reference, microphone, out);
  return out;
}

it('is shut while the assistant speaks and open when it does not', () => {
  const far = sound(0.1).fill(0, 4 * RATE);
  const mic = far.map((sample) => sample * 0.3);
  mic.set(sound(0.1).subarray(0, 2 * RATE), 5 * RATE);
  const out = through(far, mic);
  expect(powerOf(out, 0, 4 * RATE)).toBe(0);
  expect(out.subarray(5 * RATE + 320, 7 * RATE)).toEqual(mic.subarray(5 * RATE, 7 * RATE - 320));
});

it('opens for a voice that is much louder than the echo, and shuts again', () => {
  const far = sound(0.1);
  const mic = far.map((sample) => sample * 0.1);
  const loud = sound(0.1);
  for (let i = 5 * RATE; i < 6 * RATE; i++) mic[i] = mic[i]! + loud[i]!;
  const out = through(far, mic);
  expect(powerOf(out, RATE, 5 * RATE)).toBe(0);
  expect(powerOf(out, 5.2 * RATE, 6 * RATE)).toBeGreaterThan(
    0.9 * powerOf(mic, 5.2 * RATE, 6 * RATE),
  );
  expect(powerOf(out, 7 * RATE)).toBe(0);
});
