/** What a listener of a session may be told, and in which order. */
import type { LiveEvent, SessionEvent } from '../../../src/events.ts';
import { ensure } from '../../fuzz/target.ts';
import { isContent, LATE_MS } from './ledger.ts';

type State = 'new' | 'connecting' | 'ready' | 'reconnecting' | 'closed';

/** Which state may follow which; from ready to ready is a move. */
const FOLLOWS: Readonly<Record<State, readonly State[]>> = {
  new: ['connecting', 'closed'],
  connecting: ['connecting', 'ready', 'closed'],
  ready: ['ready', 'reconnecting', 'closed'],
  reconnecting: ['reconnecting', 'ready', 'closed'],
  closed: [],
};

export class Watch {
  state: State = 'new';
  ended = 0;
  readonly #idleEnds: boolean;
  #answering = false;
  #attempt = 0;

  readonly #nowMs: () => number;
  #turnOverAtMs = Number.NEGATIVE_INFINITY;

  constructor(idleEnds: boolean, nowMs: () => number) {
    this.#idleEnds = idleEnds;
    this.#nowMs = nowMs;
  }

  on(event: SessionEvent): void {
    ensure(this.ended === 0, `${event.type} after the end`);
    if (event.type === 'ended') {
      ensure(this.state === 'closed', 'ended without being closed');
      this.ended += 1;
      return;
    }
    ensure(this.state !== 'closed', `${event.type} after closed`);
    if (event.type === 'state') this.#onState(event);
    else if (event.type === 'live') for (const one of event.events) this.#onLive(one);
  }

  #onState({ state, attempt = 1, gapMs }: Extract<SessionEvent, { type: 'state' }>): void {
    ensure(FOLLOWS[this.state].includes(state), `${state} after ${this.state}`);
    if (state === 'connecting' || state === 'reconnecting') {
      const isNext = attempt === this.#attempt + 1 || (attempt === 1 && this.state === 'ready');
      ensure(isNext || this.state === 'ready', `attempt ${attempt} after ${this.#attempt}`);
      this.#attempt = attempt;
    }
    if (state === 'ready') {
      const isFirst = this.state === 'connecting';
      ensure((gapMs === undefined) === isFirst, 'a gap is told of every connection but the first');
      ensure(gapMs === undefined || (Number.isFinite(gapMs) && gapMs >= 0), `a gap of ${gapMs} ms`);
      this.#attempt = isFirst ? 0 : this.#attempt;
    }
    if (state === 'reconnecting') this.checkBrokenOff();
    this.state = state;
  }

  /** A connection is left, or lost: what was being said over it has been ended. */
  checkBrokenOff(): void {
    ensure(!this.#answering, 'another connection in the midst of an answer');
  }

  #onLive(event: LiveEvent): void {
    // A late part of the last answer begins none.
    const isLate = this.#nowMs() - this.#turnOverAtMs <= LATE_MS;
    if (event.type === 'turnComplete') this.#turnOverAtMs = this.#nowMs();
    if (isContent(event)) this.#answering ||= !isLate;
    else if (event.type === 'interactionStatus' && event.status !== 'IN_PROGRESS') {
      this.#answering = false;
    } else if (event.type === 'turnComplete' && (!this.#idleEnds || event.reason !== undefined)) {
      // A turn that is refused is over, whatever the model does else.
      this.#answering = false;
    }
  }
}
