/** Sound of which no sample is 0: what was heard of it, less its silence, is what was sent or it is not. */
import { viewOf } from '../../src/audio/pcm.ts';
import { noise } from './noise.ts';

/** 24 kHz mono s16le. */
export function exactSound(ms: number, seed: number): Uint8Array {
  const pcm = noise(ms, 24_000, seed);
  for (let at = 0; at < pcm.byteLength; at += 2) pcm[at] = (pcm[at] ?? 0) | 1;
  return pcm;
}

/** What sounded, without the gaps: a busy machine has some, and they take nothing away. */
export function withoutSilence(pcm: Uint8Array): Uint8Array {
  const samples = viewOf(pcm);
  const sounding = new Uint8Array(pcm.byteLength);
  let length = 0;
  for (let at = 0; at + 1 < pcm.byteLength; at += 2) {
    if (samples.getInt16(at, true) === 0) continue;
    sounding.set(pcm.subarray(at, at + 2), length);
    length += 2;
  }
  return sounding.subarray(0, length);
}
