import { s16FromFloat } from '../../src/audio/pcm.ts';

/** Noise without a repetition in it, softened to the band of speech: every block is like no other. s16le. */
export function noise(ms: number, rateHz: number, seed: number): Uint8Array {
  let state = seed;
  let low = 0;
  const samples = Float32Array.from({ length: Math.round((rateHz * ms) / 1000) }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    low += 0.2 * (state / 2 ** 31 - 1 - low);
    return low * 0.8;
  });
  return s16FromFloat(samples);
}
