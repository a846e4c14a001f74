/**
 * What the user gave, in order; what of it each connection was sent; and what was answered. It knows nothing of the
 * session but what a server and a listener see.
 */
import type { LiveEvent } from '../../../src/events.ts';
import { BACKLOG_LIMIT_MS } from '../../../src/live/outbox.ts';
import type { ClientMessage } from '../../../src/protocol/messages.ts';
import { ensure } from '../../fuzz/target.ts';
import { dropAfter, type Cause, type Counted } from './losses.ts';
import type { Line } from './line.ts';

export const FRAME_MS = 20;

type Kind = 'sound' | 'text' | 'activityStart' | 'activityEnd' | 'audioStreamEnd';
/** `toMs`: the sound that was given so far, with this. */
type Item = { seq: number; kind: Kind; toMs: number };
/** Undefined `endMs`: it goes on. */
type Utterance = Counted & {
  fromMs: number;
  fromSeq: number;
  endSeq: number;
  marked: boolean;
};

const PRE_ROLL_MS = 300;
/** A part of an answer may come so long behind its end. */
export const LATE_MS = 1_000;
const STALLED_MS = 3_000;

export class Ledger {
  readonly #nowMs: () => number;
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
  #interruptedEarly = false;
  #contentAtMs = Number.NEGATIVE_INFINITY;
  #turnOverAtMs = Number.NEGATIVE_INFINITY;
  #toldLostMs = 0;
  #warnings = 0;
  /** Sound of utterances that are answered, or were dropped: nobody is to be sent it again. */
  readonly #overSeqs = new Set<number>();
  /** Sound that went with an utterance that was dropped, sent or not. */
  readonly #droppedSeqs = new Set<number>();
  /** All there ever were. */
  readonly #spoken: Utterance[] = [];
  readonly #texts = new Map<number, Counted>();
  /** What was dropped is not known. */
  #isBlind = false;
  /** What has to be told as dropped next. */
  #dropping: 'speech' | 'text' | undefined;
  readonly #detects: boolean;
  /** It says something to pass the time: what it has answered shows later. */
  readonly #thinks: boolean;

  constructor(nowMs: () => number, { detects, thinks }: { detects: boolean; thinks: boolean }) {
    this.#nowMs = nowMs;
    this.#detects = detects;
    this.#thinks = thinks;
  }

  // ---- the user ----------------------------------------------------------------------------------

