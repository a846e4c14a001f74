/**
 * When a replay is over: the input has ended, at least one turn was answered, and nothing that was said
 * still waits for its answer.
 *
 * An utterance may be spoken while the answer to an earlier one is still under way, and the server may
 * take two utterances for one. So the local detector's count is believed as long as answers catch up with
 * it; where they do not, speech after the last answer began keeps the replay waiting, and 2 s of quiet
 * after the last turn's end show that the server has joined the rest. A service whose answers came later than that
 * gets twice the time of its slowest answer. A model that translates or transcribes
 * may end no turn, and its lines need not match the utterances: 5 s without a word or a sound end the replay.
 */
import type { Clock } from '../../audio/clock.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import { CONNECTION_LOST, isBroken } from '../../protocol/turnReasons.ts';
import { brokenAnswer, noAnswer } from '../brokenAnswer.ts';
import type { ConversationEvent } from '../../events.ts';
import type { Observer } from '../../conversation.ts';

const GRACE_MS = 2_000;
const STREAM_GRACE_MS = 5_000;

export type EndingOptions = {
  clock: Clock;
  /** From the end of the input to the first answer, and from turn to turn. */
  turnTimeoutMs: number;
  /** A turn counts when its usage is here, not when its last word is. */
  untilTurnComplete: boolean;
  /** The whole input is one utterance: nothing can follow its answer. */
  isOneUtterance: boolean;
  /** The model translates or transcribes, and may end no turn. */
  streams: boolean;
  onEnd(error: GemliveError | undefined): void;
};

export class Ending implements Observer {
  readonly #options: EndingOptions;
  #inputOver = false;
  #utterances = 0;
  /** Turn whose answer began last. */
  #answering = 0;
  /** Turns with an answer, begun and complete, by index. */
  readonly #begun = new Set<number>();
  readonly #complete = new Set<number>();
  readonly #over = new Set<number>();
  #hasWords = false;
  /** From the end of the speech to the answer. */
  #slowestAnswerMs = 0;
  /** Of the first answer that was refused or stopped half-way. */
  #broken: GemliveError | undefined;
  #speechSinceAnswer = false;
  #speaking = false;
  #cancelGrace: () => void = () => {};
  #cancelTimeout: () => void = () => {};

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  inputEnded(): void {
    this.#inputOver = true;
    this.#restartTimeout();
    this.#look();
  }

  activity(speaking: boolean): void {
    this.#speaking = speaking;
    if (speaking) {
      this.#utterances += 1;
      this.#speechSinceAnswer = true;
    }
    this.#restartTimeout();
    this.#look();
  }

  event(event: ConversationEvent): void {
    switch (event.type) {
      case 'model':
        this.#hasWords = true;
        if (!this.#begun.has(event.turn)) {
          this.#begun.add(event.turn);
          this.#answering = event.turn;
          this.#speechSinceAnswer = this.#speaking;
        }
        if ('final' in event) this.#complete.add(event.turn);
        break;
      case 'turn':
        this.#slowestAnswerMs = Math.max(
          this.#slowestAnswerMs,
          event.latency.firstTextMs ?? 0,
          event.latency.firstAudioMs ?? 0,
        );
        this.#turnOver(event.index, event.reason);
        break;
      case 'user':
      case 'audio':
        break;
      default:
        return;
    }
    this.#restartTimeout();
    this.#look();
  }

  #turnOver(index: number, reason: string | undefined): void {
    const hasWords = this.#begun.has(index);
    // A turn that ends without a word has had its answer, too: none will come any more.
    if (!hasWords) this.#answering = index;
    this.#begun.add(index);
    this.#complete.add(index);
    this.#over.add(index);
    // A connection that broke was made again, and the session goes on.
    if (reason === CONNECTION_LOST || !isBroken(reason)) return;
    this.#broken ??= hasWords ? brokenAnswer(reason) : noAnswer(reason);
  }

  close(): void {
    this.#cancelGrace();
    this.#cancelTimeout();
  }

  /** All that was said has its answer: a server that ends the session now has done its work. */
  get isDone(): boolean {
    const caughtUp = this.#begun.size >= this.#utterances;
    const answered = this.#complete.has(this.#answering) || this.#over.has(this.#answering);
    const isHeard = this.#inputOver && !this.#speaking;
    return isHeard && answered && !this.#broken && (caughtUp || !this.#speechSinceAnswer);
  }

  #look(): void {
    this.#cancelGrace();
    if (!this.#inputOver || this.#speaking || this.#begun.size === 0) return;
    const caughtUp = this.#begun.size >= this.#utterances;
    if (this.#options.streams && !(caughtUp && this.#over.has(this.#answering))) {
      this.#endAfter(STREAM_GRACE_MS);
      return;
    }
    const needed = this.#options.untilTurnComplete || !caughtUp ? this.#over : this.#complete;
    if (!needed.has(this.#answering)) return;
    if (!caughtUp && this.#speechSinceAnswer) return;
    if (caughtUp && this.#options.isOneUtterance) {
      this.#endAfter(0);
      return;
    }
    this.#endAfter(caughtUp ? GRACE_MS : Math.max(GRACE_MS, 2 * this.#slowestAnswerMs));
  }

  #endAfter(quietMs: number): void {
    this.#cancelGrace = this.#options.clock.after(quietMs, () =>
      this.#end(this.#broken ?? (this.#hasWords ? undefined : noAnswer(undefined))),
    );
  }

  #restartTimeout(): void {
    this.#cancelTimeout();
    if (!this.#inputOver) return;
    const { clock, turnTimeoutMs } = this.#options;
    this.#cancelTimeout = clock.after(turnTimeoutMs, () => this.#end(this.#noAnswer()));
  }

  #noAnswer(): GemliveError {
    const seconds = this.#options.turnTimeoutMs / 1000;
    return new GemliveError(`no answer within ${seconds} s after the end of the recording`, {
      code: 'no_answer',
      exitCode: EXIT.server,
      why:
        this.#utterances === 0
          ? 'no speech was found in the recording'
          : 'the model may have chosen to stay silent, or did not hear the end of the speech',
      hint: 'listen to the recording, try --fast, or allow more time with --turn-timeout SECONDS',
    });
  }

  #end(error: GemliveError | undefined): void {
    this.close();
    this.#options.onEnd(error);
  }
}
