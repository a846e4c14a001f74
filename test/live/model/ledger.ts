/**
 * What the user gave, in order; what of it each connection was sent; and what was answered. It knows nothing of the
 * session but what a server and a listener see.
 */
import type { LiveEvent } from '../../../src/events.ts';
import { BACKLOG_LIMIT_MS } from '../../../src/live/outbox.ts';
import type { ClientMessage } from '../../../src/protocol/messages.ts';
import { ensure } from '../../fuzz/target.ts';
import type { ClientFrame, FakeSocket } from './socket.ts';

export const FRAME_MS = 20;

type Kind = 'sound' | 'text' | 'activityStart' | 'activityEnd' | 'audioStreamEnd';
/** `toMs`: the sound that was given so far, with this. */
type Item = { seq: number; kind: Kind; toMs: number };
/** `seqs`: what belongs to it and must arrive; undefined `endMs`: it goes on. */
type Utterance = { fromMs: number; endMs: number | undefined; fromSeq: number; endSeq: number };

/** One connection, as its server sees it. */
export type Line = {
  socket: FakeSocket;
  setUp: boolean;
  /** Its setup was answered. */
  complete: boolean;
  /** What the state that it took up includes. */
  base: ReadonlySet<number>;
  received: number[];
  /** Frames after the setup, whatever they are: how the service counts. */
  frames: (number | undefined)[];
  seeded: Set<number>;
};

export class Ledger {
  readonly #items: Item[] = [];
  readonly #answered = new Set<number>();
  readonly #everReceived = new Set<number>();
  readonly #markers = new WeakMap<ClientMessage, number>();
  #utterances: Utterance[] = [];
  #soundMs = 0;
  #sentMs = 0;
  /** Of sound that has not been sent, dropped or not. */
  #longestWaitMs = 0;
  #answer: { line: Line; upTo: number } | undefined;
  #wasInterrupted = false;
  #hadTurn = false;
  #toldLostMs = 0;
  #warnings = 0;

  // ---- the user ----------------------------------------------------------------------------------

  give(kind: Kind, soundMs = 0): number {
    this.#soundMs += soundMs;
    this.#longestWaitMs = Math.max(this.#longestWaitMs, this.#soundMs - this.#sentMs);
    const seq = this.#items.length + 1;
    this.#items.push({ seq, kind, toMs: this.#soundMs });
    return seq;
  }

  get isSpeaking(): boolean {
    const last = this.#utterances.at(-1);
    return last !== undefined && last.endMs === undefined;
  }

