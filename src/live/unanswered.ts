/**
 * What the user said and the model has not answered yet: a handle holds the state of its moment, and whatever
 * came after it has to be said again to the next connection. From the beginning of each utterance on, or from
 * where the server says that its state ends; at most 30 s of sound, without the silence in which an answer was waited
 * for. What was answered is never said again.
 */
import type { ClientMessage } from '../protocol/messages.ts';
import {
  blame,
  isPartOf,
  isSince,
  isSuspect,
  isText,
  isVoiceOf,
  isWithin,
  NO_LOSSES,
  type Dropped,
  type Kept,
  type LossCause,
  type Utterance,
} from './kept.ts';

const LIMIT_MS = 30_000;
/** A detector notices a voice late: what was before its onset belongs to it. */
const PRE_ROLL_MS = 300;
/** Somebody may have begun so lately that no detector has noticed. */
const UNNOTICED_MS = 500;
/** A voice fades after its last voiced moment. */
const FADE_MS = 200;
/** So much silence ends an utterance for every server. */
const TAIL_MS = 1_500;
/** Kept while nobody speaks: what a late onset may reach back to. */
const LOOK_BACK_MS = 2_000;
export class Unanswered {
  #kept: Kept[] = [];
  #utterances: Utterance[] = [];
  /** Length of all sound so far: the clock of this class. */
  #nowMs = 0;
  /** Nothing since is known for speech. */
  #quietFromMs = 0;
  #seq = 0;
  /** Length of all that is kept. */
  #keptMs = 0;
  /** Utterances that cannot be said again any more, and those that should have been. */
  #givenUpMs = 0;
  #lostMs = 0;
  readonly #known = new WeakMap<ClientMessage, Kept>();
  /** Up to where the server has been sent what there is. */
  #sent = { atMs: 0, seq: 0 };
  /** Where the answer in progress began. */
  #answer: { atMs: number; seq: number } | undefined;
  /** Where one began that passed the time: the answer itself is to the same words. */
  #filler: { atMs: number; seq: number } | undefined;
  /** What there was when it began. */
  #before: { utterances: Utterance[]; kept: Kept[]; overToMs: number } | undefined;
  /** The last message that the newest state includes; undefined where the server does not tell. */
  #consumedSeq: number | undefined;
  /** Sound up to here was answered, or given up. */
  #overToMs = 0;
  /** Everything is kept, not only what belongs to an utterance. */
  readonly #keepsAll: boolean;

  /** Somebody tells what is speech: nothing else is worth telling when it is lost. */
  readonly #detects: boolean;

  /** `transparent`: the server is going to tell what it has consumed. */
  constructor({ transparent = false, detects = false } = {}) {
    this.#keepsAll = transparent;
    this.#detects = detects;
  }

  /** `soundMs`: how long the message sounds; 0 for text and markers. */
  push(message: ClientMessage, soundMs: number): void {
    this.#seq += 1;
    const kept = { message, soundMs, atMs: this.#nowMs, seq: this.#seq, ...NO_LOSSES };
    this.#kept.push(kept);
    this.#known.set(message, kept);
    this.#nowMs += soundMs;
    this.#keptMs += soundMs;
    if (soundMs > 0) this.#trim();
  }

  /** It waited for too long: it never went out and will not. */
  dropped(message: ClientMessage): void {
    const kept = this.#known.get(message);
    const isOf = (one: Utterance): boolean => kept !== undefined && isVoiceOf(kept, one);
    if (!this.#detects || this.#utterances.some(isOf)) this.#lostMs += kept?.soundMs ?? 0;
    this.#forget(message);
    // Nothing of it is left that an answer could come to.
    this.#utterances = this.#utterances.filter(
      (one) =>
        !isOf(one) || one.endMs === undefined || this.#kept.some((kept) => isVoiceOf(kept, one)),
    );
  }

  #forget(message: ClientMessage): void {
    this.#keepOnly((kept) => kept.message !== message);
  }

  /** Somebody began to speak so long ago. `marked`: an activity marker says so, exactly. */
  began(agoMs: number, marked = false): void {
    if (this.#utterances.at(-1)?.endMs === undefined && this.#utterances.length > 0) return;
    const preRollMs = marked ? 0 : PRE_ROLL_MS;
    const onsetMs = Math.max(0, this.#nowMs - agoMs);
    this.#utterances.push({
      fromMs: Math.max(0, onsetMs - preRollMs),
      onsetMs,
      endMs: undefined,
      marked,
      afterSeq: marked ? this.#seq : 0,
      endSeq: 0,
      ...NO_LOSSES,
    });
  }