  give(kind: Kind, soundMs = 0): number {
    this.#soundMs += soundMs;
    this.#longestWaitMs = Math.max(this.#longestWaitMs, this.#soundMs - this.#sentMs);
    const seq = this.#items.length + 1;
    this.#items.push({ seq, kind, toMs: this.#soundMs });
    if (kind === 'text') {
      const [startMs, endMs] = [this.#soundMs, this.#soundMs];
      this.#texts.set(seq, { startMs, endMs, kills: 0, losses: 0 });
    }
    return seq;
  }

  /** Sound since the last utterance ended: no detector finds the next one before that. */
  get quietMs(): number {
    const endMs = this.#spoken.at(-1)?.endMs ?? 0;
    return this.#soundMs - endMs;
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
    this.#speaks({ fromMs, fromSeq, marked });
  }

  #speaks(one: Pick<Utterance, 'fromMs' | 'fromSeq' | 'marked'>): void {
    // A detector is late: what was before it goes with it.
    const startMs = one.marked ? one.fromMs : Math.max(0, one.fromMs - PRE_ROLL_MS);
    const utterance = { ...one, startMs, endMs: undefined, endSeq: 0, kills: 0, losses: 0 };
    this.#utterances.push(utterance);
    this.#spoken.push(utterance);
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
    ensure(
      this.#thinks || !this.#isOver(seq),
      `item ${seq} was answered or dropped, and sent again`,
    );
    line.received.push(seq);
    if (this.#everReceived.has(seq)) return;
    this.#everReceived.add(seq);
    if (this.#items[seq - 1]?.kind === 'sound') this.#sentMs += FRAME_MS;
  }

  #isOver(seq: number): boolean {
    if (this.#answered.has(seq)) return true;
    if (!this.#overSeqs.has(seq)) return false;
    // All that came since the first unanswered utterance began goes with it.
    const { toMs } = this.#items[seq - 1]!;
    return !this.#utterances.some(({ startMs }) => toMs > startMs);
  }

  #soundOf({ fromMs, endMs = this.#soundMs }: Utterance): number[] {
    return this.#items
      .filter(({ kind, toMs }) => kind === 'sound' && toMs - FRAME_MS >= fromMs && toMs <= endMs)
      .map(({ seq }) => seq);
  }

  /** Markers hold no number: the first time they go out in order, and later the message is known. */
  markerOf(message: ClientMessage | undefined, kind: Kind): number {
    const known = message && this.#markers.get(message);
    if (known !== undefined) return known;
    const next = this.#items.find(
      ({ seq, kind: itsKind }) =>
        itsKind === kind && !this.#everReceived.has(seq) && !this.#droppedSeqs.has(seq),
    );
    ensure(
      message !== undefined && next !== undefined,
      `${kind} was sent more often than it was given`,
    );
    this.#markers.set(message, next.seq);
    return next.seq;
  }

  // ---- the listener ------------------------------------------------------------------------------

  /** `waits`: a call on this line waits for its result. */
  heard(event: LiveEvent, line: Line, waits: boolean): void {
    if (event.type === 'interrupted' && !this.#answer) this.#interruptedEarly = true;
    else if (event.type === 'turnComplete') {
      // An empty turn is all that comes of what the server was sent.
      if (!this.#answer && !this.#interruptedEarly && !waits) this.#settle(line);
      this.answerOver();
    } else if (isContent(event)) this.#onContent(line);
  }

  #onContent(line: Line): void {
    const nowMs = this.#nowMs();
    const quietMs = nowMs - this.#contentAtMs;
    this.#contentAtMs = nowMs;
    // A late part of the last answer answers nothing.
    if (!this.#answer && nowMs - this.#turnOverAtMs <= LATE_MS && !this.expects(line)) return;
    // The answer before it had stalled.
    if (quietMs >= STALLED_MS) this.#answer = undefined;
    this.#settle(line);
  }

  /** Something whole that the server was sent is not answered. */
  expects({ received }: Line): boolean {
    const last = received.at(-1) ?? 0;
    return (
      this.#items.some(
        ({ seq, kind }) => kind === 'text' && seq <= last && !this.#answered.has(seq),
      ) || this.#utterances.some(({ endMs, endSeq }) => endMs !== undefined && endSeq <= last)
    );
  }

  #settle(line: Line): void {
    this.#answer ??= { line, upTo: line.received.at(-1) ?? 0 };
    const { upTo } = this.#answer;
    for (const { seq, kind } of this.#items) {
      if (kind === 'text' && ((seq <= upTo && this.#has(line, seq)) || line.base.has(seq)))
        this.#answered.add(seq);
    }
    this.#utterances = this.#utterances.filter((one) => {
      const { endMs, endSeq } = one;
      const over = endMs !== undefined && endSeq <= upTo;
      const stays = !over || (endSeq > 0 && !this.#has(line, endSeq));
      if (!stays) for (const seq of this.#soundOf(one)) this.#overSeqs.add(seq);
      return stays;
    });
  }

  /** The session that had `line` is about to lose it. */
  lost(line: Line, cause: Cause): void {
    const seqs = [...line.base, ...line.received];
    const last = Math.max(0, ...seqs);
    const atMs = last === 0 ? 0 : this.#items[last - 1]!.toMs;
    const texts = [...this.#texts].filter(([seq]) => seq <= last && !this.#answered.has(seq));
    const speech = this.#utterances.filter(({ marked, fromMs, fromSeq }) =>
      marked ? last >= fromSeq : atMs > fromMs,
    );
    const dropped = dropAfter(cause, [...speech, ...texts.map(([, one]) => one)]);
    if (!dropped) return;
    const [seq] = texts.find(([, one]) => one === dropped) ?? [];
    this.#dropping = seq === undefined ? 'speech' : 'text';
    if (seq !== undefined) this.#answered.add(seq);
    else this.#dropSpeech(dropped as Utterance);
  }

  #dropSpeech(dropped: Utterance): void {
    for (const seq of this.#soundOf(dropped)) this.#overSeqs.add(seq);
    const { startMs, endMs = this.#soundMs, marked, fromSeq, endSeq } = dropped;
    // The marker of one that goes on stays.
    const firstSeq = dropped.endMs === undefined ? fromSeq + 1 : fromSeq;
    const lastSeq = dropped.endMs === undefined ? this.#items.length : endSeq;
    for (const { seq, kind, toMs } of this.#items) {
      const isOfSound = kind === 'sound' && toMs > startMs && toMs - FRAME_MS < endMs;
      const isOfMarked = kind !== 'text' && seq >= firstSeq && seq <= lastSeq;
      if (marked ? isOfMarked : isOfSound) this.#droppedSeqs.add(seq);
    }
    this.#utterances = this.#utterances.filter((one) => one !== dropped);
    if (dropped.endMs !== undefined) return;
    // The user speaks on: the rest is an utterance, behind the same marker.
    dropped.endMs = this.#soundMs;
    const goesOnSeq = marked ? fromSeq : this.#items.length + 1;
    this.#speaks({ marked, fromMs: this.#soundMs, fromSeq: goesOnSeq });
  }

  toldDropped(kind: 'speech' | 'text'): void {
    const expected = this.#dropping;
    this.#dropping = undefined;
    if (kind === expected) return;
    this.#ensureExact(`${kind} was told as dropped: ${expected ?? 'nothing'} was`);
  }

  checkTold(): void {
    const expected = this.#dropping;
    this.#dropping = undefined;
    if (expected) this.#ensureExact(`${expected} was sent too often, and not dropped`);
  }

  /** Only the session knows how much is left of speech that waits too long, or lasts too long. */
  #ensureExact(fault: string): void {
    const isTooMuch = this.#longestWaitMs > BACKLOG_LIMIT_MS;
    const isTooLong = this.#spoken.some(({ fromMs }) => this.#soundMs - fromMs > 29_000);
    // What follows a filler may be owed again.
    ensure(isTooMuch || isTooLong || this.#thinks, fault);
    this.#isBlind = true;
  }

  toldLost(ms: number): void {
    ensure(!this.#detects || this.#spoken.length > 0, 'silence was told as lost');
    this.#toldLostMs += ms;
    this.#warnings += 1;
  }

  /** Another connection: what was on its way is over, and nothing of it comes late. */
  newLine(): void {
    this.answerOver();
    this.#turnOverAtMs = Number.NEGATIVE_INFINITY;
  }

  answerOver(): void {
    this.#answer = undefined;
    this.#interruptedEarly = false;
    this.#turnOverAtMs = this.#nowMs();
  }

  #has = (line: Line, seq: number): boolean => line.base.has(seq) || line.received.includes(seq);

  // ---- the end -----------------------------------------------------------------------------------

  /** Nothing waits any more, and `line` is well. */
  checkDelivered(line: Line): void {
    this.checkTold();
    if (this.#isBlind) return;
    for (const { seq, kind } of this.#items) {
      if (kind !== 'text' || this.#answered.has(seq)) continue;
      ensure(
        this.#has(line, seq),
        `text ${seq} was neither answered nor sent to #${line.socket.number}`,
      );
    }
    let missingMs = 0;
    let untoldMs = 0;
    for (const { seq, kind } of this.#items) {
      if (this.#everReceived.has(seq)) continue;
      const isDropped = this.#droppedSeqs.has(seq);
      ensure(kind === 'sound' || isDropped, `${kind} ${seq} was never sent`);
      if (kind === 'sound') missingMs += FRAME_MS;
      if (isDropped) continue;
      if (!this.#detects || this.#isSpeech(seq)) untoldMs += FRAME_MS;
    }
    ensure(missingMs >= this.#longestWaitMs - BACKLOG_LIMIT_MS, 'more waited than the bound');
    // Each warning tells tenths of a second.
    const toldMs = this.#toldLostMs + 50 * this.#warnings;
    ensure(
      untoldMs <= toldMs,
      `${untoldMs} ms were never sent, and ${this.#toldLostMs} told as lost`,
    );
    if (this.#warnings > 0) return;
    for (const one of this.#utterances) this.#checkWhole(one, line);
  }

  #isSpeech(seq: number): boolean {
    const { toMs } = this.#items[seq - 1]!;
    return this.#spoken.some(
      ({ fromMs, endMs = this.#soundMs }) => toMs - FRAME_MS >= fromMs && toMs <= endMs,
    );
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
    const missing = parts.filter(({ seq }) => !this.#has(line, seq) && !this.#droppedSeqs.has(seq));
    const what = missing.map(({ seq, kind }) => `${kind} ${seq}`).slice(0, 5);
    ensure(missing.length === 0, `unanswered, and not sent again: ${what.join(', ')}`);
  }
}

export const isContent = ({ type }: LiveEvent): boolean =>
  type === 'audio' || type === 'text' || type === 'outputTranscription';
