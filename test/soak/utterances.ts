/**
 * Utterances of which no frame is like another: pieces of recorded speech with a noise of their own, too soft to be
 * heard. What a command gives as the microphone goes to the wire as it is.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { bytesOfMs, FRAME_MS, INPUT_FORMAT } from '../../src/audio/format.ts';
import { levelDbfs, viewOf } from '../../src/audio/pcm.ts';

export type Utterance = {
  /** From 1. */
  id: number;
  /** 20 ms each, none of them silent. */
  frames: Uint8Array[];
};

const FRAME_BYTES = bytesOfMs(INPUT_FORMAT, FRAME_MS);
const WAV_HEADER_BYTES = 44;
/** Peak of the noise, in units of a 16-bit sample. */
const NOISE = 8;
/** An utterance begins and ends in the middle of a word: a detector needs no luck to hear it. */
const LOUD_DBFS = -24;

/** Four sentences without a pause of half a second. */
const SPEECH = readFileSync(
  join(import.meta.dirname, '..', '..', 'audio-fixtures', 'long.wav'),
).subarray(WAV_HEADER_BYTES);
const SPEECH_FRAMES = Math.floor(SPEECH.byteLength / FRAME_BYTES);

const frameAt = (index: number): Uint8Array =>
  SPEECH.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES);
const isLoud = (index: number): boolean => levelDbfs(frameAt(index)) > LOUD_DBFS;

/** About `ms` long, up to 10 s. `random` gives 0 ≤ x < 1. */
export function utterance(id: number, ms: number, random: () => number): Utterance {
  const count = Math.round(ms / FRAME_MS);
  let first = Math.floor(random() * (SPEECH_FRAMES / 2 - count));
  first = Math.max(0, first);
  while (!(isLoud(first) && isLoud(first + 1) && isLoud(first + 2))) first += 1;
  let last = first + count - 1;
  while (!isLoud(last)) last += 1;
  const frames: Uint8Array[] = [];
  for (let index = first; index <= last; index += 1) {
    const frame = new Uint8Array(frameAt(index));
    const view = viewOf(frame);
    for (let at = 0; at < FRAME_BYTES; at += 2) {
      const noise = Math.round((2 * random() - 1) * NOISE);
      view.setInt16(at, Math.max(-32_768, Math.min(32_767, view.getInt16(at, true) + noise)), true);
    }
    frames.push(frame);
  }
  return { id, frames };
}

/** Numbers from a seed: a linear congruential generator, good enough to be random and easy to repeat. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
