/** One connection, as its server sees it. */
import type { ClientFrame, FakeSocket } from './socket.ts';

export type Line = {
  socket: FakeSocket;
  setUp: boolean;
  /** The handle that its setup showed. */
  handle: string | undefined;
  /** The session was ready on it. */
  wasReady: boolean;
  readyAtMs: number;
  /** Its setup was answered. */
  complete: boolean;
  /** What the state that it took up includes. */
  base: ReadonlySet<number>;
  received: number[];
  /** Frames after the setup, whatever they are: how the service counts. */
  frames: (number | undefined)[];
  seeded: Set<number>;
};

/** The texts of some contents that have numbers. */
export const numbersIn = (frame: ClientFrame): number[] =>
  [...JSON.stringify(frame).matchAll(/"t(\d+)"/g)].map(([, number]) => Number(number));
