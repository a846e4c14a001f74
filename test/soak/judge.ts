/** Whether every utterance was answered, whole and once, and every answer sounded once, in order. */
import { listen } from './listener.ts';
import type { Turn } from './strictServer.ts';

export type Verdict = {
  /** Utterances that are in an answered turn, whole, once. */
  well: number;
  /** What was wrong, with any of it. */
  faults: string[];
  answers: { whole: number; cut: number; softer: number };
};

/** `lengths`: frames of each utterance. A reply may be cut where its connection was. */
export function judge({
  lengths,
  turns,
  loudspeaker,
  events,
  isCutAllowed,
}: {
  lengths: ReadonlyMap<number, number>;
  turns: readonly Turn[];
  loudspeaker: Uint8Array;
  events: readonly Record<string, unknown>[];
  isCutAllowed: (turn: Turn) => boolean;
}): Verdict {
  const { sounded, faults } = listen(loudspeaker, turns);
  let well = 0;
  for (const [id, length] of lengths) {
    const times = sounded.flatMap(({ turn }) => turn.heard.filter((heard) => heard.id === id));
    const [heard] = times;
    const isWhole =
      heard?.frames.length === length && heard.frames.every((frame, index) => frame === index);
    if (times.length === 1 && isWhole) well += 1;
    else if (times.length !== 1) faults.push(`utterance ${id} was answered ${times.length} times`);
    else faults.push(`utterance ${id}: heard ${heard?.frames.length} frames of ${length}`);
  }
  for (const { turn, bytes, whole } of sounded) {
    if (!whole && !isCutAllowed(turn))
      faults.push(`answer ${turn.number} was cut after ${Math.round(bytes / 48)} ms`);
  }
  // All that came was played.
  const cameBytes = events
    .filter(({ type }) => type === 'audio')
    .reduce((sum, { bytes }) => sum + Number(bytes), 0);
  const soundedBytes = sounded.reduce((sum, { bytes }) => sum + bytes, 0);
  if (cameBytes !== soundedBytes)
    faults.push(`${cameBytes} bytes of answers came, ${soundedBytes} sounded`);
  const whole = sounded.filter((one) => one.whole).length;
  const softer = sounded.filter(({ softerMs }) => softerMs > 0).length;
  return { well, faults, answers: { whole, cut: sounded.length - whole, softer } };
}
