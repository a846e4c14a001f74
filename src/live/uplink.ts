/** The way out: what waits for the network, what was not answered and is said again, and what was lost of it. */
import type { Warning } from '../errors.ts';
import type { ClientMessage } from '../protocol/messages.ts';
import type { Dropped, LossCause } from './kept.ts';
import type { Link } from './keeping.ts';
import { Outbox } from './outbox.ts';
import { Numbering } from './numbering.ts';
import type { Unanswered } from './unanswered.ts';

/** More than this in the socket's own buffer and the network is slower than speech. */
const HIGH_WATER_BYTES = 64 * 1024;

export type UplinkHandlers = {
  /** Undefined while everything has to wait. */
  link(): Link | undefined;
  onDropped(warning: Warning): void;
};

export class Uplink {
  readonly #unanswered: Unanswered;
  readonly #handlers: UplinkHandlers;
  readonly #outbox: Outbox;
  readonly #numbering = new Numbering();
  #drained: { promise: Promise<void>; resolve: () => void } | undefined;

  constructor(unanswered: Unanswered, handlers: UplinkHandlers) {
    this.#unanswered = unanswered;
    this.#handlers = handlers;
    this.#outbox = new Outbox((message) => unanswered.dropped(message));
  }

  get isEmpty(): boolean {
    return this.#outbox.isEmpty;
  }

  /** `soundMs`: how long the message sounds; 0 for what is not sound. */
  push(message: ClientMessage, soundMs: number): void {
    // A result is of no use to another connection.
    if (!('toolResponse' in message)) this.#unanswered.push(message, soundMs);
    this.#outbox.push(message, soundMs);
    this.pump();
  }

  /** It waits to be said, or to be said again. */
  owes(message: ClientMessage): boolean {
    return this.#outbox.has(message) || this.#unanswered.holds(message);
  }

  /** Settles when nothing waits any more, or at {@link release}. */
  drained(): Promise<void> {
    if (this.#outbox.isEmpty) return Promise.resolve();
    if (!this.#drained) {
      let resolve = (): void => {};
      const promise = new Promise<void>((settle) => (resolve = settle));
      this.#drained = { promise, resolve };
    }
    return this.#drained.promise;
  }

  release(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** The connection is gone; with it the calls that results wait to go out for. What will not be sent again. */
  lost(cause: LossCause): Dropped | undefined {
    const dropped = this.#unanswered.lost(cause);
    this.#numbering.restart();
    this.#outbox.discard(
      (message) => 'toolResponse' in message || dropped?.messages.has(message) === true,
    );
    return dropped;
  }

  /** The newest state of the server includes the messages of this connection up to `index`. */
  consumed(index: number): void {
    this.#unanswered.consumed((message) => this.#numbering.isUpTo(message, index));
  }

  /**
   * Another connection: what was said and not answered is said again, before what has been said since. `seed` goes first.
   * `resumed`: the server has taken up its newest state.
   */
  repeat(seed: readonly ClientMessage[], resumed: boolean): void {
    this.#outbox.putBack([...seed, ...this.#unanswered.take(resumed)]);
  }

  pump(): void {
    const link = this.#handlers.link();
    if (!link) return;
    this.#outbox.drain((message) => {
      const sent = link.bufferedBytes < HIGH_WATER_BYTES && link.send(message);
      if (!sent) return false;
      this.#numbering.sent(message);
      this.#unanswered.sent(message);
      return true;
    });
    if (!this.#outbox.isEmpty) return;
    this.tellDropped();
    this.release();
  }

  tellDropped(): void {
    const droppedMs = this.#unanswered.takeLostMs();
    if (droppedMs === 0) return;
    const seconds = (droppedMs / 1000).toFixed(1);
    this.#handlers.onDropped({
      code: 'mic_backlog',
      message: `${seconds} s of what you said could not be sent in time and was dropped`,
      hint: 'the network is slower than speech, or was away',
    });
  }
}
