/**
 * The sizes that the parts of the echo canceller share. Sound is 16 kHz mono, full scale 1; time goes in
 * blocks; a spectrum is two arrays of {@link BINS} numbers, real and imaginary, bin k at k · 62.5 Hz.
 */

export const RATE_HZ = 16_000;
/** Samples of a block: 8 ms. */
export const BLOCK = 128;
export const BLOCK_MS = (BLOCK / RATE_HZ) * 1000;
/** Samples of a transform: two blocks. */
export const FRAME = 2 * BLOCK;
export const BINS = BLOCK + 1;
/** Partitions of the filter, a block each: it reaches over 512 ms. */
export const PARTITIONS = 64;
/** How much further back the reference can be taken from, in blocks: a second. */
export const MAX_DELAY_BLOCKS = 125;
/** How much earlier than the reference the echo may be, in blocks: 80 ms, more than the buffer of a usual device. */
export const MAX_EARLY_BLOCKS = 10;
/** The microphone is held back by so many at most, 128 ms: by those, and until the echo is surely in the filter. */
export const MAX_HELD_BLOCKS = MAX_EARLY_BLOCKS + 6;

/** One spectrum: real and imaginary parts of {@link BINS} bins. */
export type Spectrum = { re: Float64Array; im: Float64Array };

export function newSpectrum(): Spectrum {
  return { re: new Float64Array(BINS), im: new Float64Array(BINS) };
}
