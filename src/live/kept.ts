/** What is kept of the user until it is answered, and what becomes of it when sessions end of it. Pure. */
import type { ClientMessage } from '../protocol/messages.ts';

/** gemlive does not send it again after the server closed so many sessions, or after so many losses of any kind. */
const MAX_KILLS = 2;
const MAX_LOSSES = 5;

/** How many sessions that had been sent it the server closed (`kills`), and how many were lost in all. */
type Losses = { kills: number; losses: number };

export const NO_LOSSES: Losses = { kills: 0, losses: 0 };

export type Kept = Losses & { message: ClientMessage; soundMs: number; atMs: number; seq: number };

/** From its onset to its last voiced moment, or from marker to marker; `endMs` is undefined while it goes on. */
export type Utterance = Losses & {
  /** Pre-roll included. */
  fromMs: number;
  onsetMs: number;
  endMs: number | undefined;
  marked: boolean;
  /** Its marker comes next; 0 without one. */
  afterSeq: number;
  /** Its last marker; 0 without one. */
  endSeq: number;
};

/** How a connection ended: gemlive left it, the network broke, or the server closed it for what it was sent. */
export type LossCause = 'left' | 'broken' | 'killed';

/** What will not be sent again, though nobody answered it. */
export type Dropped = { kind: 'speech' | 'text'; messages: ReadonlySet<ClientMessage> };

/** Of what a lost session had been sent and had not answered: what is dropped. */
export function blame(
  sent: readonly (Utterance | Kept)[],
  cause: LossCause,
): Utterance | Kept | undefined {
  if (cause === 'left') return undefined;
  for (const one of sent) {
    one.losses += 1;
    // What the user still says is no utterance yet: half of it would be answered.
    const isWhole = 'message' in one || one.endMs !== undefined;
    if (cause === 'killed' && isWhole) one.kills += 1;
  }
  // The oldest: the server may have closed for its sake before it read the next, which gets another try.
  const [guilty] = sent
    .filter(({ kills, losses }) => kills >= MAX_KILLS || losses >= MAX_LOSSES)
    .toSorted((a, b) => startOf(a) - startOf(b));
  if (guilty) for (const one of sent) one.kills = Math.min(one.kills, MAX_KILLS - 1);
  return guilty;
}

/** A session has ended of it; it is dropped when the next one does. */
export const isSuspect = ({ kills }: Losses): boolean => kills >= MAX_KILLS - 1;

const startOf = (one: Utterance | Kept): number => ('fromMs' in one ? one.fromMs : one.atMs);

/** Pre-roll and markers included. */
export function isPartOf({ message, atMs, soundMs, seq }: Kept, one: Utterance): boolean {
  if (isText(message)) return false;
  const { fromMs, endMs = Number.POSITIVE_INFINITY, marked, afterSeq, endSeq } = one;
  if (marked) return seq > afterSeq && (endSeq === 0 || seq <= endSeq);
  return soundMs > 0 && atMs + soundMs > fromMs && atMs < endMs;
}

export const isVoiceOf = (kept: Kept, one: Utterance): boolean =>
  isPartOf(kept, one) && kept.soundMs > 0 && kept.atMs + kept.soundMs > one.onsetMs;

/** A marker sounds for no time: it belongs to what follows it. */
export const isSince = ({ atMs, soundMs }: Kept, fromMs: number): boolean =>
  soundMs > 0 ? atMs + soundMs > fromMs : atMs >= fromMs;

/** An utterance that is over, and ended before. */
export const isWithin = (
  { endMs, endSeq }: Utterance,
  { atMs, seq }: { atMs: number; seq: number },
): boolean => endMs !== undefined && endMs <= atMs && endSeq <= seq;

export const isText = (message: ClientMessage): boolean =>
  'clientContent' in message || ('realtimeInput' in message && 'text' in message.realtimeInput);
