/**
 * Messages of the client as the service counts them where resumption is transparent: on each connection the setup is 0,
 * and what follows it counts from 1 [?]. Its pages say no more than "index of the last message sent by the client".
 */
import type { ClientMessage } from '../protocol/messages.ts';

export class Numbering {
  #last = 0;
  #numbers = new WeakMap<ClientMessage, number>();

  /** What comes next goes over another connection, after its setup. */
  restart(): void {
    this.#last = 0;
    this.#numbers = new WeakMap();
  }

  sent(message: ClientMessage): void {
    this.#last += 1;
    this.#numbers.set(message, this.#last);
  }

  /** On this connection. False for what has not been sent on it. */
  isUpTo(message: ClientMessage, index: number): boolean {
    return (this.#numbers.get(message) ?? Number.POSITIVE_INFINITY) <= index;
  }
}
