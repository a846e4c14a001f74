import type { IncomingMessage } from 'node:http';

/** What a connection needs of a WebSocket of `ws`; in words of our own, since a library's types are public. */
export type Socket = {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string, written?: (error?: Error) => void): void;
  ping(): void;
  close(code: number): void;
  terminate(): void;
  on(event: 'open' | 'pong' | 'close', listener: () => void): unknown;
  on(event: 'message', listener: (data: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
  on(
    event: 'unexpected-response',
    listener: (request: unknown, response: IncomingMessage) => void,
  ): unknown;
  once(event: 'close', listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
};
