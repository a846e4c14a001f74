/**
 * The model's side on its way to the loudspeaker: what begins, goes on, is cut and is over. Synchronous
 * from the server's word to the sink, so that nothing of a dead turn can slip in between.
 */
import type { Clock } from '../audio/clock.ts';
import { msOfBytes, OUTPUT_FORMAT } from '../audio/format.ts';
import type { AudioSink } from '../audio/ports.ts';
import type { ConversationEvent } from '../events.ts';
import { CUT_OFF, isOwnReason } from '../protocol/turnReasons.ts';
import { ABANDONED_MS, type TurnTracker } from './tracker.ts';

/** An interruption without a `turnComplete` behind it stops swallowing words after this long. */
const DEAD_TURN_MS = 2_000;
/** A receipt may come behind the end of its turn. */
const RECEIPT_MS = 1_000;
/** A reply while the user speaks over it. */
const DUCKED_GAIN = 0.25;
const DUCK_MS = 40;
const SWELL_MS = 300;
/** After the detector's own half second: 600 ms after the end of speech. */
const SWELL_AFTER_MS = 100;

export class Reply {
  readonly #tracker: TurnTracker;
  readonly #sink: AudioSink | undefined;
  readonly #emit: (event: ConversationEvent) => void;
  readonly #clock: Clock;
  /** Words and sound are dropped until the next turnComplete. */
  #dead = false;
  #cancelDeadTimer: () => void = () => {};
  #cancelSwell: () => void = () => {};
  /** An `interrupted` came before anything was said: its turnComplete ends no turn. */
  #emptyInterruption = false;
  /** Where this reply's sound begins, as the sink's position. */
  #startMs = 0;
  /** The server has ended the turn, and its sound still plays, or its receipt is still to come. */
  #ending: { reason: string | undefined; isHeard: boolean; hasReceipt: boolean } | undefined;
  readonly #awaitsReceipt: boolean;
  #cancelReceiptTimer: () => void = () => {};

  constructor(
    tracker: TurnTracker,
    sink: AudioSink | undefined,
    emit: (event: ConversationEvent) => void,
    clock: Clock,
    { awaitsReceipt = false }: { awaitsReceipt?: boolean } = {},
  ) {
    this.#awaitsReceipt = awaitsReceipt;
    this.#tracker = tracker;
    this.#sink = sink;
    this.#emit = emit;
    this.#clock = clock;
  }

