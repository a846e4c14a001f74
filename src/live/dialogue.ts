/**
 * Where the conversation stands by the server's words: whether an answer is on its way, which calls wait for their
 * result, whether the connection may be left, and what was said.
 */
import type { FunctionCall, InteractionStatus, LiveEvent } from '../events.ts';
import type { ClientMessage, Content } from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import { CONNECTION_LOST, CUT_OFF, DROPPED, isBroken } from '../protocol/turnReasons.ts';
import type { Dropped } from './kept.ts';
import { Transcript } from './transcript.ts';
import type { Unanswered } from './unanswered.ts';
import type { FunctionResult } from './words.ts';

/** Parts of an answer may come so long after the end of its turn. */
const LATE_MS = 1_000;
/** What comes after so long a pause within a turn belongs to the next answer, if one is owed. */
const STALLED_MS = 3_000;

export type DialogueHandlers = {
  /** It waits, or has not been answered: it will be said to the next connection. */
  isOwed(message: ClientMessage): boolean;
  /** The newest state to come back to, and the last message that it includes, where the server tells. */
  onHandle(handle: string, lastConsumedIndex: number | undefined): void;
  /** It has heard us: something of an answer, a thought or a call has come. */
  onSign(): void;
};

export class Dialogue {
  readonly #profile: ModelProfile;
  readonly #unanswered: Unanswered;
  readonly #handlers: DialogueHandlers;
  readonly #transcript = new Transcript();
  /** Calls that wait for a result. */
  readonly #calls = new Map<string, FunctionCall>();
  /** Something of an answer has come, and its end has not. */
  #answering = false;
  /** All of it has come. */
  #generated = false;
  /** The end of a turn is not the end of the answer. */
  #inProgress = false;
  /** The last word about it; a server that says none may be left at any time. */
  #resumable = true;
  /** Something of an answer has come since the last turn ended. */
  #hasContent = false;
  /** The server interrupted a turn of which nothing had come. */
  #interruptedEarly = false;
  /** A turn ended without an answer: nobody waits for one any more. */
  #settles = false;
  #contentAtMs = Number.NEGATIVE_INFINITY;
  #turnOverAtMs = Number.NEGATIVE_INFINITY;
  /** All that comes now comes behind the end of its turn. */
  #isLate = false;
  /** The server has more of the conversation than its last lines. */
  #knowsMore: boolean;
  readonly #nowMs: () => number;

  /** `knowsMore`: the session goes on with one of another process. */
  constructor(
    profile: ModelProfile,
    unanswered: Unanswered,
    handlers: DialogueHandlers,
    { nowMs, knowsMore = false }: { nowMs: () => number; knowsMore?: boolean },
  ) {
    this.#profile = profile;
    this.#unanswered = unanswered;
    this.#handlers = handlers;
    this.#nowMs = nowMs;
    this.#knowsMore = knowsMore;
  }

