/**
 * The model's side of a conversation, from the server's events to turns and the loudspeaker. Synchronous, so that order
 * needs no turn numbers.
 */
import type { Clock } from '../audio/clock.ts';
import type { Observer } from '../conversation.ts';
import type { ConversationEvent, LiveEvent } from '../events.ts';
import type { ModelProfile } from '../protocol/models.ts';
import { DROPPED, isOwnReason } from '../protocol/turnReasons.ts';
import { JobLines } from './jobLines.ts';
import { LateParts } from './lateParts.ts';
import { Reading } from './reading.ts';
import type { Reply } from './reply.ts';
import { ReplySound } from './replySound.ts';
import type { TurnTracker } from './tracker.ts';

/** Where idleness has a message of its own and it does not come. */
const IDLE_BACKSTOP_MS = 15_000;

export type AnswersOptions = {
  profile: ModelProfile;
  tracker: TurnTracker;
  reply: Reply;
  clock: Clock;
  observers: readonly Observer[];
  emit: (event: ConversationEvent) => void;
  /** An answer has come before the local detector noticed the end of the speech. */
  endUtterance: () => void;
  /** Sound of an answer has come: the conversation is not idle. */
  active: () => void;
};

export class Answers {
  readonly #options: AnswersOptions;
  readonly #reading: Reading;
  readonly #sound = new ReplySound();
  readonly #late: LateParts;
  /** For models that translate or transcribe. */
  readonly #lines: JobLines | undefined;
  #cancelBackstop: () => void = () => {};

  constructor(options: AnswersOptions) {
    this.#options = options;
    const { profile, tracker, reply, clock } = options;
    this.#reading = new Reading(profile);
    this.#late = new LateParts(tracker, clock, {
      play: (pcm, isFirst) => reply.lateSound(pcm, isFirst),
      onAnswer: ({ words, playedMs, held }) => {
        this.#endUtterance();
        if (words !== '') tracker.words(words);
        if (playedMs > 0) tracker.sound(playedMs);
        for (const pcm of held) reply.sound(pcm);
      },
    });
    if (profile.job.value !== 'converse') {
      this.#lines = new JobLines(clock, () => reply.turnOver(undefined));
    }
  }

  /** False: {@link prepare} comes first. */
  takes(events: readonly LiveEvent[]): boolean {
    return events.every((event) => event.type !== 'audio' || this.#sound.takes(event.sampleRateHz));
  }

  prepare(): Promise<void> {
    return this.#sound.prepare();
  }

  /** The events of a server message as this model means them. */
  read(events: readonly LiveEvent[]): LiveEvent[] {
    return this.#reading.read(events);
  }

  hear(event: LiveEvent): void {
    const { tracker, reply, emit } = this.#options;
    switch (event.type) {
      case 'interrupted':
        this.#late.settle();
        this.#sound.end();
        reply.interrupted();
        return;
      case 'text':
      case 'outputTranscription':
        this.#words(event.text);
        return;
      case 'thought':
        if (!this.begins()) return;
        tracker.acted();
        emit({ type: 'thought', text: event.text });
        return;
      case 'audio':
        this.#audio(event.pcm, event.sampleRateHz);
        return;
      case 'generationComplete':
        this.#late.answers();
        this.#endSound();
        reply.generationComplete();
        return;
      default: // nothing of an answer
    }
  }

  /** After the whole message: the usage of a turn stands behind its end. */
  endTurn(events: readonly LiveEvent[]): void {
    const { tracker, reply, clock, profile } = this.#options;
    const complete = events.find((event) => event.type === 'turnComplete');
    const statuses = events.filter((event) => event.type === 'interactionStatus');
    // A refused turn may end without a status.
    const isRefused = complete?.reason !== undefined && statuses.length === 0;
    const idle = isRefused || statuses.some(({ status }) => status !== 'IN_PROGRESS');
    this.#cancelBackstop();
    const { reason } = complete ?? {};
    if (isOwnReason(reason) && reason !== DROPPED && !tracker.answering) {
      // The session has ended what it took for an answer, and it was a late part of the one before.
      this.#late.settle();
      return;
    }
    if (complete) {
      // What is refused has been said, though the local detector has not noticed.
      if (complete.reason !== undefined && !tracker.answering) this.#endUtterance();
      this.#late.answers();
      this.#endSound();
      this.#lines?.over();
    }
    const onTurnComplete = profile.endOfTurn.value === 'turnComplete';
    if (onTurnComplete || reply.dead || idle) {
      if (complete || (idle && !onTurnComplete)) reply.turnOver(complete?.reason);
    } else if ((tracker.answering || complete) && !reply.ending) {
      this.#cancelBackstop = clock.after(IDLE_BACKSTOP_MS, () => reply.turnOver(undefined));
    }
  }

  /** The user's words, as the service heard them. */
  transcribed(text: string): void {
    if (this.#lines?.endsBefore('user', text)) this.#options.reply.lineOver();
    this.#late.settle();
    this.#options.tracker.transcribed(text);
  }

  /** The local detector: the user began or ceased to speak. */
  activity(speaking: boolean): void {
    if (speaking) this.#late.settle();
    else this.#late.speechEnded(this.#options.tracker.userEndMs ?? 0);
  }

  /** The user asks something: what came of an answer before that was late. */
  asked(): void {
    this.#late.settle();
  }

  /** Something of an answer has come. False: it belongs to a dead turn. */
  begins(): boolean {
    if (!this.#options.reply.accepts()) return false;
    this.#late.answers();
    this.#endUtterance();
    return true;
  }

  #endUtterance(): void {
    const { profile, tracker, endUtterance } = this.#options;
    // A model that translates or transcribes need not wait for the end of it.
    if (profile.job.value === 'converse' && tracker.awaitsEndOfSpeech) endUtterance();
  }

  /** It may belong to a turn that is over. Lines of translations have no such order. */
  #mayBeLate(): boolean {
    return this.#lines === undefined;
  }

  #words(text: string): void {
    const { tracker, reply } = this.#options;
    if (this.#lines?.endsBefore('model', text)) reply.lineOver();
    if (!reply.accepts()) return;
    if (this.#mayBeLate() && this.#late.words(text)) return;
    if (this.begins()) tracker.words(text);
  }

  #audio(bytes: Uint8Array, rateHz: number): void {
    const { pcm, ms } = this.#sound.push(bytes, rateHz);
    this.#play(pcm, ms);
    this.#options.emit({ type: 'audio', bytes: pcm.byteLength, ms });
  }

  #play(pcm: Uint8Array, ms: number): void {
    const { reply, observers, active } = this.#options;
    const isLate = reply.accepts() && this.#mayBeLate() && this.#late.sound(pcm, ms);
    const alive = !isLate && this.begins();
    for (const observer of observers) observer.reply?.(pcm, alive);
    if (!alive) return;
    this.#lines?.sign();
    active();
    reply.sound(pcm);
  }

  /** What the resampler still holds of the answer's sound. */
  #endSound(): void {
    const { reply, observers } = this.#options;
    const tail = this.#sound.end();
    if (tail.byteLength === 0) return;
    const alive = !reply.dead;
    for (const observer of observers) observer.reply?.(tail, alive);
    if (alive) reply.sound(tail);
  }

  close(): void {
    this.#late.settle();
    this.#cancelBackstop();
    this.#lines?.over();
  }
}
