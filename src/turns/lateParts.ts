/**
 * Parts of an answer that come after its turn is over, while nobody waits for an answer: the last syllable, the last
 * word. They belong to that turn and begin no other. What turns out to be an answer of its own begins a turn late.
 */
import type { Clock } from '../audio/clock.ts';
import type { TurnTracker } from './tracker.ts';

/** More sound or text than this is no late part of another answer. */
const MAX_SOUND_MS = 500;
const MAX_CHARACTERS = 60;
/** The same while the user speaks: an answer to that would follow the end of the speech. */
const MAX_SOUND_IN_SPEECH_MS = 1_500;
const SETTLE_MS = 1_000;

export type LatePartsHandlers = {
  /** Sound that is heard though its turn is over. */
  play(pcm: Uint8Array, isFirst: boolean): void;
  /** They are an answer of its own. `playedMs`: of sound that was played, `held`: sound that was not. */
  onAnswer(parts: { words: string; playedMs: number; held: readonly Uint8Array[] }): void;
};

export class LateParts {
  readonly #tracker: TurnTracker;
  readonly #clock: Clock;
  readonly #handlers: LatePartsHandlers;
  #words = '';
  #playedMs = 0;
  #heldMs = 0;
  #held: Uint8Array[] = [];
  /** When the first of them came. */
  #sinceMs = 0;
  #cancelTimer: () => void = () => {};

  constructor(tracker: TurnTracker, clock: Clock, handlers: LatePartsHandlers) {
    this.#tracker = tracker;
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** True: the words are taken for a late part. */
  words(text: string): boolean {
    if (!this.#mayTake()) return false;
    this.#words += text;
    this.#look();
    return true;
  }

  /** True: the sound is taken for a late part. */
  sound(pcm: Uint8Array, ms: number): boolean {
    if (!this.#mayTake()) return false;
    // A syllable of the old answer would disturb the user, and an interrupted answer stays silent.
    if (this.#tracker.userSpeaks || this.#tracker.wasInterrupted) {
      this.#held.push(pcm);
      this.#heldMs += ms;
    } else {
      this.#handlers.play(pcm, this.#playedMs === 0);
      this.#playedMs += ms;
    }
    this.#look();
    return true;
  }

  /** An answer begins or ends for certain: what came before is part of it. */
  answers(): void {
    if (this.#isEmpty) return;
    const parts = { words: this.#words, playedMs: this.#playedMs, held: this.#held };
    this.#clear();
    this.#handlers.onAnswer(parts);
  }

  /** The user begins to speak, or the service tells what it heard: what came before was late. */
  settle(): void {
    const words = this.#words;
    this.#clear();
    if (words !== '') this.#tracker.lateWords(words);
  }

  /** The user's last voiced moment was at `endMs`: what came after it is the answer. */
  speechEnded(endMs: number): void {
    if (this.#isEmpty) return;
    if (this.#sinceMs >= endMs) this.answers();
    else this.settle();
  }

  get #isEmpty(): boolean {
    return this.#words === '' && this.#playedMs + this.#heldMs === 0;
  }

  #mayTake(): boolean {
    const mayBeLate = this.#tracker.mayBeLate;
    if (!mayBeLate) this.answers();
    else if (this.#isEmpty) this.#sinceMs = this.#clock.nowMs();
    return mayBeLate;
  }

  #look(): void {
    const soundMs = this.#playedMs + this.#heldMs;
    const isLong = soundMs > (this.#tracker.userSpeaks ? MAX_SOUND_IN_SPEECH_MS : MAX_SOUND_MS);
    this.#cancelTimer();
    if (isLong || this.#words.length > MAX_CHARACTERS) this.answers();
    else this.#cancelTimer = this.#clock.after(SETTLE_MS, () => this.settle());
  }

  #clear(): void {
    this.#cancelTimer();
    this.#words = '';
    this.#playedMs = 0;
    this.#heldMs = 0;
    this.#held = [];
  }
}