  /** The last voiced moment was so long ago. */
  ended(agoMs: number, marked = false): void {
    const last = this.#utterances.at(-1);
    if (!last || last.endMs !== undefined || (last.marked && !marked)) return;
    last.endMs = Math.max(last.fromMs, this.#nowMs - agoMs);
    last.endSeq = marked ? this.#seq : 0;
    this.#quietFromMs = last.endMs + FADE_MS;
  }

  /** It is with the server. */
  sent(message: ClientMessage): void {
    const kept = this.#known.get(message);
    if (kept) this.#sent = { atMs: kept.atMs + kept.soundMs, seq: kept.seq };
  }

  /** Something of an answer has come: it is to what was over, and sent, when the answer began. */
  answered(): void {
    if (!this.#answer) {
      const overToMs = this.#overToMs;
      this.#before = { utterances: this.#utterances, kept: this.#kept, overToMs };
    }
    this.#answer ??= this.#sent;
    const { atMs, seq } = this.#answer;
    this.#utterances = this.#utterances.filter((one) => !isWithin(one, { atMs, seq }));
    this.#keepOnly((kept) => !isText(kept.message) || kept.seq > seq);
    this.#givenUpMs = 0;
    this.#overToMs = Math.max(this.#overToMs, Math.min(atMs, this.#firstMs));
    this.#trim();
  }

  /** The connection is gone, and with it what was said over it. What has ended too many sessions is dropped. */
  lost(cause: LossCause): Dropped | undefined {
    this.answerOver();
    const sent = this.#sentUnanswered();
    this.#sent = { atMs: 0, seq: 0 };
    const guilty = blame(sent, cause);
    return guilty && this.#drop(guilty);
  }

  /** A session has ended of what it was sent, and the one that has it now would be the next. */
  get isSuspected(): boolean {
    return this.#sentUnanswered().some(isSuspect);
  }

  #sentUnanswered(): (Utterance | Kept)[] {
    const { atMs, seq } = this.#sent;
    const utterances = this.#utterances.filter((one) =>
      one.marked ? seq > one.afterSeq : atMs > one.onsetMs,
    );
    const texts = this.#kept.filter((kept) => isText(kept.message) && kept.seq <= seq);
    return [...utterances, ...texts];
  }

  #drop(guilty: Utterance | Kept): Dropped {
    if ('message' in guilty) {
      this.#forget(guilty.message);
      return { kind: 'text', messages: new Set([guilty.message]) };
    }
    const endMs = guilty.endMs ?? this.#nowMs;
    this.#utterances = this.#utterances.filter((one) => one !== guilty);
    const kept = this.#kept.filter(
      (one) => isPartOf(one, guilty) && !this.#utterances.some((other) => isPartOf(one, other)),
    );
    const messages = new Set(kept.map(({ message }) => message));
    if (guilty.endMs === undefined) this.#goOn(guilty, messages);
    this.#keepOnly(({ message }) => !messages.has(message));
    this.#overToMs = Math.max(this.#overToMs, endMs);
    this.#quietFromMs = Math.max(this.#quietFromMs, endMs);
    this.#trim();
    return { kind: 'speech', messages };
  }

  /** The user still speaks: what comes from now on is an utterance of its own, behind the same marker. */
  #goOn(dropped: Utterance, messages: Set<ClientMessage>): void {
    const marker = this.#kept.find(({ seq }) => dropped.marked && seq === dropped.afterSeq + 1);
    if (marker) {
      marker.atMs = this.#nowMs;
      messages.delete(marker.message);
    }
    this.#utterances.push({ ...dropped, fromMs: this.#nowMs, onsetMs: this.#nowMs, ...NO_LOSSES });
  }

  /** What comes next is another answer. */
  answerOver(): void {
    this.#answer = undefined;
    this.#before = undefined;
    this.#filler = undefined;
  }

  /** The server ended the turn and gave no answer, or none but a filler: nobody waits for one any more. */
  settled(): void {
    this.#answer ??= this.#filler;
    this.answered();
    this.answerOver();
  }

  /** What has come was to pass the time, and no answer: it is still owed. */
  stillOwed(): void {
    const { utterances, kept, overToMs } = this.#before ?? {};
    const filler = this.#answer ?? this.#filler;
    this.answerOver();
    this.#filler = filler;
    if (!utterances || !kept || overToMs === undefined) return;
    this.#utterances = [...new Set([...utterances, ...this.#utterances])];
    this.#kept = [...new Set([...kept, ...this.#kept])];
    this.#keptMs = this.#kept.reduce((sum, { soundMs }) => sum + soundMs, 0);
    this.#overToMs = overToMs;
    this.#trim();
  }

  /** The newest state includes what `isIncluded`, and all before it. */
  consumed(isIncluded: (message: ClientMessage) => boolean): void {
    const last = this.#kept.findLast(({ message }) => isIncluded(message));
    this.#consumedSeq = Math.max(this.#consumedSeq ?? 0, last?.seq ?? 0);
  }

  /** Somebody has spoken or written, and waits. */
  get awaitsAnswer(): boolean {
    return (
      this.#utterances.some(({ endMs }) => endMs !== undefined) ||
      this.#kept.some(({ message }) => isText(message))
    );
  }

  /** The server has been sent something whole that it has not answered. */
  get expectsAnswer(): boolean {
    const { seq } = this.#sent;
    return (
      this.#kept.some((kept) => isText(kept.message) && kept.seq <= seq) ||
      this.#utterances.some((one) => isWithin(one, this.#sent))
    );
  }

  /** A text that nobody has answered. */
  holds(message: ClientMessage): boolean {
    return isText(message) && this.#kept.some((kept) => kept.message === message);
  }

  get owesSpeech(): boolean {
    return this.#utterances.length > 0;
  }

  get isEmpty(): boolean {
    return !this.owesSpeech && !this.#kept.some(({ message }) => isText(message));
  }

  /**
   * For another connection. In order, from the first onset on; without one, the last moments. To a server that has `resumed` a state of which
   * it told what it includes: all that came after it.
   */
  take(resumed: boolean): ClientMessage[] {
    this.#lostMs += this.#givenUpMs;
    this.#givenUpMs = 0;
    const [first] = this.#utterances;
    const lately = Math.max(this.#nowMs - UNNOTICED_MS, this.#quietFromMs);
    if (!resumed) this.#consumedSeq = undefined;
    const exact = this.#consumedSeq;
    const beginMs = first ? this.#firstMs : lately;
    const fromMs = exact === undefined ? beginMs : Math.min(beginMs, this.#overToMs);
    const afterSeq = exact ?? first?.afterSeq ?? 0;
    const taken = this.#kept
      .filter((kept) => isText(kept.message) || isSince(kept, fromMs))
      .filter(({ message, seq }) => seq > afterSeq || (exact === undefined && isText(message)));
    this.#sent = taken[0]
      ? { atMs: taken[0].atMs, seq: taken[0].seq - 1 }
      : { atMs: this.#nowMs, seq: this.#seq };
    return taken.map(({ message }) => message);
  }

  /** Milliseconds that were dropped, or that `take()` should have given and had not, since the last call. */
  takeLostMs(): number {
    const lostMs = this.#lostMs;
    this.#lostMs = 0;
    return lostMs;
  }

  /** Infinite where nobody has spoken. A detector may find that one began before the other was over. */
  get #firstMs(): number {
    return Math.min(...this.#utterances.map(({ fromMs }) => fromMs));
  }

  #trim(): void {
    this.#trimSilence();
    while (this.#keptMs > LIMIT_MS) {
      const first = this.#kept.find(({ soundMs }) => soundMs > 0)!;
      const [oldest] = this.#utterances;
      if (oldest?.endMs !== undefined && isSince(first, oldest.fromMs)) {
        // Half of what was said is worse than none of it.
        this.#utterances.shift();
        this.#givenUpMs += oldest.endMs - oldest.fromMs;
        this.#overToMs = Math.max(this.#overToMs, oldest.endMs);
        this.#trimSilence();
      } else this.#keepOnly((kept) => kept !== first);
    }
  }

  /** Before the first utterance, and after the last one: as much as a late onset may reach back to. */
  #trimSilence(): void {
    const last = this.#utterances.at(-1);
    const lookBackMs = this.#nowMs - (this.#keepsAll && !last ? LIMIT_MS : LOOK_BACK_MS);
    const fromMs = this.#keepsAll ? 0 : Math.min(this.#firstMs, lookBackMs);
    const quietFromMs = last ? (last.endMs ?? this.#nowMs) + TAIL_MS : lookBackMs;
    this.#keepOnly((kept) => {
      if (isText(kept.message) || isSince(kept, lookBackMs)) return true;
      return isSince(kept, fromMs) && kept.atMs < quietFromMs;
    });
  }

  #keepOnly(isKept: (kept: Kept) => boolean): void {
    this.#kept = this.#kept.filter((kept) => {
      const stays = isKept(kept);
      if (!stays) this.#keptMs -= kept.soundMs;
      return stays;
    });
  }
}
