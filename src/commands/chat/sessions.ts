/**
 * Who answers in the REPL: a Live session, a new one where its settings change or it is gone, and with `--fallback`
 * another model where Live does not answer.
 */
import { Conversation } from '../../conversation.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import type { ConversationEvent } from '../../events.ts';
import type { Content } from '../../protocol/messages.ts';
import { usageLine } from '../../ui/usageLine.ts';
import type { CommandContext } from '../context.ts';
import type { LastSession } from '../lastSession.ts';
import { newSession, type LivePlace } from '../live.ts';
import type { PastSession } from '../pastSession.ts';
import { answerInstead, mayFallBack } from './fallback.ts';
import { Transcript } from './transcript.ts';

/** A line that is away that long keeps no question waiting that another model can answer. */
const LOST_ATTEMPTS = 4;

export type Beginning = {
  /** Goes before the first question. */
  history: Content[];
  /** What `--continue` goes on with. */
  past: PastSession | undefined;
  last: LastSession | undefined;
};

export type SessionsHandlers = {
  onEvent(event: ConversationEvent): void;
  /** Nobody waits for an answer: the next question opens a session. */
  onAway(error: GemliveError): void;
  /** There will be no answer any more. */
  onEnd(error: Error): void;
  /** Of the last question: whether its answer is waited for, or being shown. */
  progress(): 'none' | 'waiting' | 'answering';
};

export class Sessions {
  context: CommandContext;
  readonly transcript: Transcript;
  readonly #place: LivePlace;
  readonly #beginning: Beginning;
  readonly #handlers: SessionsHandlers;
  /** Of everything here. */
  #signal = new AbortController().signal;
  #conversation: Conversation | undefined;
  #instead: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Goes before the next question. */
  #pending: Content[];
  /** All that was given beside questions and answers. */
  #given: Content[];
  /** The conversation up to the last question. */
  #asked: Content[] = [];
  /** Of the last question. */
  #turn = 1;

  constructor(
    context: CommandContext,
    place: LivePlace,
    beginning: Beginning,
    handlers: SessionsHandlers,
  ) {
    this.context = context;
    this.#place = place;
    this.#beginning = beginning;
    this.#handlers = handlers;
    const { past, history } = beginning;
    this.transcript = new Transcript(past?.lines);
    this.#given = history;
    const isKnown = past === undefined || past.handle !== undefined;
    this.#pending = isKnown ? history : [...past.lines, ...history];
  }

  start(signal: AbortSignal): void {
    const { past } = this.#beginning;
    this.#signal = signal;
    this.#start(past?.handle === undefined ? undefined : past);
  }

  #start(past?: PastSession): void {
    const extras = { asText: true, seedsHistory: this.#pending.length > 0 };
    const { last } = this.#beginning;
    const conversation = new Conversation({
      session: newSession(this.context, this.#place, extras, { watches: true, past, last }),
      profile: this.context.resolved.profile,
      awaitsReceipt: this.context.settings.usage || this.context.settings.json,
      observers: [{ event: (event) => this.#onEvent(event) }],
    });
    this.#conversation = conversation;
    this.#running = conversation.run(this.#signal).then(
      () => {},
      (error: GemliveError) => {
        if (this.#conversation === conversation) this.#onFailed(error);
      },
    );
  }

  /** A session that knows nothing yet. */
  #startAnew(): void {
    this.#pending = [...this.#given, ...this.transcript.turns()];
    this.#start();
  }

  /** Settings of a session cannot change: a new one takes over, with what was said so far. */
  async restart(settings: Partial<CommandContext['settings']>): Promise<void> {
    const previous = this.#running;
    this.#conversation?.stop();
    this.#conversation = undefined;
    await previous;
    this.context = { ...this.context, settings: { ...this.context.settings, ...settings } };
    this.#startAnew();
  }

  ask(text: string): void {
    const question: Content = { role: 'user', parts: [{ text }] };
    this.#asked = [...this.#given, ...this.transcript.turns(), question];
    if (!this.#conversation) this.#startAnew();
    this.#conversation?.sendText(text, { history: this.#pending });
    this.#pending = [];
  }

  addContext(turn: Content): void {
    this.#given = [...this.#given, turn];
    this.#pending = [...this.#pending, turn];
  }

  stopReply(): void {
    this.#conversation?.stopReply();
    this.#instead?.abort();
  }

  get usage(): string | undefined {
    const total = this.#conversation?.usage;
    if (!total) return undefined;
    const { usage, costUsd } = total;
    return usageLine({ ...usage, ...(costUsd !== undefined && { costUsd }) });
  }

  async close(): Promise<void> {
    this.#conversation?.stop();
    this.#instead?.abort();
    await this.#running;
    const { past, last } = this.#beginning;
    if (past?.isWhole !== false) last?.keepLines(this.transcript.turns());
  }

  // ---- what happens --------------------------------------------------------------------------------

  #onEvent(event: ConversationEvent): void {
    this.transcript.event(event);
    if (event.type === 'user') this.#turn = event.turn;
    this.#handlers.onEvent(event);
    if (event.type === 'session' && event.attempt === LOST_ATTEMPTS) this.#onLost(event.reason);
  }

  /** A question that waits for the line to come back waits no longer. */
  #onLost(reason = 'the connection is lost'): void {
    const error = new GemliveError(reason, { code: 'connection_lost', exitCode: EXIT.network });
    if (this.#handlers.progress() !== 'waiting' || !mayFallBack(this.context, error)) return;
    this.#conversation?.stop();
    this.#onFailed(error);
  }

  #onFailed(error: GemliveError): void {
    this.#conversation = undefined;
    const progress = this.#handlers.progress();
    if (!mayFallBack(this.context, error) || progress === 'answering') this.#handlers.onEnd(error);
    else if (progress === 'waiting') this.#fallBack(error);
    else this.#handlers.onAway(error);
  }

  /** Nothing of an answer has come, and Live will not give one. */
  #fallBack(failure: GemliveError): void {
    const over = new AbortController();
    this.#instead = over;
    const question = { failure, contents: this.#asked, turn: this.#turn };
    const emit = (event: ConversationEvent): void => this.#onEvent(event);
    const answered = answerInstead(this.context, this.#place, question, emit, over.signal).catch(
      (error: Error) => {
        if (!over.signal.aborted) this.#handlers.onEnd(error);
      },
    );
    this.#running = Promise.all([this.#running, answered]).then(() => {});
  }
}
