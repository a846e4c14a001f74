/**
 * The matched filter for a chirp: how much of it there is at each place of a recording. Done in the frequency
 * domain (radix-2 FFT; Press et al., Numerical Recipes, 12.2 and 13.2).
 */

/** `re` and `im` in place; as many as a power of two. No factor either way. */
function fft(re: Float64Array, im: Float64Array, inverse: boolean): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j]!, re[i]!];
      [im[i], im[j]] = [im[j]!, im[i]!];
    }
  }
  const turn = (inverse ? 2 : -2) * Math.PI;
  const cos = Float64Array.from({ length: n / 2 }, (_, k) => Math.cos((turn * k) / n));
  const sin = Float64Array.from({ length: n / 2 }, (_, k) => Math.sin((turn * k) / n));
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2;
    const stride = n / size;
    for (let from = 0; from < n; from += size) {
      for (let k = 0; k < half; k++) {
        const a = from + k;
        const b = a + half;
        const [c, s] = [cos[k * stride]!, sin[k * stride]!];
        const x = re[b]! * c - im[b]! * s;
        const y = re[b]! * s + im[b]! * c;
        re[b] = re[a]! - x;
        im[b] = im[a]! - y;
        re[a] = re[a]! + x;
        im[a] = im[a]! + y;
      }
    }
  }
}

/** Of a real signal and of the same a quarter of a turn later. */
export type AnalyticSignal = { re: Float64Array; im: Float64Array };

/**
 * The envelope of the correlation: the amplitude with which `template` begins at sample 0, 1, … of
 * `recording`, less the last places where it would not fit. 1 where it is there as it is. Its own phase does
 * not matter: a loudspeaker may be wired the wrong way round.
 */
export function matchedFilter(recording: Float32Array, template: AnalyticSignal): Float64Array {
  const places = recording.length - template.re.length + 1;
  if (places <= 0) return new Float64Array(0);
  const size = 2 ** Math.ceil(Math.log2(recording.length));
  const yRe = new Float64Array(size);
  const yIm = new Float64Array(size);
  yRe.set(recording);
  const xRe = new Float64Array(size);
  const xIm = new Float64Array(size);
  xRe.set(template.re);
  xIm.set(template.im);
  fft(yRe, yIm, false);
  fft(xRe, xIm, false);
  for (let k = 0; k < size; k++) {
    const re = yRe[k]! * xRe[k]! + yIm[k]! * xIm[k]!;
    const im = yIm[k]! * xRe[k]! - yRe[k]! * xIm[k]!;
    yRe[k] = re;
    yIm[k] = im;
  }
  fft(yRe, yIm, true);
  const scale = 1 / (size * energyOf(template.re));
  return Float64Array.from({ length: places }, (_, at) => Math.hypot(yRe[at]!, yIm[at]!) * scale);
}

export function energyOf(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  return sum;
}
