/**
 * What the user said and the model has not answered yet: a handle holds the state of its moment, and whatever
 * came after it has to be said again to the next connection. From the beginning of each utterance on, at
 * most 30 s of sound; what was answered is never said again.
 */
import type { ClientMessage } from '../protocol/messages.ts';

const LIMIT_MS = 30_000;
/** A detector notices a voice late: what was before its onset belongs to it. */
const PRE_ROLL_MS = 300;
/** Somebody may have begun so lately that no detector has noticed. */
const UNNOTICED_MS = 500;
/** A voice fades after its last voiced moment. */
const FADE_MS = 200;
/** Kept while nobody speaks: what a late onset may reach back to. */
const LOOK_BACK_MS = 2_000;

type Kept = { message: ClientMessage; soundMs: number; atMs: number; seq: number };

/** From its onset to its last voiced moment; undefined while it goes on. */
type Utterance = { fromMs: number; endMs: number | undefined; marked: boolean };

export class Unanswered {
  #kept: Kept[] = [];
  #utterances: Utterance[] = [];
  /** Length of all sound so far: the clock of this class. */
  #nowMs = 0;
  /** Nothing since is known for speech. */
  #quietFromMs = 0;
  #seq = 0;
  #lostMs = 0;
  /** Where the answer in progress began. */
  #answer: { atMs: number; seq: number } | undefined;

  /** `soundMs`: how long the message sounds; 0 for text and markers. */
  push(message: ClientMessage, soundMs: number): void {
    this.#seq += 1;
    this.#kept.push({ message, soundMs, atMs: this.#nowMs, seq: this.#seq });
    this.#nowMs += soundMs;
    if (soundMs > 0) this.#trim();
  }

  /** It never went out and will not. */
  forget(message: ClientMessage): void {
    this.#kept = this.#kept.filter((kept) => kept.message !== message);
  }

  /** Somebody began to speak so long ago. `marked`: an activity marker says so, exactly. */
  began(agoMs: number, marked = false): void {
    if (this.#utterances.at(-1)?.endMs === undefined && this.#utterances.length > 0) return;
    const preRollMs = marked ? 0 : PRE_ROLL_MS;
    const fromMs = Math.max(0, this.#nowMs - agoMs - preRollMs);
    this.#utterances.push({ fromMs, endMs: undefined, marked });
  }

  /** The last voiced moment was so long ago. */
  ended(agoMs: number, marked = false): void {
    const last = this.#utterances.at(-1);
    if (!last || last.endMs !== undefined || (last.marked && !marked)) return;
    last.endMs = Math.max(last.fromMs, this.#nowMs - agoMs);
    this.#quietFromMs = last.endMs + FADE_MS;
  }

  /** Something of an answer has come: it is to what was over when the answer began. */
  answered(): void {
    this.#answer ??= { atMs: this.#nowMs, seq: this.#seq };
    const { atMs, seq } = this.#answer;
    this.#utterances = this.#utterances.filter(({ endMs }) => endMs === undefined || endMs > atMs);
    this.#kept = this.#kept.filter((kept) => !isText(kept.message) || kept.seq > seq);
    this.#trim();
  }

  /** What comes next is another answer. */
  answerOver(): void {
    this.#answer = undefined;
  }

  get isEmpty(): boolean {
    return this.#utterances.length === 0 && !this.#kept.some(({ message }) => isText(message));
  }

  /** In order, from the first onset on; without one, the last moments. */
  take(): ClientMessage[] {
    const lately = Math.max(this.#nowMs - UNNOTICED_MS, this.#quietFromMs);
    const fromMs = this.#utterances[0]?.fromMs ?? lately;
    return this.#kept
      .filter(({ message, atMs, soundMs }) => isText(message) || atMs + soundMs > fromMs)
      .map(({ message }) => message);
  }

  /** Milliseconds of whole utterances that were given up since the last call. */
  takeLostMs(): number {
    const lostMs = this.#lostMs;
    this.#lostMs = 0;
    return lostMs;
  }

  #trim(): void {
    // Half of what was said is worse than none of it.
    const [oldest] = this.#utterances;
    if (oldest?.endMs !== undefined && oldest.fromMs < this.#nowMs - LIMIT_MS) {
      this.#utterances.shift();
      this.#lostMs += oldest.endMs - oldest.fromMs;
    }
    const first = this.#utterances[0]?.fromMs ?? Number.POSITIVE_INFINITY;
    const fromMs = Math.max(Math.min(first, this.#nowMs - LOOK_BACK_MS), this.#nowMs - LIMIT_MS);
    const end = this.#kept.findIndex(
      ({ atMs, soundMs, message }) => atMs + soundMs > fromMs || isText(message),
    );
    if (end > 0) this.#kept.splice(0, end);
  }
}

const isText = (message: ClientMessage): boolean =>
  'clientContent' in message || ('realtimeInput' in message && 'text' in message.realtimeInput);
