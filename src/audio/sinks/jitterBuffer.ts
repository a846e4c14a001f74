/** How much sound to have before playback begins, learnt from how late sound came. Pure: no clock, no sound. */

/** What a sink asks, and tells, about one stream of replies. Durations in milliseconds of sound. */
export interface PlayoutBuffer {
  /** Sound to have before playback begins, or goes on after an underrun. */
  readonly targetMs: number;
  /** How long to wait for that much, from the first of it on. */
  readonly maxWaitMs: number;
  /** Playback begins or goes on, with so much to play. */
  began(bufferedMs: number): void;
  /** Sound came during playback, when `unheardMs` of what came before it was still to be heard. */
  arrived(soundMs: number, unheardMs: number): void;
  /** Sound came after all before it had been heard: so late that there was silence for `lateMs`. */
  underrun(lateMs: number): void;
  /** No more sound of this reply comes: what runs dry now has been heard whole. */
  replyEnded(): void;
}

export const MIN_TARGET_MS = 60;
/** A second of silence in a sentence is long; more would not be worth what it saves. */
export const MAX_TARGET_MS = 1000;
/** Sound that comes at three quarters of real time is waited for, slower sound is not. */
const WAIT_FOR_TARGET = 4 / 3;
/** Kept beyond what would just have been enough: with 20 ms left, silence is handed over. */
const MARGIN_MS = 40;
/** An underrun raises the target at least to its double, but by no more than this unless more was needed. */
const MAX_STEP_MS = 250;
/** Sound without an underrun, after which two thirds of what was too much are given up. */
const CALM_MS = 10_000;

/**
 * The only thing that counts is lateness against the playout: a spell that began with B ms buffered, and in
 * which the least that was left when sound came was L, would have needed B − L; one that ran dry for U ms,
 * B + U.
 *
 * - A service that sends faster than real time never needs more than {@link MIN_TARGET_MS}.
 * - An underrun raises the target to what was needed, and by a good step in any case: a sender slower than
 *   real time cannot be held by any buffer, and then few longer pauses are better than many short ones.
 * - A reply without one lowers it towards what was needed, by how much sound that was.
 */
export class JitterBuffer implements PlayoutBuffer {
  #targetMs = MIN_TARGET_MS;
  /** Of the spell since playback began; undefined while it does not play. */
  #spell: { beganWithMs: number; leastMs: number; soundMs: number } | undefined;

  get targetMs(): number {
    return this.#targetMs;
  }

  get maxWaitMs(): number {
    return this.#targetMs * WAIT_FOR_TARGET;
  }

  began(bufferedMs: number): void {
    this.#spell = { beganWithMs: bufferedMs, leastMs: bufferedMs, soundMs: bufferedMs };
  }

  arrived(soundMs: number, unheardMs: number): void {
    const spell = this.#spell;
    if (spell === undefined) return;
    spell.leastMs = Math.min(spell.leastMs, unheardMs);
    spell.soundMs += soundMs;
  }

  underrun(lateMs: number): void {
    const neededMs = (this.#spell?.beganWithMs ?? 0) + Math.max(0, lateMs) + MARGIN_MS;
    const stepMs = Math.min(this.#targetMs, MAX_STEP_MS);
    this.#targetMs = Math.min(MAX_TARGET_MS, Math.max(neededMs, this.#targetMs + stepMs));
    this.#spell = undefined;
  }

  replyEnded(): void {
    const spell = this.#spell;
    this.#spell = undefined;
    if (spell === undefined) return;
    const neededMs = Math.max(MIN_TARGET_MS, spell.beganWithMs - spell.leastMs + MARGIN_MS);
    // No underrun, no reason to wait longer: one large chunk at the start is not a late one.
    if (neededMs >= this.#targetMs) return;
    const kept = Math.exp(-spell.soundMs / CALM_MS);
    this.#targetMs = neededMs + (this.#targetMs - neededMs) * kept;
  }
}
