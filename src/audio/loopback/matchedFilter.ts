/**
 * The matched filter for a chirp: how much of it there is at each place of a recording. Done in the frequency
 * domain (Press et al., Numerical Recipes, 13.2).
 */
import { RealFft } from '../fft.ts';
import { energyOf } from '../pcm.ts';

type Complex = { re: Float64Array; im: Float64Array };
/** Of a real signal and of the same a quarter of a turn later. */
export type AnalyticSignal = Complex;

/**
 * The envelope of the correlation: the amplitude with which `template` begins at sample 0, 1, … of
 * `recording`, less the last places where it would not fit. 1 where it is there as it is. Its own phase does
 * not matter: a loudspeaker may be wired the wrong way round.
 */
export function matchedFilter(recording: Float32Array, template: AnalyticSignal): Float64Array {
  const places = recording.length - template.re.length + 1;
  if (places <= 0) return new Float64Array(0);
  const fft = new RealFft(2 ** Math.ceil(Math.log2(recording.length)));
  const heard = spectrumOf(recording, fft);
  const [re, im] = [correlation(heard, template.re, fft), correlation(heard, template.im, fft)];
  const scale = 1 / energyOf(template.re);
  return Float64Array.from({ length: places }, (_, at) => Math.hypot(re[at]!, im[at]!) * scale);
}

function spectrumOf(samples: ArrayLike<number>, fft: RealFft): Complex {
  const time = new Float64Array(fft.size);
  time.set(samples);
  const [re, im] = [new Float64Array(fft.size / 2 + 1), new Float64Array(fft.size / 2 + 1)];
  fft.forward(time, re, im);
  return { re, im };
}

/** With `template` at each place, as long as a frame. */
function correlation(heard: Complex, template: Float64Array, fft: RealFft): Float64Array {
  const { re, im } = spectrumOf(template, fft);
  for (let k = 0; k < re.length; k++) {
    const [a, b] = [re[k]!, im[k]!];
    re[k] = heard.re[k]! * a + heard.im[k]! * b;
    im[k] = heard.im[k]! * a - heard.re[k]! * b;
  }
  const time = new Float64Array(fft.size);
  fft.inverse(re, im, time);
  return time;
}
