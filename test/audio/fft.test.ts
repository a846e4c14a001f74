import fc from 'fast-check';
import { expect, it } from 'vitest';

import { RealFft } from '../../src/audio/fft.ts';

const N = 64;
const frames = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
  minLength: N,
  maxLength: N,
});

it('is the sum that defines it', () => {
  const fft = new RealFft(N);
  const re = new Float64Array(N / 2 + 1);
  const im = new Float64Array(N / 2 + 1);
  fc.assert(
    fc.property(frames, fc.integer({ min: 0, max: N / 2 }), (frame, k) => {
      fft.forward(frame, re, im);
      let real = 0;
      let imaginary = 0;
      frame.forEach((sample, n) => {
        real += sample * Math.cos((2 * Math.PI * k * n) / N);
        imaginary -= sample * Math.sin((2 * Math.PI * k * n) / N);
      });
      expect(re[k]).toBeCloseTo(real, 9);
      expect(im[k]).toBeCloseTo(imaginary, 9);
    }),
    { numRuns: 50 },
  );
});

it.each([4, 8, 256, 4096])('comes back from %i samples', (size) => {
  const fft = new RealFft(size);
  const re = new Float64Array(size / 2 + 1);
  const im = new Float64Array(size / 2 + 1);
  const frame = Float64Array.from({ length: size }, (_, i) => Math.sin(i * i));
  const back = new Float64Array(size);
  fft.forward(frame, re, im);
  fft.inverse(re, im, back);
  frame.forEach((sample, i) => expect(back[i]).toBeCloseTo(sample, 12));
});

it.each([0, 2, 3, 100, Number.NaN])('has no frames of %s samples', (size) => {
  expect(() => new RealFft(size)).toThrow(RangeError);
});
