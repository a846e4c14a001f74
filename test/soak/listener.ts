/** What came out at the loudspeaker, and which part of which reply it was. */
import { viewOf } from '../../src/audio/pcm.ts';
import { withoutSilence } from '../support/exactSound.ts';
import { CHUNK_MS, type Turn } from './strictServer.ts';

export type Sounded = {
  turn: Turn;
  /** From the beginning of the reply. */
  bytes: number;
  whole: boolean;
  /** Of its beginning: as it gives way to a voice. */
  softerMs: number;
};

const CHUNK_SAMPLES = CHUNK_MS * 24;
/** So many samples tell a reply, and where in it. */
const KEY_SAMPLES = 8;

const samplesOf = (pcm: Uint8Array): Int16Array => {
  const view = viewOf(pcm);
  return Int16Array.from({ length: pcm.byteLength >> 1 }, (_, i) => view.getInt16(2 * i, true));
};

const BLOCK_SAMPLES = 240;

/** The same sound, less loud: what became 0 of it is missing in `heard`. */
function isLike(heard: readonly number[], sent: Int16Array): boolean {
  const missing = sent.length - heard.length;
  if (missing < 0 || missing > 0.01 * sent.length) return false;
  for (let at = 0; at < heard.length; at += BLOCK_SAMPLES) {
    const block = heard.slice(at, at + BLOCK_SAMPLES);
    let best = 0;
    for (let shift = 0; shift <= missing; shift += 1)
      best = Math.max(best, likeness(block, sent.subarray(at + shift)));
    if (best < 0.9) return false;
  }
  return true;
}

/** Normalised correlation; 0 where the first is the louder one. */
function likeness(heard: readonly number[], sent: Int16Array): number {
  let [product, power, powerSent] = [0, 0, 0];
  for (const [i, sample] of heard.entries()) {
    const other = sent[i] ?? 0;
    product += sample * other;
    power += sample * sample;
    powerSent += other * other;
  }
  return power > powerSent ? 0 : product / Math.sqrt(power * powerSent);
}

/** Each reply as far as it sounded, in the order in which they did; `faults` for what should not have sounded so. */
export function listen(
  pcm: Uint8Array,
  turns: readonly Turn[],
): { sounded: Sounded[]; faults: string[] } {
  const replies = turns.map((turn) => ({ turn, samples: samplesOf(turn.reply) }));
  const places = new Map<string, { reply: (typeof replies)[number]; at: number }>();
  for (const reply of replies) {
    for (let at = 0; at < reply.samples.length; at += CHUNK_SAMPLES)
      places.set(reply.samples.subarray(at, at + KEY_SAMPLES).join(), { reply, at });
  }
  const heard = samplesOf(withoutSilence(pcm));
  const sounded: Sounded[] = [];
  const faults: string[] = [];
  let unknown: number[] = [];
  let strange = 0;
  for (let i = 0; i < heard.length;) {
    const place = places.get(heard.subarray(i, i + KEY_SAMPLES).join());
    if (!place) {
      unknown.push(heard[i]!);
      i += 1;
      continue;
    }
    const { turn, samples } = place.reply;
    let length = 0;
    while (
      place.at + length < samples.length &&
      i + length < heard.length &&
      samples[place.at + length] === heard[i + length]
    )
      length += 1;
    const isEnd = place.at + length === samples.length;
    // The first samples of what follows may happen to be those that would have come.
    if (!isEnd) length -= length % CHUNK_SAMPLES;
    if (length === 0) {
      faults.push(`answer ${turn.number} breaks off in the middle of a chunk`);
      length = 1;
    }
    const isSofter = place.at > 0 && isLike(unknown, samples.subarray(0, place.at));
    if (!isSofter) strange += unknown.length;
    unknown = [];
    const last = sounded.at(-1);
    if (place.at > 0 && last?.turn === turn && last.bytes === place.at * 2) {
      last.bytes += length * 2;
      last.whole = isEnd;
    } else {
      if (place.at > 0 && !isSofter)
        faults.push(`answer ${turn.number} sounded from ${place.at / 24} ms on`);
      if (sounded.some((one) => one.turn === turn))
        faults.push(`answer ${turn.number} sounded twice`);
      if (last && last.turn.number > turn.number)
        faults.push(`answer ${turn.number} sounded after answer ${last.turn.number}`);
      const softer = isSofter ? place.at : 0;
      const bytes = (softer + length) * 2;
      sounded.push({ turn, bytes, whole: isEnd, softerMs: softer / 24 });
    }
    i += length;
  }
  strange += unknown.length;
  if (strange > 0) faults.push(`${strange} samples of no answer`);
  return { sounded, faults };
}
