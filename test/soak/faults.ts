/** What happens to the connection in a soak, and when. */
import type { Direction, FragileProxy } from '../support/fragileProxy.ts';
import type { StrictServer } from './strictServer.ts';

export type Kind =
  | 'drop'
  | 'lost, then dropped'
  | 'away'
  | '1011'
  | 'stale handle'
  | 'goAway'
  | 'held writes'
  | 'half-open'
  | 'none';

/** Of an exchange: while the user speaks, before the answer, while it sounds, after it. */
export type Moment = 'speech' | 'thinking' | 'reply' | 'rest';

/** `slow`: with 300 ms of delay each way. */
export type Plan = {
  kind: Kind;
  moment: Moment;
  direction?: Direction;
  slow?: boolean;
  /** Of a goAway: how long the connection lives on. When half of it has gone, an answer is not waited for any more. */
  leftMs?: number;
};

const LONG_MS = 20_000;
const SHORT_MS = 6_000;

export type Network = { proxy: FragileProxy; server: StrictServer; random: () => number };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether an answer may be cut by it: it may when there is no time to wait for its end. */
export const cuts = ({ kind, leftMs = LONG_MS }: Plan): boolean =>
  kind === 'goAway' ? leftMs < LONG_MS : kind !== 'held writes' && kind !== 'none';

/** Settles with the time at which the connection was of no use any more. */
export async function strike(
  { proxy, server, random }: Network,
  { kind, direction = 'both', leftMs = LONG_MS }: Plan,
): Promise<number> {
  if (kind !== 'goAway' && kind !== 'none') server.troubled();
  let atMs = performance.now();
  switch (kind) {
    case 'drop':
      proxy.drop();
      break;
    case 'lost, then dropped':
      proxy.freeze();
      await pause(500 + random() * 2500);
      atMs = performance.now();
      proxy.drop();
      break;
    case 'away':
      proxy.refuse();
      proxy.drop();
      await pause(300 + random() * 1200);
      proxy.accept();
      break;
    case '1011':
      server.fail(1011, 'Internal error encountered.');
      break;
    case 'stale handle':
      server.forget();
      proxy.drop();
      break;
    case 'goAway':
      server.goAway(leftMs);
      break;
    case 'held writes':
      proxy.hold(500 + random() * 2500, direction);
      break;
    case 'half-open':
      proxy.freeze(direction);
      break;
    case 'none':
      break;
    default:
      return kind satisfies never;
  }
  return atMs;
}

const MOMENTS: readonly Moment[] = ['speech', 'thinking', 'reply', 'rest'];
const DIRECTIONS: readonly Direction[] = ['both', 'up', 'down'];

/** What a soak goes through again and again, each time in another order. The n-th time: `round`, from 0. */
export function cycle(round: number, random: () => number): Plan[] {
  const at = (kind: Kind, moments: readonly Moment[]): Plan[] =>
    moments.map((moment) => ({ kind, moment }));
  const any = (): Moment => MOMENTS[Math.floor(random() * MOMENTS.length)]!;
  const plans: Plan[] = [
    ...at('drop', ['speech', 'speech', 'speech', 'thinking', 'thinking', 'reply', 'reply', 'rest']),
    ...at('lost, then dropped', ['speech', any()]),
    ...at('away', ['speech', any()]),
    ...at('1011', [any()]),
    ...at('stale handle', [any()]),
    ...at('goAway', ['speech', any()]),
    { kind: 'goAway', moment: 'speech', leftMs: SHORT_MS },
    { kind: 'held writes', moment: any(), direction: 'up' },
    { kind: 'held writes', moment: any(), direction: 'down' },
    { kind: 'half-open', moment: any(), direction: DIRECTIONS[round % 3]! },
    { kind: 'drop', moment: 'speech', slow: true },
    { kind: 'drop', moment: any(), slow: true },
    { kind: 'goAway', moment: any(), slow: true },
    ...at('none', ['rest']),
  ];
  for (let i = plans.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [plans[i], plans[j]] = [plans[j]!, plans[i]!];
  }
  return plans;
}
