/** What a keeper of connections is given, and what it tells. */
import type { Setup } from '../protocol/messages.ts';
import type { Connection, ConnectionHandlers, EndpointSource } from './connection.ts';
import type { Surroundings } from './leaving.ts';
import type { ConnectionError } from './networkErrors.ts';
import type { Clock } from './timers.ts';

/** What a session needs of a connection. */
export type Link = Pick<Connection, 'send' | 'bufferedBytes' | 'isAlive' | 'close'>;

export type KeeperOptions = {
  endpoint: EndpointSource;
  /** `handle`: of the session to take up again. */
  setup: (handle: string | undefined) => Setup;
  /** Of the first connection, retries included. */
  timeoutMs: number;
  /** A connection that is lost is made again, and one that is to be cut is left before. */
  resumes: boolean;
  random: () => number;
  clock: Clock;
  /** In place of {@link Connection.open}. */
  open?: ((...args: Parameters<typeof Connection.open>) => Promise<Link>) | undefined;
};

export type KeeperHandlers = Pick<ConnectionHandlers, 'onMessage' | 'onBadFrame' | 'onWritable'> &
  Surroundings & {
    onConnecting(attempt: number): void;
    /** Input waits from now on. Once for each loss, with its reason, and for each move, without one. */
    onGap(error: ConnectionError | undefined): void;
    /** What the user said has ended a session before, and this one, too, seems to have ended of it. */
    suspects(error: ConnectionError): boolean;
    onReconnecting(reason: string, attempt: number): void;
    /** `gapMs`: of the second connection on. `resumed` false: the server remembers nothing. */
    onReady(how: { gapMs?: number; resumed: boolean }): void;
    onEnd(error: ConnectionError): void;
  };
