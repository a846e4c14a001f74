/**
 * The sound of the loopback test: short chirps, each a sine whose frequency rises evenly. A matched filter
 * makes a pulse of a third of a millisecond of each, some 30 dB above the noise that it lay in.
 */
import { s16FromFloat } from '../pcm.ts';

/** What loudspeakers of laptops and microphones of headsets pass. */
const FROM_HZ = 500;
const TO_HZ = 3500;
export const CHIRP_MS = 300;
/** So that it neither clicks at its ends nor spreads into other frequencies. */
const FADE_MS = 30;
/** Full scale is 1: as loud as calm speech, with room for what a loudspeaker adds. */
export const CHIRP_AMPLITUDE = 0.25;
/** Three, to tell an echo from chance and a clock that drifts from one that jumps. */
export const CHIRPS = 3;
/** From the beginning of one to that of the next: the longest echo comes before the next one's shortest. */
export const CHIRP_EVERY_MS = 1500;

/** The chirp at `seconds` after its beginning, in phase and a quarter of a turn later. Zero outside of it. */
export function chirpAt(seconds: number): { re: number; im: number } {
  const length = CHIRP_MS / 1000;
  if (seconds < 0 || seconds >= length) return { re: 0, im: 0 };
  const phase =
    2 * Math.PI * (FROM_HZ * seconds + ((TO_HZ - FROM_HZ) * seconds * seconds) / (2 * length));
  const edge = Math.min(seconds, length - seconds) / (FADE_MS / 1000);
  const loudness = edge >= 1 ? 1 : 0.5 - 0.5 * Math.cos(Math.PI * edge);
  const amplitude = CHIRP_AMPLITUDE * loudness;
  return { re: amplitude * Math.cos(phase), im: amplitude * Math.sin(phase) };
}

/** When each of them begins, in milliseconds of the whole. */
export const chirpStartsMs: readonly number[] = Array.from(
  { length: CHIRPS },
  (_, at) => at * CHIRP_EVERY_MS,
);

/** All of them, with silence between: s16le mono of `rateHz`. */
export function chirpsPcm(rateHz: number): Uint8Array {
  const lengthMs = (CHIRPS - 1) * CHIRP_EVERY_MS + CHIRP_MS;
  const samples = new Float32Array(Math.round((rateHz * lengthMs) / 1000));
  for (const startMs of chirpStartsMs) {
    const from = Math.round((rateHz * startMs) / 1000);
    const count = Math.round((rateHz * CHIRP_MS) / 1000);
    for (let i = 0; i < count; i++) samples[from + i] = chirpAt(i / rateHz).re;
  }
  return s16FromFloat(samples);
}