  heard(event: LiveEvent): void {
    this.#transcript.heard(event);
    switch (event.type) {
      case 'resumption':
        this.#resumable = event.resumable;
        if (event.resumable && event.handle !== undefined) {
          this.#handlers.onHandle(event.handle, event.lastConsumedIndex);
        }
        return;
      case 'inputTranscription':
        // Who writes down what is said has no other answer.
        if (this.#profile.job.value === 'transcribe' && !event.interim) this.#answered();
        return;
      case 'audio':
      case 'text':
      case 'outputTranscription':
        this.#answered();
        return;
      case 'thought':
        this.#handlers.onSign();
        return;
      case 'toolCall':
        this.#handlers.onSign();
        for (const call of event.calls) if (call.id !== undefined) this.#calls.set(call.id, call);
        return;
      case 'toolCallCancellation':
        for (const id of event.ids) this.#calls.delete(id);
        return;
      case 'generationComplete':
        this.#generated = true;
        // A model that translates or transcribes may end no turn.
        if (this.#profile.job.value !== 'converse') this.#rest();
        return;
      case 'interrupted':
        if (!this.#hasContent) this.#interruptedEarly = true;
        return;
      case 'turnComplete':
        this.#turnCompleted(event.reason);
        return;
      case 'interactionStatus':
        this.#statusChanged(event.status);
        return;
      default: // nothing that a connection hangs on
    }
  }

  #answered(): void {
    this.#settles = false;
    const nowMs = this.#nowMs();
    const quietMs = nowMs - this.#contentAtMs;
    this.#contentAtMs = nowMs;
    // A part of the last answer that comes behind its end answers nothing that was said since.
    const isLate =
      !this.#hasContent &&
      !this.#inProgress &&
      nowMs - this.#turnOverAtMs <= LATE_MS &&
      !this.#unanswered.expectsAnswer;
    this.#isLate = isLate && (this.#isLate || !this.#answering);
    this.#answering = true;
    if (isLate) return;
    // The server did not end an answer that stalled: this is the next one.
    if (this.#hasContent && quietMs >= STALLED_MS) this.#unanswered.answerOver();
    this.#hasContent = true;
    this.#generated = false;
    this.#unanswered.answered();
    this.#handlers.onSign();
  }

  #turnCompleted(reason: string | undefined): void {
    // A model that refuses does not think on.
    if (isBroken(reason)) this.#inProgress = false;
    const isEmpty =
      this.#profile.job.value === 'converse' &&
      !this.#hasContent &&
      !this.#interruptedEarly &&
      this.#calls.size === 0;
    if (this.#inProgress) this.#unanswered.stillOwed();
    else if (isEmpty) this.#settles = true;
    else this.#unanswered.answerOver();
    if (isBroken(reason) || this.#profile.endOfTurn.value === 'turnComplete') {
      this.#answering = false;
    }
    this.#turnOver();
  }

  #statusChanged(status: InteractionStatus): void {
    const wasInProgress = this.#inProgress;
    this.#inProgress =
      status === 'IN_PROGRESS' && this.#profile.endOfTurn.value === 'interactionIdle';
    if (status === 'IN_PROGRESS') return;
    // Nothing follows the filler, or its answer was complete before the model said that it is idle.
    const isAll = !this.#hasContent && !this.#interruptedEarly && this.#calls.size === 0;
    if (wasInProgress && isAll) this.#settles = true;
    this.#answering = false;
  }

  /** The listeners have handled the message, and may have ended an utterance because of it. */
  settle(): void {
    if (!this.#settles) return;
    this.#settles = false;
    this.#unanswered.settled();
    this.#handlers.onSign();
  }

  #rest(): void {
    this.#answering = false;
    this.#unanswered.answerOver();
    this.#turnOver();
  }

  #turnOver(): void {
    this.#knowsMore ||= this.#hasContent;
    this.#hasContent = false;
    this.#interruptedEarly = false;
    this.#turnOverAtMs = this.#nowMs();
  }

  wrote(message: ClientMessage): void {
    this.#transcript.wrote(message);
  }

  /** A result is about to go out. False: nobody waits for it. */
  takes({ call: { id }, willContinue = false }: FunctionResult): boolean {
    if (id === undefined) return true;
    return willContinue ? this.#calls.has(id) : this.#calls.delete(id);
  }

  /** What has come belongs to the answer before: nothing more needs to come of it. */
  get isLate(): boolean {
    return this.#isLate;
  }

  get isCalling(): boolean {
    return this.#calls.size > 0;
  }

  /** The server owes nothing, and its state can be taken up again. */
  get isResting(): boolean {
    const isSilent = this.#isLate && this.#nowMs() - this.#contentAtMs > LATE_MS;
    return this.#resumable && (!this.#answering || isSilent);
  }

  /** What was said before what is to be said again; nothing where the model needs no memory for its job. */
  get history(): Content[] {
    if (this.#profile.job.value !== 'converse') return [];
    return this.#transcript.history(
      (message) => this.#handlers.isOwed(message),
      this.#unanswered.owesSpeech,
    );
  }

  /** gemlive does not send it again. Returns the end of its turn for the listeners, unless something else waits. */
  drop(dropped: Dropped): LiveEvent[] {
    this.#transcript.drop(dropped);
    return this.#unanswered.isEmpty ? endOfTurn(DROPPED) : [];
  }

  /** The new session knows only what its setup or seed says. True: the session before it knew more. */
  forget(): boolean {
    const knewMore = this.#knowsMore;
    this.#knowsMore = false;
    return knewMore && this.#profile.job.value === 'converse';
  }

  /** Nothing comes any more of what was on its way: what its listeners are to hear in place of it. */
  breakOff(reason: typeof CONNECTION_LOST | typeof CUT_OFF): LiveEvent[] {
    if (reason === CONNECTION_LOST) this.#transcript.replayed();
    const ids = [...this.#calls.keys()];
    this.#calls.clear();
    const events: LiveEvent[] = ids.length > 0 ? [{ type: 'toolCallCancellation', ids }] : [];
    // A part that came late does not end the turn of what the user has said since.
    if (this.#answering && !(this.#isLate && !this.#unanswered.isEmpty)) {
      events.push(...endOfTurn(this.#generated ? undefined : reason));
    }
    this.#inProgress = false;
    this.#rest();
    // Another connection brings no late part of it.
    if (reason === CONNECTION_LOST) this.#turnOverAtMs = Number.NEGATIVE_INFINITY;
    return events;
  }
}

/** Ends a turn in the server's place. Without a `reason`, all of the answer has come. */
const endOfTurn = (reason: string | undefined): LiveEvent[] => [
  ...(reason === undefined ? [] : [{ type: 'generationComplete' } as const]),
  { type: 'interactionStatus', status: 'IDLE' },
  { type: 'turnComplete', ...(reason !== undefined && { reason }) },
];
