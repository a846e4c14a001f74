/**
 * Where the conversation stands by the server's words: whether an answer is on its way, which calls wait for their
 * result, whether the connection may be left, and what was said.
 */
import type { FunctionCall, LiveEvent } from '../events.ts';
import type { ClientMessage, Content } from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import { isBroken } from '../protocol/turnReasons.ts';
import { Transcript } from './transcript.ts';
import type { Unanswered } from './unanswered.ts';
import type { FunctionResult } from './words.ts';

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
  /** The user has written something since the last answer. */
  #asked = false;
  /** The answer in progress was begun though nobody had asked: it may be a late part of the one before. */
  #unasked = false;
  #hadTurn = false;
  /** The next end of a turn is that of an answer that was interrupted before anything of it came. */
  #wasInterrupted = false;
  /** A turn has ended without an answer: what it was to answer is settled. */
  #settles = false;
  /** The end of a turn is not the end of the answer. */
  #inProgress = false;
  /** The last word about it; a server that says none may be left at any time. */
  #resumable = true;

  constructor(profile: ModelProfile, unanswered: Unanswered, handlers: DialogueHandlers) {
    this.#profile = profile;
    this.#unanswered = unanswered;
    this.#handlers = handlers;
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
      case 'turnComplete':
        this.#turnOver(event.reason);
        return;
      case 'interrupted':
        this.#wasInterrupted = !this.#answering;
        return;
      case 'interactionStatus':
        // The filler was all of the answer.
        if (this.#inProgress && event.status !== 'IN_PROGRESS') this.#settles = true;
        this.#inProgress =
          event.status === 'IN_PROGRESS' && this.#profile.endOfTurn.value === 'interactionIdle';
        if (event.status !== 'IN_PROGRESS') this.#answering = false;
        return;
      default: // nothing that a connection hangs on
    }
  }

  #turnOver(reason: string | undefined): void {
    // A filler: it thinks on.
    if (this.#inProgress && !isBroken(reason)) this.#unanswered.stillOwed();
    else {
      this.#settles ||= isBroken(reason) || (!this.#answering && !this.#wasInterrupted);
      this.#unanswered.answerOver();
    }
    this.#hadTurn = true;
    this.#unasked = false;
    this.#wasInterrupted = false;
    if (this.#profile.endOfTurn.value === 'turnComplete' || isBroken(reason)) {
      this.#answering = false;
      this.#inProgress = false;
    }
  }

  /** Everybody has heard of it, and may have noticed the end of an utterance by that. */
  settle(): void {
    if (!this.#settles) return;
    this.#settles = false;
    this.#unanswered.answered();
    this.#unanswered.answerOver();
    this.#handlers.onSign();
  }

  #answered(): void {
    this.#settles = false;
    if (!this.#answering || this.#unasked) {
      this.#unasked = this.#hadTurn && !this.#asked && !this.#unanswered.awaitsAnswer;
    }
    this.#asked = false;
    this.#answering = true;
    // It answers nothing, and what the user asks next is not answered by it.
    if (this.#unasked) return;
    this.#generated = false;
    this.#unanswered.answered();
    this.#handlers.onSign();
  }

  #rest(): void {
    this.#answering = false;
    this.#unasked = false;
    this.#unanswered.answerOver();
  }

  wrote(message: ClientMessage): void {
    this.#asked = true;
    this.#transcript.wrote(message);
  }

  /** A result is about to go out. False: nobody waits for it. */
  takes({ call: { id }, willContinue = false }: FunctionResult): boolean {
    if (id === undefined) return true;
    return willContinue ? this.#calls.has(id) : this.#calls.delete(id);
  }

  get isCalling(): boolean {
    return this.#calls.size > 0;
  }

  /** The server owes nothing, and its state can be taken up again. */
  get isResting(): boolean {
    return this.#resumable && !this.#answering;
  }

  /** What was said before what is to be said again; nothing where the model needs no memory for its job. */
  get history(): Content[] {
    if (this.#profile.job.value !== 'converse') return [];
    return this.#transcript.history(
      (message) => this.#handlers.isOwed(message),
      this.#unanswered.owesSpeech,
    );
  }

  /** Nothing comes any more of what was on its way: what its listeners are to hear in place of it. */
  breakOff(reason: 'CONNECTION_LOST' | 'CUT_OFF'): LiveEvent[] {
    if (reason === 'CONNECTION_LOST') this.#transcript.replayed();
    const ids = [...this.#calls.keys()];
    this.#calls.clear();
    const events: LiveEvent[] = ids.length > 0 ? [{ type: 'toolCallCancellation', ids }] : [];
    if (this.#answering) events.push(...endOfTurn(this.#generated, reason));
    this.#rest();
    this.#inProgress = false;
    return events;
  }
}

/** Of a turn of which nothing comes any more. `whole`: all of the answer has come. */
const endOfTurn = (whole: boolean, reason: string): LiveEvent[] => [
  ...(whole ? [] : [{ type: 'generationComplete' } as const]),
  { type: 'interactionStatus', status: 'IDLE' },
  { type: 'turnComplete', ...(!whole && { reason }) },
];
