/**
 * What waits to go out: the one bound on live sound (5 s, the oldest goes first, counted), and order
 * kept between sound and the markers around it. Markers and text are never dropped.
 */
import type { ClientMessage } from '../protocol/messages.ts';

export const BACKLOG_LIMIT_MS = 5_000;

type Entry = { message: ClientMessage; soundMs: number };

export class Outbox {
  readonly #onDropped: (message: ClientMessage) => void;
  #entries: Entry[] = [];
  #soundMs = 0;
  #count = 0;
  /** When it was given, from 1. */
  readonly #order = new WeakMap<ClientMessage, number>();

  constructor(onDropped: (message: ClientMessage) => void = () => {}) {
    this.#onDropped = onDropped;
  }

  /** `soundMs`: how long the message sounds; 0 for what is not sound. */
  push(message: ClientMessage, soundMs: number): void {
    this.#entries.push({ message, soundMs });
    this.#count += 1;
    this.#order.set(message, this.#count);
    this.#soundMs += soundMs;
    // One long message may take the place of several short ones.
    while (this.#soundMs > BACKLOG_LIMIT_MS) this.#dropOldest();
  }

  #dropOldest(): void {
    const index = this.#entries.findIndex((entry) => entry.soundMs > 0);
    const [dropped] = this.#entries.splice(index, 1);
    if (!dropped) return;
    this.#soundMs -= dropped.soundMs;
    this.#onDropped(dropped.message);
  }

  /**
   * What has been sent and was lost goes out again, in its old place, and is not dropped; what nobody has given goes
   * first. What waits already stays.
   */
  putBack(messages: readonly ClientMessage[]): void {
    const waiting = new Set(this.#entries.map(({ message }) => message));
    const lost = messages.filter((message) => !waiting.has(message));
    const order = ({ message }: Entry): number => this.#order.get(message) ?? 0;
    this.#entries.unshift(...lost.map((message) => ({ message, soundMs: 0 })));
    this.#entries.sort((a, b) => order(a) - order(b));
  }

  /** What waits and has no addressee any more. */
  discard(fits: (message: ClientMessage) => boolean): void {
    this.#entries = this.#entries.filter(({ message, soundMs }) => {
      if (!fits(message)) return true;
      this.#soundMs -= soundMs;
      return false;
    });
  }

  /** Hands entries over in order for as long as `send` takes them. */
  drain(send: (message: ClientMessage) => boolean): void {
    let sent = 0;
    for (const { message, soundMs } of this.#entries) {
      if (!send(message)) break;
      this.#soundMs -= soundMs;
      sent += 1;
    }
    this.#entries.splice(0, sent);
  }

  /** Milliseconds dropped since the last call. */

  has(message: ClientMessage): boolean {
    return this.#entries.some((entry) => entry.message === message);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }
}
