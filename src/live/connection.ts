/**
 * One socket, one handshake: open → setupComplete → messages → closed. A connection lives once; what
 * spans several of them is the session's business.
 *
 * Every awaited step settles on success, error, close, timeout and abort. Messages are handed over
 * synchronously, so that nothing can come between a server's word and the loudspeaker.
 */
import type { Agent } from 'node:http';
import { WebSocket } from 'ws';
import { decodeServerFrame, encodeClientMessage, errorIn } from '../protocol/codec.ts';
import type { ClientMessage, ServerMessage, Setup } from '../protocol/messages.ts';
import {
  closeError,
  ConnectionError,
  frameError,
  handshakeError,
  loginError,
  loginTimeoutError,
  socketError,
  timeoutError,
  violationError,
} from './networkErrors.ts';
import { GemliveError } from '../errors.ts';
import type { Socket } from './socket.ts';
import { SYSTEM_CLOCK, type Clock } from './timers.ts';

/** `headers` hold the credential; the URL never does. */
export type Endpoint = {
  url: string;
  headers: Readonly<Record<string, string>>;
  /** What opens the connection where a proxy stands between. */
  agent?: Agent | undefined;
};

/** Asked for at each connection where the credential is short-lived: what it rejects with ends the session. */
export type EndpointSource = Endpoint | (() => Promise<Endpoint>);

export type ConnectionOptions = {
  /** Until setupComplete, less the time that the setup takes: it is asked for when the socket is open. */
  timeoutMs: number;
  signal: AbortSignal;
  clock?: Clock;
  /** In place of a socket of the network. */
  dial?: (endpoint: Endpoint) => Socket;
};

export type ConnectionHandlers = {
  onMessage(message: ServerMessage): void;
  onBadFrame(reason: string): void;
  /** Once, after the handshake succeeded and unless `close()` was called. */
  onClosed(error: ConnectionError): void;
  /** The socket took what was written to it: room for more. */
  onWritable(): void;
};

/** Larger than any real frame by far, small enough to bound what a peer can make us hold. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
const PING_INTERVAL_MS = 30_000;
/** Pongs were seen to take 8–30 s under load: a shorter limit kills sessions that are well. */
const PONG_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 1_000;
const MAX_ERROR_BODY_BYTES = 4_096;
/** Of life, or that nobody needs to wait for one. */
const SIGNS = ['pong', 'close'] as const;

export class Connection {
  readonly #socket: Socket;
  readonly #handlers: ConnectionHandlers;
  readonly #clock: Clock;
  #state: 'handshake' | 'ready' | 'closing' | 'closed' = 'handshake';
  #settleHandshake: ((error: ConnectionError | undefined) => void) | undefined;
  #setupSent = false;
  #cancelKeepalive: () => void = () => {};
  #oldestUnansweredPingMs: number | undefined;
  /** What the peer did wrong, for the close that follows it. */
  #violation: ConnectionError | undefined;
  readonly #closed: Promise<void>;

  private constructor(socket: Socket, handlers: ConnectionHandlers, clock: Clock) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /**
   * Opens a socket and sets it up.
   *
   * @throws ConnectionError, or the signal's reason.
   */
  static async open(
    source: EndpointSource,
    setup: () => Setup | Promise<Setup>,
    handlers: ConnectionHandlers,
    options: ConnectionOptions,
  ): Promise<Connection> {
    const { timeoutMs, signal, clock = SYSTEM_CLOCK, dial = dialNetwork } = options;
    signal.throwIfAborted();
    const startedAtMs = clock.nowMs();
    const endpoint =
      typeof source === 'function' ? await within(source, timeoutMs, signal, clock) : source;
    const host = new URL(endpoint.url).host;
    signal.throwIfAborted();
    const connection = new Connection(dial(endpoint), handlers, clock);
    const spentMs = clock.nowMs() - startedAtMs;
    await connection.#handshake(setup, host, { timeoutMs, spentMs }, signal);
    return connection;
  }

