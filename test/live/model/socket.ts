/** A socket as `ws` has them, with the network and the server in the hands of the test. */
import { EventEmitter } from 'node:events';
import type { FakeClock } from './clock.ts';

export const CONNECTING = 0;
export const OPEN = 1;
const CLOSING = 2;
export const CLOSED = 3;

/** On a network that takes nothing each frame weighs so much: two of them, and the session waits. */
const SLOW_FRAME_BYTES = 40_000;

export type ClientFrame = {
  setup?: { sessionResumption?: { handle?: string } };
  clientContent?: { turnComplete?: boolean };
  toolResponse?: { functionResponses: { id: string }[] };
  realtimeInput?: { audio?: { data: string }; text?: string };
};

export class FakeSocket extends EventEmitter {
  readyState = CONNECTING;
  bufferedAmount = 0;
  readonly number: number;
  readonly #clock: FakeClock;
  /** A peer that is gone does not answer a close. */
  readonly #polite: boolean;
  readonly #onFrame: (frame: ClientFrame) => void;
  /** The client closes it. */
  readonly #onClose: () => void;
  #jammed = false;
  #unwritten: (() => void)[] = [];

  constructor(
    number: number,
    clock: FakeClock,
    polite: boolean,
    onFrame: (frame: ClientFrame) => void,
    onClose: () => void,
  ) {
    super();
    this.number = number;
    this.#clock = clock;
    this.#polite = polite;
    this.#onFrame = onFrame;
    this.#onClose = onClose;
  }

  // ---- what the client does --------------------------------------------------------------------

  send(text: string, written: (error?: Error) => void = () => {}): void {
    if (this.readyState === CONNECTING) throw new Error('not open yet');
    if (this.readyState !== OPEN) {
      queueMicrotask(() => written(new Error('not open any more')));
      return;
    }
    this.#onFrame(JSON.parse(text) as ClientFrame);
    if (this.#jammed) {
      this.bufferedAmount += SLOW_FRAME_BYTES;
      this.#unwritten.push(written);
    } else queueMicrotask(written);
  }

  ping(): void {
    if (this.readyState === CONNECTING) throw new Error('not open yet');
  }

  close(code: number): void {
    if (this.readyState === CONNECTING) return this.terminate();
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSING;
    this.#onClose();
    if (this.#polite) this.#clock.network(30, () => this.shut(code, ''));
  }

  terminate(): void {
    if (this.readyState === CLOSED) return;
    const early = this.readyState === CONNECTING;
    this.readyState = CLOSING;
    queueMicrotask(() => {
      if (early) this.emit('error', new Error('closed before the connection was established'));
      this.shut(1006, '');
    });
  }

  // ---- what the network and the server do --------------------------------------------------------

  accept(): void {
    if (this.readyState !== CONNECTING) return;
    this.readyState = OPEN;
    this.emit('open');
  }

  refuse(status: number, words: string): void {
    if (this.readyState !== CONNECTING) return;
    if (status === 0) {
      this.readyState = CLOSING;
      this.emit('error', Object.assign(new Error(words), { code: words }));
      this.shut(1006, '');
      return;
    }
    const response = Object.assign(new EventEmitter(), {
      statusCode: status,
      headers: {},
      setEncoding: () => {},
    });
    this.emit('unexpected-response', {}, response);
    response.emit('data', JSON.stringify({ error: { message: words } }));
    response.emit('end');
  }

  say(frame: Uint8Array): void {
    if (this.readyState === OPEN || this.readyState === CLOSING) this.emit('message', frame);
  }

  pong(): void {
    if (this.readyState === OPEN) this.emit('pong');
  }

  /** The peer does not speak the protocol of sockets. */
  violate(): void {
    if (this.readyState !== OPEN) return;
    this.emit('error', new Error('Invalid WebSocket frame: RSV1 must be clear'));
    this.shut(1006, '');
  }

  shut(code: number, reason: string): void {
    if (this.readyState === CLOSED || this.readyState === CONNECTING) return;
    this.readyState = CLOSED;
    this.emit('close', code, Buffer.from(reason));
  }

  /** From now on the network takes nothing. */
  jam(): void {
    this.#jammed = true;
  }

  flow(): void {
    this.#jammed = false;
    this.bufferedAmount = 0;
    for (const written of this.#unwritten.splice(0)) queueMicrotask(written);
  }
}
