/**
 * The server's side of taking turns: one turn at a time, cut when somebody speaks (where that is allowed),
 * in the message order of the service.
 */
import type { FunctionResponse, ServerContent } from '../protocol/messages.ts';
import type { Utterance } from './activity.ts';
import { AnswerStream } from './answer.ts';
import { guessOf, sayWhatWasHeard, transcriptOf } from './heard.ts';
import { Calls, type CallResult, type PendingCall } from './calls.ts';
import { Seconds } from './seconds.ts';
import { Thinking } from './thinking.ts';
import {
  join,
  messageOf,
  modalityOf,
  newTurn,
  type Turn,
  type TurnInput,
  type TurnsOptions,
} from './turn.ts';
import { imageTokens, inputTokens, receipt, textTokens } from './usage.ts';

/** Utterances under NO_INTERRUPTION, sound and all. */
const MAX_WAITING = 20;
export class Turns {
  readonly #options: TurnsOptions;
  readonly #calls: Calls;
  readonly #thinking: Thinking;
  /** Undefined where each turn has its one receipt. */
  readonly #seconds: Seconds | undefined;
  readonly #waiting: Turn[] = [];
  /** Results that are to be spoken of when nobody speaks. */
  #results: CallResult[] = [];
  /** Results that are to be known and not spoken of. */
  #silent: CallResult[] = [];
  #running: Turn | undefined;
  #userSpeaks = false;
  /** Since the last turn. */
  #heardBytes = 0;
  #seenTokens = 0;
  #unanswered: Utterance | undefined;
  /** One recogniser at a time, in the order of speech. */
  #listening: Promise<unknown> = Promise.resolve();

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#calls = new Calls(options.vertex);
    if (options.profile.usage.value === 'second') this.#seconds = new Seconds(options.vertex);
    this.#thinking = new Thinking(options, this.#calls, {
      keepSent: (turn, calls) => this.#keepSent(turn, calls),
      tellOver: (turn, content) => this.#tellOver(turn, content),
    });
  }

  /** Nothing is said, thought or waited for: the context is a state to come back to. */
  get idle(): boolean {
    return !this.#running && this.#waiting.length === 0 && this.#calls.size === 0;
  }

  /** Waits for the result of a call before it says a word. */
  get held(): boolean {
    return this.#calls.blocking;
  }

  /** An utterance was cut before a word of its answer: it will be heard together with the next one. */
  get joins(): boolean {
    return this.#unanswered !== undefined;
  }

  userOnStart(interrupts: boolean): void {
    this.#userSpeaks = true;
    if (interrupts) this.interrupt();
  }

  userOnEnd(utterance: Utterance): void {
    this.#userSpeaks = false;
    this.take({ kind: 'speech', ...utterance });
  }

  /** Audio came, speech or not; 16 kHz. */
  hear(bytes: number): void {
    this.#heardBytes += bytes;
    for (const usageMetadata of this.#seconds?.hear(bytes, this.#running) ?? []) {
      this.#options.send({ serverContent: {}, usageMetadata });
    }
  }

  /** A frame of video came. */
  see(): void {
    const { setup, profile } = this.#options;
    const asked = setup.realtimeInputConfig?.turnCoverage ?? 'TURN_COVERAGE_UNSPECIFIED';
    const isDefault = asked === 'TURN_COVERAGE_UNSPECIFIED';
    const onlySpeech = isDefault
      ? profile.turnCoverageDefault.value === 'activity'
      : asked === 'TURN_INCLUDES_ONLY_ACTIVITY';
    if (onlySpeech && !this.#userSpeaks) return;
    this.#seenTokens += imageTokens(setup.generationConfig?.mediaResolution);
  }

  /** An utterance or a text is whole: it is answered now, or after the turn that must not be cut. */
  take(input: TurnInput): void {
    this.#waiting.push(this.#turnOf(this.#running ? input : this.#joined(input)));
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift()?.abort.abort(new Error('too many wait'));
      this.#options.onFault(
        `more than ${MAX_WAITING} inputs wait for an answer: the oldest is dropped`,
      );
    }
    this.#goOn();
  }

  /** @throws Refusal where no such call was made. */
  toolResponse(responses: readonly FunctionResponse[]): void {
    for (const response of responses) {
      if (response.scheduling !== undefined && !this.#options.profile.scheduling.value) {
        this.#options.onFault(`${this.#options.profile.id} takes no scheduling: it is ignored`);
      }
      const result = this.#calls.take(response);
      if (result) this.#take(result);
    }
  }

  #take(result: CallResult): void {
    const { held } = this.#running ?? {};
    if (result.call.behavior === 'BLOCKING') {
      if (!held) return;
      held.results.push(result);
      if (!this.#calls.blocking) held.goOn();
      return;
    }
    const scheduling = this.#options.profile.scheduling.value ? result.scheduling : 'WHEN_IDLE';
    if (scheduling === 'SILENT') this.#silent.push(result);
    else this.#results.push(result);
    // While the user speaks even an urgent result waits.
    if (scheduling === 'INTERRUPT' && !this.#userSpeaks) this.#cut();
    this.#goOn();
    if (this.idle) this.#options.onIdle(true);
  }

  #turnOf(input: Turn['input']): Turn {
    const turn = newTurn(input);
    if (input.kind === 'speech') {
      turn.words = this.#listening.then(() => this.#listen(input.pcm, turn.abort.signal));
      this.#listening = turn.words.catch(() => {}); // an abort; the turn itself looks, if it comes to that
    }
    return turn;
  }

  /**
   * Somebody begins to speak or writes: the turn in progress is cut. Of a turn that the client has seen
   * nothing of, the question is kept and heard together with what comes now. A model that translates or writes down goes on.
   */
  interrupt(): void {
    if (this.#options.profile.job.value !== 'converse') return;
    const ids = this.#calls.cancelBlocking();
    if (ids.length > 0) this.#options.send({ toolCallCancellation: { ids } });
    this.#cut();
  }

  #cut(): void {
    const running = this.#running;
    if (!running) return;
    this.#abortAll(new Error('interrupted'));
    this.#keepSent(running);
    if (!running.shown) {
      this.#unanswered = running.input.kind === 'speech' ? running.input : undefined;
      if (running.input.kind === 'speech') running.unsay?.();
      this.#options.onIdle(this.idle);
      return;
    }
    this.#options.send({ serverContent: { interrupted: true } });
    this.#tellOver(running);
  }

  #abortAll(reason: Error): void {
    this.#running?.abort.abort(reason);
    this.#running = undefined;
    for (const turn of this.#waiting.splice(0)) {
      turn.abort.abort(reason);
      // What was written is part of the conversation, answered or not.
      if (turn.input.kind === 'text') this.#options.context.addUser(turn.input.text);
    }
  }

  /** Only what was sent stays in the context. */
  #keepSent({ stream }: Turn, calls: readonly PendingCall[] = []): void {
    const { text, tokens } = stream?.take() ?? { text: '', tokens: { text: 0, audio: 0 } };
    if (text === '' && tokens.audio === 0 && calls.length === 0) return;
    const { context } = this.#options;
    context.addModel(text, { TEXT: tokens.text, AUDIO: tokens.audio }, calls);
  }

  #tellOver(turn: Turn, content: ServerContent = this.#over()): void {
    const { context, vertex, send, onIdle, profile } = this.#options;
    const { stream, prompt = context.tokens } = turn;
    if (!turn.told) {
      turn.told = true;
      const response = stream?.tokens ?? { text: 0, audio: 0 };
      const thoughts = stream?.thoughtTokens ?? 0;
      const usageMetadata =
        this.#seconds?.rest(turn) ?? receipt(prompt, response, { vertex, thoughts });
      const isEmpty = profile.turnSignal.value === 'none' && usageMetadata.totalTokenCount === 0;
      if (!isEmpty) send({ serverContent: content, usageMetadata });
    }
    this.compress();
    if (this.idle) onIdle(true);
  }

  #over(): ServerContent {
    const { endOfTurn, turnSignal } = this.#options.profile;
    if (turnSignal.value === 'none') return {};
    if (turnSignal.value === 'generationComplete') return { generationComplete: true };
    if (endOfTurn.value !== 'interactionIdle') return { turnComplete: true };
    const interactionStatus = this.#calls.size > 0 ? 'IN_PROGRESS' : 'IDLE';
    return { turnComplete: true, interactionStatus };
  }

  /** Within the window that the setup asks for. */
  compress(): void {
    const { setup, profile, context } = this.#options;
    const { slidingWindow, triggerTokens } = setup.contextWindowCompression ?? {};
    if (!slidingWindow) return;
    const trigger = Number(triggerTokens ?? profile.contextTokens.value * 0.8);
    context.compress(trigger, Number(slidingWindow.targetTokens ?? trigger / 2));
  }

  #goOn(): void {
    if (this.#running) return;
    const next = this.#waiting.shift();
    if (next) return this.#begin(next);
    if (this.#results.length === 0 || this.#userSpeaks) return;
    this.#begin(this.#turnOf({ kind: 'results', results: this.#results.splice(0) }));
  }

  #begin(turn: Turn): void {
    if (turn.input.kind !== 'speech') this.#unanswered = undefined; // the conversation has moved on
    this.#running = turn;
    this.#options.onIdle(false);
    this.#answer(turn).catch((error: unknown) => {
      if (turn.abort.signal.aborted) return;
      this.#options.onFault(messageOf(error));
      this.#finish(turn); // nobody is left waiting
    });
  }

  #joined(input: TurnInput): TurnInput {
    const before = this.#unanswered;
    if (input.kind === 'speech') this.#unanswered = undefined;
    return before && input.kind === 'speech' ? join(before, input) : input;
  }

  async #answer(turn: Turn): Promise<void> {
    const { signal } = turn.abort;
    const understood = await this.#enter(turn);
    signal.throwIfAborted();
    const stream = await this.#newStream(turn);
    const { job, turnSignal } = this.#options.profile;
    // What was said is the whole answer, and has been told.
    if (job.value === 'transcribe') stream.count(turn.transcript);
    else if (!understood) await sayWhatWasHeard(turn, stream, job.value);
    else if (job.value === 'translate') await this.#thinking.translate(turn, stream);
    else await this.#thinking.answer(turn, stream);
    signal.throwIfAborted();
    if (!turn.told && turnSignal.value === 'turnComplete') {
      this.#options.send({ serverContent: { generationComplete: true } });
    }
    await stream.played();
    this.#finish(turn);
  }

  /** Brings the input into the context. False: there are no words to think about. */
  async #enter(turn: Turn): Promise<boolean> {
    const { context } = this.#options;
    const { input } = turn;
    for (const { call, response } of this.#silent.splice(0)) {
      context.addResult(call.id, call.name, response);
    }
    if (input.kind === 'results') {
      for (const { call, response } of input.results) {
        context.addResult(call.id, call.name, response);
      }
      return true;
    }
    if (input.kind === 'content') return true;
    const VIDEO = this.#seenTokens;
    this.#seenTokens = 0;
    if (input.kind === 'text') {
      turn.unsay = context.addUser(input.text, { TEXT: textTokens(input.text), VIDEO });
      return true;
    }
    const words = await turn.words;
    turn.abort.signal.throwIfAborted();
    // Counted when it is sure that it will not be heard again, joined to what comes next.
    const { turnCoverage } = this.#options.setup.realtimeInputConfig ?? {};
    const all = turnCoverage === 'TURN_INCLUDES_ALL_INPUT';
    const AUDIO = inputTokens(all ? this.#heardBytes : input.pcm.byteLength);
    this.#heardBytes = 0;
    const transcript = transcriptOf(input, words);
    turn.unsay = context.addUser(transcript, { AUDIO, VIDEO });
    turn.prompt = context.tokens;
    this.#transcribe(transcript, turn);
    return words !== undefined && words !== '';
  }

  async #newStream(turn: Turn): Promise<AnswerStream> {
    const { setup, profile, vertex, engines, send } = this.#options;
    const { signal } = turn.abort;
    const voice = await engines.voice;
    signal.throwIfAborted();
    const { speechConfig, maxOutputTokens, thinkingConfig } = setup.generationConfig ?? {};
    turn.stream = new AnswerStream({
      voice,
      voiceName: speechConfig?.voiceConfig?.prebuiltVoiceConfig?.voiceName,
      modality: modalityOf(setup, profile),
      transcribes:
        setup.outputAudioTranscription !== undefined ||
        profile.unaskedTranscription.value === 'output',
      maxTokens: maxOutputTokens,
      onePartPerEvent: profile.partsPerEvent.value === 'one',
      role: vertex ? 'model' : undefined,
      thoughts: thinkingConfig?.includeThoughts === true,
      signal,
      onFault: this.#options.onFault,
      send: (content) => {
        turn.shown = true;
        send({ serverContent: content });
      },
    });
    return turn.stream;
  }

  #finish(turn: Turn): void {
    if (this.#running !== turn) return;
    this.#running = undefined;
    this.#keepSent(turn);
    this.#tellOver(turn);
    this.#goOn();
  }

  /** Undefined without ears, or with ears that broke: then nothing is known of what was said. */
  async #listen(pcm: Uint8Array, signal: AbortSignal): Promise<string | undefined> {
    const ears = await this.#options.engines.ears;
    const words = await ears?.transcribe(pcm, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#options.onFault(`the recogniser failed: ${messageOf(error)}`);
      return undefined;
    });
    signal.throwIfAborted();
    return words;
  }

  #transcribe(text: string, turn: Turn): void {
    const { setup, profile, send } = this.#options;
    turn.transcript = text;
    const writesDown = profile.job.value === 'transcribe';
    const isUnasked = writesDown || profile.unaskedTranscription.value === 'input';
    if (!setup.inputAudioTranscription && !isUnasked) return;
    turn.shown = true;
    if (writesDown) send({ serverContent: { interimInputTranscription: { text: guessOf(text) } } });
    send({ serverContent: { inputTranscription: { text } } });
  }

  close(): void {
    this.#abortAll(new Error('the session is over'));
  }
}
