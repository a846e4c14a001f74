/** Whether a word that was said over an answer is on the wire from its first sound on. */
import { BYTES_PER_SAMPLE } from '../../src/audio/format.ts';
import { concatBytes, floatFromS16, s16FromFloat } from '../../src/audio/pcm.ts';
import { matchBlocks } from '../support/signal.ts';

const RATE_HZ = 16_000;
const BLOCK_MS = 100;
/** Blocks from the onset that must be on the wire, and the part of the word that says where they have to be. */
const BLOCKS = 2;
const PLACE_MS = 300;
const PLACE_TOLERANCE_MS = 2;
const SILENT_BELOW = 0.005;
/** Least correlation of a block: without an echo, and in a room, where half of the power may be noise and residual echo. */
const LIKE = 0.9;
const LIKE_IN_ROOM = 0.7;

/** Undefined when the first syllable is whole; otherwise the correlation of each of its blocks with the wire. */
export function missingSyllable(
  word: Uint8Array,
  frames: readonly Uint8Array[],
  where: 'silence' | 'room' = 'silence',
): string | undefined {
  const said = smoothed(word);
  const wire = smoothed(concatBytes(frames));
  const loud = matchBlocks(said, said, { rateHz: RATE_HZ, silentBelow: SILENT_BELOW });
  if (loud.length === 0) return 'nothing was said';
  const from = loud[0]!.atMs;
  const [place] = matchBlocks(between(said, from, from + PLACE_MS), wire, {
    rateHz: RATE_HZ,
    blockMs: Math.min(PLACE_MS, said.byteLength / bytesOfMs(1) - from),
    silentBelow: 0,
  });
  const correlations = loud.slice(0, BLOCKS).map(({ atMs }) => {
    const there = atMs - from + (place?.lagMs ?? 0);
    const near = between(wire, there - PLACE_TOLERANCE_MS, there + BLOCK_MS + PLACE_TOLERANCE_MS);
    const block = between(said, atMs, atMs + BLOCK_MS);
    return matchBlocks(block, near, { rateHz: RATE_HZ, silentBelow: 0 })[0]?.correlation ?? 0;
  });
  if (correlations.every((one) => one > (where === 'room' ? LIKE_IN_ROOM : LIKE))) return undefined;
  return `correlation ${correlations.map((one) => one.toFixed(2)).join(' ')}`;
}

const bytesOfMs = (ms: number): number => Math.round((ms * RATE_HZ) / 1000) * BYTES_PER_SAMPLE;

const between = (pcm: Uint8Array, fromMs: number, toMs: number): Uint8Array =>
  pcm.subarray(bytesOfMs(Math.max(0, fromMs)), bytesOfMs(Math.max(0, toMs)));

/**
 * Without its highest tones: the sound server's resampler shifts by a part of a sample, and half a sample is
 * a fifth of a period of "s", which then looks like another sound.
 */
function smoothed(pcm: Uint8Array): Uint8Array {
  const samples = floatFromS16(pcm);
  const mean = (_sample: number, i: number): number =>
    (samples[i]! + (samples[i - 1] ?? 0) + (samples[i - 2] ?? 0) + (samples[i - 3] ?? 0)) / 4;
  return s16FromFloat(samples.map(mean));
}