  #handshake(
    setup: () => Setup | Promise<Setup>,
    host: string,
    { timeoutMs, spentMs }: { timeoutMs: number; spentMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const settle = (error: unknown): void => {
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
        this.#settleHandshake = undefined;
        if (error === undefined) {
          this.#state = 'ready';
          this.#startKeepalive();
          resolve();
          return;
        }
        this.#state = 'closed';
        socket.terminate();
        reject(error);
      };
      const onAbort = (): void => settle(signal.reason);
      const startTimer = (): (() => void) =>
        this.#clock.after(Math.max(1, timeoutMs - spentMs), () =>
          settle(timeoutError(host, timeoutMs, this.#setupSent)),
        );
      let cancelTimer = startTimer();
      signal.addEventListener('abort', onAbort);
      this.#settleHandshake = settle;

      const sendSetup = (ready: Setup): void => {
        this.#setupSent = true;
        socket.send(encodeClientMessage({ setup: ready }));
      };
      socket.on('open', () => {
        const wanted = setup();
        if (!(wanted instanceof Promise)) return sendSetup(wanted);
        cancelTimer();
        wanted.then((ready) => {
          if (this.#settleHandshake !== settle) return;
          cancelTimer = startTimer();
          sendSetup(ready);
        }, settle);
      });
      socket.on('message', (data: Buffer) => this.#socketOnMessage(data));
      socket.on('pong', () => (this.#oldestUnansweredPingMs = undefined));
      socket.on('unexpected-response', (_request, response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk.slice(0, MAX_ERROR_BODY_BYTES - body.length);
        });
        const done = (): void =>
          this.#settleHandshake?.(
            handshakeError(response.statusCode ?? 0, body, response.headers.location),
          );
        response.on('end', done);
        response.on('close', done);
      });
      socket.on('error', (error) => this.#socketOnError(error, host));
      socket.on('close', (code, reason) => this.#socketOnClose(code, reason.toString('utf8')));
    });
  }

  #socketOnMessage(data: Buffer): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#oldestUnansweredPingMs = undefined;
    const decoded = decodeServerFrame(data);
    if (!decoded.ok) {
      this.#handlers.onBadFrame(decoded.reason);
      return;
    }
    const error = errorIn(decoded.message);
    if (error) {
      this.#fail(frameError(error));
      return;
    }
    const isSetUp = this.#setupSent && decoded.message.setupComplete !== undefined;
    if (isSetUp) this.#settleHandshake?.(undefined);
    // Before that nothing was asked for.
    if (this.#state === 'handshake') return;
    this.#handlers.onMessage(decoded.message);
  }

  /** The peer has said that it is over, and need not close. */
  #fail(error: ConnectionError): void {
    if (this.#state === 'handshake') {
      this.#settleHandshake?.(error);
      return;
    }
    this.#state = 'closed';
    this.#cancelKeepalive();
    this.#socket.close(1000);
    const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#socket.terminate());
    this.#socket.once('close', cancel);
    this.#handlers.onClosed(error);
  }

  #socketOnError(error: Error, host: string): void {
    // ws reports a protocol violation of the peer as an error, and then closes without a reason.
    if (this.#setupSent) this.#violation = violationError(error, host);
    this.#settleHandshake?.(
      error instanceof ConnectionError ? error : (this.#violation ?? socketError(error, host)),
    );
  }

  #socketOnClose(code: number, reason: string): void {
    this.#cancelKeepalive();
    const wasReady = this.#state === 'ready';
    if (this.#state !== 'handshake') this.#state = 'closed';
    const error = this.#violation ?? closeError(code, reason);
    if (wasReady) this.#handlers.onClosed(error);
    else this.#settleHandshake?.(error);
  }

  #startKeepalive(): void {
    this.#cancelKeepalive = this.#clock.after(PING_INTERVAL_MS, () => {
      const nowMs = this.#clock.nowMs();
      if (nowMs - (this.#oldestUnansweredPingMs ?? nowMs) >= PONG_TIMEOUT_MS) {
        this.#socket.terminate();
        return;
      }
      this.#oldestUnansweredPingMs ??= nowMs;
      this.#socket.ping();
      this.#startKeepalive();
    });
  }

  /** Sends at once. False when the connection is not (or no longer) ready: nothing was sent. */
  send(message: ClientMessage): boolean {
    if (this.#state !== 'ready' || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(encodeClientMessage(message), () => {
      if (this.#state === 'ready') this.#handlers.onWritable();
    });
    return true;
  }

  /** Bytes that wait in our memory because the network does not take them. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** False: no pong within `timeoutMs`. A message is none: what comes in does not show that anything goes out. */
  isAlive(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = this.#socket;
      const settle = (alive: boolean): void => {
        cancel();
        for (const event of SIGNS) socket.off(event, onSign);
        resolve(alive);
      };
      const onSign = (): void => settle(true);
      const cancel = this.#clock.after(timeoutMs, () => settle(false));
      for (const event of SIGNS) socket.on(event, onSign);
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    });
  }

  /** Idempotent. Settles when the socket is gone, within a second even if the peer is silent. */
  async close(code = 1000): Promise<void> {
    if (this.#state === 'handshake' || this.#state === 'ready') {
      this.#state = 'closing';
      this.#cancelKeepalive();
      this.#socket.close(code);
    }
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#socket.terminate());
    await this.#closed;
    cancel();
  }
}

/** @throws ConnectionError, also when it takes too long; or the signal's reason. */
async function within<T>(
  work: () => Promise<T>,
  timeoutMs: number,
  signal: AbortSignal,
  clock: Clock,
): Promise<T> {
  let cancel = (): void => {};
  let onAbort = (): void => {};
  const interrupted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    cancel = clock.after(timeoutMs, () => reject(loginTimeoutError(timeoutMs)));
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work(), interrupted]);
  } catch (error) {
    throw error instanceof GemliveError || signal.aborted ? error : loginError(error);
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

const dialNetwork = ({ url, headers, agent }: Endpoint): Socket =>
  new WebSocket(url, {
    headers: { ...headers },
    ...(agent && { agent }),
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    skipUTF8Validation: true, // the codec checks, and a bad frame must not end the session
  });
