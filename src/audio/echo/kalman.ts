/**
 * The arithmetic of one partition of the filter, over all bins. Plain functions over arrays, since nearly all of the
 * time goes by here. `x`, `h`: where in their arrays the partition's reference and response begin.
 */
import { BINS } from './geometry.ts';

/** One of its own: where modules are not bundled, an imported one is looked up again in every step of a loop. */
const bins = BINS;

/** How much of the room is the same one block later: half of it after 11 s. */
export const STEADINESS = 0.9995;
const PROCESS_NOISE = 1 - STEADINESS * STEADINESS;
/** Half of a frame is microphone, so a bin of the error holds half the power that a bin of the reference has. */
export const OVERLAP = 0.5;
const LEAST_DOUBT = 1e-9;

/** Onto `re`, `im`: the echo; onto `unsure`: power of the echo that is not known. */
export function addEcho(
  xRe: Float32Array,
  xIm: Float32Array,
  x: number,
  hRe: Float32Array,
  hIm: Float32Array,
  doubt: Float32Array,
  h: number,
  re: Float64Array,
  im: Float64Array,
  unsure: Float64Array,
): void {
  for (let k = 0; k < bins; k++) {
    const a = xRe[x + k]!;
    const b = xIm[x + k]!;
    const c = hRe[h + k]!;
    const d = hIm[h + k]!;
    re[k] = re[k]! + a * c - b * d;
    im[k] = im[k]! + a * d + b * c;
    unsure[k] = unsure[k]! + OVERLAP * (a * a + b * b) * doubt[h + k]!;
  }
}

/** A step of the response along the error `re`, `im`; of the response as it was, `kept` stays. */
export function adapt(
  xRe: Float32Array,
  xIm: Float32Array,
  x: number,
  hRe: Float32Array,
  hIm: Float32Array,
  doubt: Float32Array,
  h: number,
  re: Float64Array,
  im: Float64Array,
  gain: Float64Array,
  kept: number,
): void {
  for (let k = 0; k < bins; k++) {
    const a = xRe[x + k]!;
    const b = xIm[x + k]!;
    const c = re[k]!;
    const d = im[k]!;
    const step = doubt[h + k]! * gain[k]!;
    hRe[h + k] = kept * (hRe[h + k]! + step * (a * c + b * d));
    hIm[h + k] = kept * (hIm[h + k]! + step * (a * d - b * c));
  }
}

/** The variance of the response after that step, and one block later. */
export function makeSurer(
  xRe: Float32Array,
  xIm: Float32Array,
  x: number,
  hRe: Float32Array,
  hIm: Float32Array,
  doubt: Float32Array,
  h: number,
  gain: Float64Array,
): void {
  for (let k = 0; k < bins; k++) {
    const a = xRe[x + k]!;
    const b = xIm[x + k]!;
    const c = hRe[h + k]!;
    const d = hIm[h + k]!;
    const before = doubt[h + k]!;
    const left = Math.max(0, 1 - OVERLAP * before * gain[k]! * (a * a + b * b));
    doubt[h + k] =
      (1 - PROCESS_NOISE) * left * before + PROCESS_NOISE * (c * c + d * d) + LEAST_DOUBT;
  }
}

/** Power of that reference, where it is more than in `most`. */
export function mostPower(
  xRe: Float32Array,
  xIm: Float32Array,
  x: number,
  most: Float64Array,
): void {
  for (let k = 0; k < bins; k++) most[k] = Math.max(most[k]!, xRe[x + k]! ** 2 + xIm[x + k]! ** 2);
}
