/** What the user said, and the sessions that were lost after they had been sent it. */

/** The network broke, or the server closed the connection. */
export type Cause = 'broken' | 'killed';

/** `startMs`: in the sound that was given so far. Speech that goes on has no `endMs`. */
export type Counted = {
  startMs: number;
  endMs: number | undefined;
  kills: number;
  losses: number;
};

/** Sent once, and once again; or through five networks that broke. */
const MAX_KILLS = 2;
const MAX_LOSSES = 5;

/** `sent`: what the session had been sent, and had not answered. Gives what nobody will be sent again. */
export function dropAfter(cause: Cause, sent: readonly Counted[]): Counted | undefined {
  let dropped: Counted | undefined;
  for (const one of sent) {
    one.losses += 1;
    if (cause === 'killed' && one.endMs !== undefined) one.kills += 1;
    const isOut = one.kills >= MAX_KILLS || one.losses >= MAX_LOSSES;
    if (isOut && (!dropped || one.startMs < dropped.startMs)) dropped = one;
  }
  // One at a time: the others get another try.
  if (dropped) for (const one of sent) one.kills = Math.min(one.kills, MAX_KILLS - 1);
  return dropped;
}
