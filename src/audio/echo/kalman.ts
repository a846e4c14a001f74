/**
 * The arithmetic of one partition of the filter, over all bins. Plain functions over arrays, since nearly all of the
 * time goes by here.
 */
import { BINS } from './geometry.ts';
import type { Spectrum } from './geometry.ts';

/** One of its own: where modules are not bundled, an imported one is looked up again in every step of a loop. */
const bins = BINS;

/** How much of the room is the same one block later: half of it after 11 s. */
export const STEADINESS = 0.9995;
const PROCESS_NOISE = 1 - STEADINESS * STEADINESS;
/** Half of a frame is microphone, so a bin of the error holds half the power that a bin of the reference has. */
export const OVERLAP = 0.5;
const LEAST_DOUBT = 1e-9;

/** Spectra one after the other; one begins at a number that is given with them. */
export type Spectra = { re: Float32Array; im: Float32Array };
/** A response, and how uncertain (variance) each of its numbers is. */
export type Response = Spectra & { doubt: Float32Array };

/** Onto `echo`: what of the reference at `x` comes along the response at `h`; onto `unsure`: power that is not known. */
export function addEcho(
  reference: Spectra,
  x: number,
  response: Response,
  h: number,
  echo: Spectrum,
  unsure: Float64Array,
): void {
  const { re: xRe, im: xIm } = reference;
  const { re: hRe, im: hIm, doubt } = response;
  const { re, im } = echo;
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

/** A step of the response along `error`; of the response as it was, `kept` stays. */
export function adapt(
  reference: Spectra,
  x: number,
  response: Response,
  h: number,
  error: Spectrum,
  gain: Float64Array,
  kept: number,
): void {
  const { re: xRe, im: xIm } = reference;
  const { re: hRe, im: hIm, doubt } = response;
  const { re, im } = error;
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
  reference: Spectra,
  x: number,
  response: Response,
  h: number,
  gain: Float64Array,
): void {
  const { re: xRe, im: xIm } = reference;
  const { re: hRe, im: hIm, doubt } = response;
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

/** Power of the reference at `x`, where it is more than in `most`. */
export function mostPower({ re, im }: Spectra, x: number, most: Float64Array): void {
  for (let k = 0; k < bins; k++) most[k] = Math.max(most[k]!, re[x + k]! ** 2 + im[x + k]! ** 2);
}
