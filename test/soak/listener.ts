/** What came out at the loudspeaker, and which part of which reply it was. */
import { viewOf } from '../../src/audio/pcm.ts';
import { withoutSilence } from '../support/exactSound.ts';
import { CHUNK_MS, type Turn } from './strictServer.ts';

export type Sounded = {
  turn: Turn;
  /** From the beginning of the reply. */
  bytes: number;
  whole: boolean;
};

const CHUNK_SAMPLES = CHUNK_MS * 24;
/** So many samples tell a reply, and where in it. */
const KEY_SAMPLES = 8;

const samplesOf = (pcm: Uint8Array): Int16Array => {
  const view = viewOf(pcm);
  return Int16Array.from({ length: pcm.byteLength >> 1 }, (_, i) => view.getInt16(2 * i, true));
};

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
  let unknown = 0;
  for (let i = 0; i < heard.length;) {
    const place = places.get(heard.subarray(i, i + KEY_SAMPLES).join());
    if (!place) {
      unknown += 1;
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
    const last = sounded.at(-1);
    if (place.at > 0 && last?.turn === turn && last.bytes === place.at * 2) {
      last.bytes += length * 2;
      last.whole = isEnd;
    } else {
      if (place.at > 0) faults.push(`answer ${turn.number} sounded from ${place.at / 24} ms on`);
      if (sounded.some((one) => one.turn === turn))
        faults.push(`answer ${turn.number} sounded twice`);
      if (last && last.turn.number > turn.number)
        faults.push(`answer ${turn.number} sounded after answer ${last.turn.number}`);
      sounded.push({ turn, bytes: length * 2, whole: isEnd });
    }
    i += length;
  }
  if (unknown > 0) faults.push(`${unknown} samples of no answer`);
  return { sounded, faults };
}
