/** Is what was heard what was sent? Compared block by block, with the lag of each. */
import { floatFromS16 } from '../../src/audio/pcm.ts';

export type BlockMatch = {
  /** Where the block begins in what was sent. */
  atMs: number;
  /** Of the samples, -1 to 1, at the best lag. */
  correlation: number;
  /** Where it lies in what was heard, relative to `atMs`. */
  lagMs: number;
};

export type MatchOptions = { rateHz: number; blockMs?: number; silentBelow?: number };

const SEARCH_MS = 60;

/**
 * Finds each block of `sent` (s16le mono) in `heard`. The first one is searched for everywhere, the others
 * near the lag of the one before. Blocks that are all but silent say nothing and are left out.
 */
export function matchBlocks(
  sent: Uint8Array,
  heard: Uint8Array,
  { rateHz, blockMs = 100, silentBelow = 0.003 }: MatchOptions,
): BlockMatch[] {
  const a = floatFromS16(sent);
  const b = floatFromS16(heard);
  const size = Math.round((rateHz * blockMs) / 1000);
  const near = Math.round((rateHz * SEARCH_MS) / 1000);
  const matches: BlockMatch[] = [];
  let lag: number | undefined;
  for (let at = 0; at + size <= a.length; at += size) {
    const block = a.subarray(at, at + size);
    if (rms(block) < silentBelow) continue;
    const from = lag === undefined ? 0 : at + lag - near;
    const to = lag === undefined ? b.length - size : at + lag + near;
    const best = bestPosition(block, b, from, to);
    lag = best.position - at;
    matches.push({
      atMs: (at / rateHz) * 1000,
      correlation: best.correlation,
      lagMs: (lag / rateHz) * 1000,
    });
  }
  return matches;
}

/** Highest level of any 20 ms of `pcm` from `fromMs` on, as a share of full scale. */
export function loudest(pcm: Uint8Array, rateHz: number, fromMs = 0): number {
  const samples = floatFromS16(pcm);
  const size = rateHz / 50;
  let max = 0;
  for (let at = Math.round((fromMs * rateHz) / 1000); at < samples.length; at += size) {
    max = Math.max(max, rms(samples.subarray(at, at + size)));
  }
  return max;
}

function bestPosition(block: Float32Array, within: Float32Array, from: number, to: number) {
  let best = { position: from, correlation: -1 };
  const first = Math.max(0, from);
  const last = Math.min(within.length - block.length, to);
  // Every 8th sample finds the neighbourhood (speech has little above 1.5 kHz), all of them the place.
  const stride = last - first > 4 * block.length ? 8 : 1;
  for (const [step, span] of stride === 1
    ? [[1, Infinity]]
    : [
        [4, Infinity],
        [1, 16],
      ]) {
    const centre = best.position;
    const begin = Math.max(first, span === Infinity ? first : centre - (span ?? 0));
    const end = Math.min(last, span === Infinity ? last : centre + (span ?? 0));
    best = { position: begin, correlation: -1 };
    for (let position = begin; position <= end; position += step ?? 1) {
      const correlation = correlate(block, within, position, step === 1 ? 1 : stride);
      if (correlation > best.correlation) best = { position, correlation };
    }
  }
  return best;
}

function correlate(block: Float32Array, within: Float32Array, at: number, stride: number): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < block.length; i += stride) {
    const x = block[i] ?? 0;
    const y = within[at + i] ?? 0;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

function rms(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}