  /** What comes now belongs to a turn that was interrupted. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Something of an answer has come: is it to be played and shown? */
  accepts(): boolean {
    if (this.#dead) return false;
    if (this.#ending) this.#over(this.#ending.reason); // the next answer does not wait for the last echo
    else if (this.#tracker.isAbandoned) this.#abandon();
    return true;
  }

  /** Whole samples of sound. */
  sound(pcm: Uint8Array): void {
    if (this.#sink && (!this.#tracker.answering || this.#tracker.answer?.soundMs === 0)) {
      this.#begin(this.#sink);
    }
    this.#tracker.sound(msOfBytes(OUTPUT_FORMAT, pcm.byteLength));
    this.#sink?.write(pcm);
  }

  /** Sound that is heard though its turn is over. It may turn out to be the beginning of the next one. */
  lateSound(pcm: Uint8Array, isFirst: boolean): void {
    if (this.#sink && isFirst) this.#begin(this.#sink);
    this.#sink?.write(pcm);
    this.#sink?.flush();
  }

  #begin(sink: AudioSink): void {
    const { playedMs, queuedMs } = sink.position();
    this.#startMs = playedMs + queuedMs;
  }

  generationComplete(): void {
    if (!this.#dead) this.#tracker.generationComplete();
    this.#sink?.flush();
  }

  /** The server's word. Repeated and empty ones are harmless. */
  interrupted(): void {
    if (!this.#tracker.answering && !this.#dead) {
      this.#emptyInterruption = true;
      return;
    }
    this.cut();
    this.expectTurnComplete();
  }

  /** The user asks something new: what is under way is cut, what is whole stays whole. */
  supersede(): void {
    const whole = !this.#sink && this.#tracker.answering && this.#tracker.answer?.final === true;
    if (whole && !this.#dead) {
      this.#over(undefined);
      return;
    }
    // Nothing comes of an answer that has stopped: the next one must not wait for its end.
    if (!this.#dead && !this.#ending && this.#tracker.quietMs >= ABANDONED_MS) {
      this.#abandon();
      return;
    }
    this.cut();
    this.expectTurnComplete();
  }

  #abandon(): void {
    this.#over(this.#tracker.answer?.final === true ? undefined : CUT_OFF);
  }

  /** The end of a turn that is over for us already: its receipt belongs to no turn in progress. */
  get endsNothing(): boolean {
    return this.#emptyInterruption && !this.#tracker.answering;
  }

  /** Silence now; what was heard stands, the rest of the turn is dead. */
  cut(): void {
    if (this.#dead || !this.#tracker.answering) return;
    const soundMs = this.#tracker.answer?.soundMs ?? 0;
    const cleared = this.#sink?.clear();
    this.#sink?.setGain(1, 0); // it may have been ducked
    const heardMs = cleared
      ? Math.min(soundMs, Math.max(0, cleared.playedMs - this.#startMs))
      : soundMs;
    this.#tracker.interrupted(heardMs, cleared?.estimated ?? false);
    // After its turnComplete nothing of this turn can come any more.
    this.#dead = this.#ending === undefined;
    const droppedMs = Math.round(cleared?.droppedMs ?? 0);
    const tell = (silenceMs: number): void =>
      this.#emit({
        type: 'interrupted',
        heardMs: Math.round(heardMs),
        droppedMs,
        silenceMs: Math.round(silenceMs),
      });
    if (!cleared) tell(0);
    else
      cleared.silenced.then(
        ({ silenceMs }) => tell(silenceMs),
        () => {}, // the device is lost: onLost tells
      );
  }

  /** It gives way at once to whoever speaks over it, and comes back if the server goes on with it. */
  duck(speaking: boolean): void {
    this.#cancelSwell();
    if (speaking) this.#sink?.setGain(DUCKED_GAIN, DUCK_MS);
    else {
      this.#cancelSwell = this.#clock.after(SWELL_AFTER_MS, () => this.#sink?.setGain(1, SWELL_MS));
    }
  }

  /** A dead turn whose end is near: if it does not come, words must not be swallowed for ever. */
  expectTurnComplete(): void {
    this.#cancelDeadTimer();
    if (!this.#dead) return;
    this.#cancelDeadTimer = this.#clock.after(DEAD_TURN_MS, () => {
      this.#over(undefined);
      this.#emit({
        type: 'warning',
        code: 'turn_not_ended',
        message: 'the server did not end the turn that was interrupted; going on without',
      });
    });
  }

  /** The server says that the turn is over; with a player it is when the sound has ended, too. */
  turnOver(reason: string | undefined): void {
    if (this.endsNothing) {
      this.#emptyInterruption = false;
      return;
    }
    const isGone = this.#dead || !this.#tracker.answering;
    const isHeard = isGone || !this.#sink;
    // The service gives no receipt for a turn that gemlive has ended.
    const expectsReceipt = this.#awaitsReceipt && !isGone && !isOwnReason(reason);
    const hasReceipt = !expectsReceipt || this.#tracker.hasReceipt;
    if (isHeard && hasReceipt) {
      this.#over(reason);
      return;
    }
    const ending = { reason, isHeard, hasReceipt };
    this.#ending = ending;
    if (!hasReceipt) {
      this.#cancelReceiptTimer = this.#clock.after(RECEIPT_MS, () => this.receipt());
    }
    this.#endIfDone();
    if (isHeard) return;
    this.#sink?.flush();
    this.#sink?.drain().then(
      () => {
        ending.isHeard = true;
        if (this.#ending === ending) this.#endIfDone();
      },
      () => {}, // the device is lost: onLost tells
    );
  }

  /** The receipt of the turn has come, or nobody waits for it any longer. */
  receipt(): void {
    if (!this.#ending) return;
    this.#ending.hasReceipt = true;
    this.#endIfDone();
  }

  #endIfDone(): void {
    const { reason, isHeard, hasReceipt } = this.#ending ?? {};
    if (isHeard && hasReceipt) this.#over(reason);
    else if (isHeard) this.#tracker.closing();
  }

  /** The next line begins, whatever of this one still sounds. */
  lineOver(): void {
    this.#over(this.#ending?.reason);
  }

  /** The server has ended the turn, and it is not over yet. */
  get ending(): boolean {
    return this.#ending !== undefined;
  }

  #over(reason: string | undefined): void {
    this.#cancelReceiptTimer();
    this.#cancelDeadTimer();
    this.#dead = false;
    this.#ending = undefined;
    this.#emptyInterruption = false;
    this.#tracker.ended(reason);
  }

  /** No timer outlives it. */
  close(): void {
    this.#cancelReceiptTimer();
    this.#cancelDeadTimer();
    this.#cancelSwell();
  }
}
