import { describe, expect, it } from 'vitest';

import { createResampler } from '../../src/audio/resample.ts';

function sine(hz: number, rateHz: number, samples: number): Float32Array {
  return Float32Array.from(
    { length: samples },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rateHz),
  );
}

async function resample(
  input: Float32Array,
  from: number,
  to: number,
  piece: number,
): Promise<Float32Array> {
  const resampler = await createResampler(from, to);
  const parts: Float32Array[] = [];
  for (let at = 0; at < input.length; at += piece)
    parts.push(resampler.push(input.subarray(at, at + piece)));
  parts.push(resampler.end());
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

describe('Resampler', () => {
  it.each([
    [44_100, 16_000],
    [48_000, 16_000],
    [8000, 16_000],
    [22_050, 16_000],
    [24_000, 16_000],
    [16_000, 24_000],
    [11_025, 16_000],
    [192_000, 16_000],
  ])(
    '%i to %i Hz: exact length, aligned from the first sample to the last, clean',
    async (from, to) => {
      const length = from + 123;
      const output = await resample(sine(440, from, length), from, to, 1000);
      expect(output.length).toBe(Math.round((length * to) / from));
      const ideal = sine(440, to, output.length);
      let signal = 0;
      let noise = 0;
      // The filter has nothing to stand on beyond the ends: 5 ms of each are left out of the quality.
      for (let i = to * 0.005; i < output.length - to * 0.005; i++) {
        signal += (ideal[i] ?? 0) ** 2;
        noise += ((ideal[i] ?? 0) - (output[i] ?? 0)) ** 2;
      }
      expect(10 * Math.log10(signal / noise)).toBeGreaterThan(60);
    },
  );

  it('does not depend on the pieces it gets', async () => {
    const input = sine(1000, 44_100, 20_000);
    const whole = await resample(input, 44_100, 16_000, 20_000);
    for (const piece of [1, 7, 4096, 5000]) {
      const output = await resample(input, 44_100, 16_000, piece);
      expect(output.length).toBe(whole.length);
      expect(output.every((sample, i) => Math.abs(sample - (whole[i] ?? 9)) < 1e-6)).toBe(true);
    }
  });

  it('begins anew: nothing of what was before comes with what is next', async () => {
    const resampler = await createResampler(24_000, 16_000);
    const loud = sine(700, 24_000, 2400);
    const first = resampler.push(loud);
    const tail = resampler.restart();
    expect(first.length + tail.length).toBe(1600);
    const soft = sine(100, 24_000, 2400);
    const next = Float32Array.from([...resampler.push(soft), ...resampler.end()]);
    expect(next).toEqual(await resample(soft, 24_000, 16_000, 2400));
    resampler.close();
  });

  it('gives nothing for nothing, and can be closed twice', async () => {
    const resampler = await createResampler(44_100, 16_000);
    expect(resampler.end().length).toBe(0);
    resampler.close();
    expect(resampler.end().length).toBe(0);
  });
});
