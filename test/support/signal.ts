/** Is what was heard what was sent? Compared block by block, with the lag of each. */
import { RealFft } from '../../src/audio/fft.ts';
import { energyOf, floatFromS16 } from '../../src/audio/pcm.ts';

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
  const first = Math.max(0, from);
  const count = Math.max(0, Math.min(within.length - block.length, to) - first + 1);
  const products = correlate(block, within.subarray(first, first + count + block.length - 1));
  const energy = energyOf(block);
  // The running sum of squares does not drift in double precision.
  let energyThere = energyOf(within.subarray(first, first + block.length));
  let best = { position: first, correlation: -1 };
  for (let i = 0; i < count; i++) {
    const correlation = energyThere > 1e-9 ? products[i]! / Math.sqrt(energy * energyThere) : 0;
    if (correlation > best.correlation) best = { position: first + i, correlation };
    const next = within[first + i + block.length] ?? 0;
    energyThere += next ** 2 - within[first + i]! ** 2;
  }
  return best;
}

/**
 * The inner product of `block` and `within` at every position, by overlap-save. Every position counts: an "s" is noise,
 * which is unlike itself two samples further on.
 */
function correlate(block: Float32Array, within: Float32Array): Float64Array {
  const size = 2 ** Math.ceil(Math.log2(2 * block.length + 2));
  const fft = new RealFft(size);
  const spectrum = (samples: Float32Array): [Float64Array, Float64Array] => {
    const [time, re, im] = [new Float64Array(size), newBins(size), newBins(size)];
    time.set(samples);
    fft.forward(time, re, im);
    return [re, im];
  };
  const [bRe, bIm] = spectrum(block);
  const step = size - block.length + 1;
  const out = new Float64Array(within.length);
  const time = new Float64Array(size);
  for (let at = 0; at < within.length; at += step) {
    const [re, im] = spectrum(within.subarray(at, at + size));
    for (let k = 0; k < re.length; k++) {
      const real = re[k]! * bRe[k]! + im[k]! * bIm[k]!;
      im[k] = im[k]! * bRe[k]! - re[k]! * bIm[k]!;
      re[k] = real;
    }
    fft.inverse(re, im, time);
    out.set(time.subarray(0, Math.min(step, out.length - at)), at);
  }
  return out;
}

const newBins = (size: number): Float64Array => new Float64Array(size / 2 + 1);

function rms(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}
