import { expect, it } from 'vitest';

import { Aligner } from '../../src/audio/echo/aligner.ts';
import { BLOCK } from '../../src/audio/echo/geometry.ts';
import { drifted, gauss, randomOf, RATE } from '../bench/echo/signal.ts';

const random = randomOf(8);
const noise = Float32Array.from({ length: RATE }, () => 0.1 * gauss(random));
/** Low-pass noise, as speech is: plain correlation has a wide peak there. */
const sound = noise.map((_, i) =>
  noise.subarray(Math.max(0, i - 7), i + 1).reduce((a, b) => a + b),
);

function lookAt(mic: Float32Array, echo: Float32Array): Aligner {
  const aligner = new Aligner();
  for (let at = 0; at + BLOCK <= mic.length; at += BLOCK) {
    const end = at + BLOCK;
    aligner.add(
      Float64Array.from(mic.subarray(at, end)),
      Float64Array.from(echo.subarray(at, end)),
    );
  }
  aligner.measure();
  return aligner;
}

/** What is at `i` in the result was `samples` before. */
const late = (samples: number): Float32Array => sound.map((_, i) => sound[i - samples] ?? 0);

it.each([0, 2, -2, 3, 37, 640, 1590, -128, -900])(
  'finds an echo that is %i samples late',
  (lag) => {
    const aligner = lookAt(late(lag), sound);
    expect(Math.round(aligner.lag)).toBe(lag);
    expect(aligner.peak).toBeGreaterThan(0.3);
    if (lag === 0) expect(aligner.atZero).toBe(aligner.peak);
    else expect(aligner.atZero).toBeLessThan(aligner.peak / 4);
  },
);

it('finds it under somebody else who is as loud', () => {
  const other = randomOf(9);
  const mic = late(300).map((sample) => sample + 0.3 * gauss(other));
  expect(Math.round(lookAt(mic, sound).lag)).toBe(300);
});

it.each([0.25, 0.5, -0.4])('finds %f of a sample', (part) => {
  // Half a second at this rate is so much apart in the middle of what is looked at.
  const middle = sound.length - 1024;
  const mic = drifted(sound, (-part / middle) * 1e6);
  expect(lookAt(mic, sound).lag).toBeCloseTo(part, 1);
});

it('goes on from where the prediction was moved to', () => {
  const aligner = new Aligner();
  const mic = late(200);
  for (let at = 0; at + BLOCK <= mic.length; at += BLOCK)
    aligner.add(
      Float64Array.from(mic.subarray(at, at + BLOCK)),
      Float64Array.from(sound.subarray(at, at + BLOCK)),
    );
  aligner.shift(150);
  aligner.measure();
  expect(Math.round(aligner.lag)).toBe(50);
  aligner.shift(50);
  aligner.measure();
  expect(Math.round(aligner.lag)).toBe(0);
});

it('finds nothing where there is nothing', () => {
  const other = randomOf(10);
  const { peak } = lookAt(
    sound.map(() => 0.1 * gauss(other)),
    sound,
  );
  expect(peak).toBeLessThan(0.12);
  expect(lookAt(new Float32Array(RATE), sound).peak).toBe(0);
  expect(lookAt(sound, new Float32Array(RATE)).peak).toBe(0);
});