  /** `marked`: its marker is the next item. */
  began(agoMs: number, marked: boolean): void {
    if (this.isSpeaking) return;
    const fromMs = Math.max(0, this.#soundMs - agoMs);
    const first = this.#items.find(({ kind, toMs }) => kind === 'sound' && toMs > fromMs);
    const next = this.#items.length + 1;
    const fromSeq = marked ? next : (first?.seq ?? next);
    this.#utterances.push({ fromMs, endMs: undefined, fromSeq, endSeq: 0 });
  }

  /** `marked`: its marker was the last item. */
  ended(agoMs: number, marked: boolean): void {
    const last = this.#utterances.at(-1);
    if (!last || last.endMs !== undefined) return;
    const endMs = Math.max(last.fromMs, this.#soundMs - agoMs);
    last.endMs = endMs;
    const end = this.#items.findLast(({ kind, toMs }) => kind === 'sound' && toMs <= endMs);
    last.endSeq = marked ? this.#items.length : (end?.seq ?? 0);
  }

  // ---- the server --------------------------------------------------------------------------------

  received(line: Line, seq: number): void {
    const last = line.received.at(-1) ?? 0;
    ensure(seq > last, `#${line.socket.number} was sent item ${seq} after ${last}`);
    ensure(!line.base.has(seq), `item ${seq} was sent to a state that includes it`);
    ensure(!line.seeded.has(seq), `item ${seq} was sent, and told as history, too`);
    line.received.push(seq);
    if (this.#everReceived.has(seq)) return;
    this.#everReceived.add(seq);
    if (this.#items[seq - 1]?.kind === 'sound') this.#sentMs += FRAME_MS;
  }

  /** Markers hold no number: the first time they go out in order, and later the message is known. */
  markerOf(message: ClientMessage | undefined, kind: Kind): number {
    const known = message && this.#markers.get(message);
    if (known !== undefined) return known;
    const next = this.#items.find(
      (item) => item.kind === kind && !this.#everReceived.has(item.seq),
    );
    ensure(
      message !== undefined && next !== undefined,
      `${kind} was sent more often than it was given`,
    );
    this.#markers.set(message, next.seq);
    return next.seq;
  }

  // ---- the listener ------------------------------------------------------------------------------

  heard(event: LiveEvent, line: Line): void {
    if (event.type === 'interrupted') this.#wasInterrupted = this.#answer === undefined;
    // A turn that ends without an answer settles what it was to answer.
    const isEmptyTurn =
      event.type === 'turnComplete' && this.#answer === undefined && !this.#wasInterrupted;
    if (event.type === 'turnComplete') {
      this.#answer = undefined;
      this.#wasInterrupted = false;
      this.#hadTurn = true;
    }
    if (!isContent(event) && !isEmptyTurn) return;
    // After a turn, and while nothing waits for an answer, it is a late part of that turn.
    const isLate = !isEmptyTurn && !this.#answer && this.#hadTurn && !this.#awaitsAnswer;
    if (isLate) return;
    this.#answer ??= { line, upTo: line.received.at(-1) ?? 0 };
    const { upTo } = this.#answer;
    for (const { seq, kind } of this.#items) {
      if (kind === 'text' && ((seq <= upTo && this.#has(line, seq)) || line.base.has(seq)))
        this.#answered.add(seq);
    }
    this.#utterances = this.#utterances.filter(({ endMs, endSeq }) => {
      const over = endMs !== undefined && endSeq <= upTo;
      return !over || (endSeq > 0 && !this.#has(line, endSeq));
    });
    if (isEmptyTurn) this.#answer = undefined;
  }

  get #awaitsAnswer(): boolean {
    return (
      this.#utterances.some(({ endMs }) => endMs !== undefined) ||
      this.#items.some(({ kind, seq }) => kind === 'text' && !this.#answered.has(seq))
    );
  }

  toldLost(ms: number): void {
    this.#toldLostMs += ms;
    this.#warnings += 1;
  }

  /** Another connection: what was on its way is over. */
  answerOver(): void {
    this.#answer = undefined;
  }

  #has = (line: Line, seq: number): boolean => line.base.has(seq) || line.received.includes(seq);

  // ---- the end -----------------------------------------------------------------------------------

  /** Nothing waits any more, and `line` is well. */
  checkDelivered(line: Line): void {
    for (const { seq, kind } of this.#items) {
      if (kind !== 'text' || this.#answered.has(seq)) continue;
      ensure(
        this.#has(line, seq),
        `text ${seq} was neither answered nor sent to #${line.socket.number}`,
      );
    }
    let missingMs = 0;
    for (const { seq, kind } of this.#items) {
      if (this.#everReceived.has(seq)) continue;
      ensure(kind === 'sound', `${kind} ${seq} was never sent`);
      missingMs += FRAME_MS;
    }
    ensure(missingMs >= this.#longestWaitMs - BACKLOG_LIMIT_MS, 'more waited than the bound');
    // Each warning tells tenths of a second.
    const toldMs = this.#toldLostMs + 50 * this.#warnings;
    ensure(
      missingMs <= toldMs,
      `${missingMs} ms were never sent, and ${this.#toldLostMs} told as lost`,
    );
    if (this.#warnings > 0) return;
    for (const one of this.#utterances) this.#checkWhole(one, line);
  }

  #checkWhole({ fromMs, endMs, fromSeq, endSeq }: Utterance, line: Line): void {
    // Of what goes on for longer only the end is kept.
    if (this.#soundMs - fromMs > 29_000) return;
    const parts = this.#items.filter(
      ({ seq, kind, toMs }) =>
        seq >= fromSeq &&
        (endMs === undefined || seq <= endSeq) &&
        (kind === 'sound' ? toMs > fromMs : kind !== 'text'),
    );
    const missing = parts.filter(({ seq }) => !this.#has(line, seq));
    const what = missing.map(({ seq, kind }) => `${kind} ${seq}`).slice(0, 5);
    ensure(missing.length === 0, `unanswered, and not sent again: ${what.join(', ')}`);
  }
}

export const isContent = ({ type }: LiveEvent): boolean =>
  type === 'audio' || type === 'text' || type === 'outputTranscription';

/** The texts of some contents that have numbers. */
export const numbersIn = (frame: ClientFrame): number[] =>
  [...JSON.stringify(frame).matchAll(/"t(\d+)"/g)].map(([, number]) => Number(number));
