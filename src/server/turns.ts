/**
 * The server's side of taking turns: one turn at a time, cut when somebody speaks (where that is allowed),
 * in the message order of the service.
 */
import { bytesOfMs, INPUT_FORMAT } from '../audio/format.ts';
import { concatBytes } from '../audio/pcm.ts';
import type {
  FunctionResponse,
  ServerContent,
  ServerMessage,
  Setup,
} from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import type { Utterance } from './activity.ts';
import { AnswerStream } from './answer.ts';
import type { BrainPiece } from './brain/brain.ts';
import { Calls, type CallResult, type PendingCall } from './calls.ts';
import type { Context } from './context.ts';
import type { Engines } from './engines/find.ts';
import { asReply } from './engines/voices.ts';
import { imageTokens, inputTokens, receipt, textTokens, type Tokens } from './usage.ts';

/** `content`: what is in the context already is to be answered. */
export type TurnInput =
  | ({ kind: 'speech' } & Utterance)
  | { kind: 'text'; text: string }
  | { kind: 'content' };

export type TurnsOptions = {
  setup: Setup;
  profile: ModelProfile;
  vertex: boolean;
  engines: Engines;
  context: Context;
  now: () => Date;
  send: (message: ServerMessage) => void;
  /** Something broke that the client cannot help, or it did something that has no effect. */
  onFault: (message: string) => void;
  /** Nothing is being generated any more, or something begins to be. */
  onIdle: (idle: boolean) => void;
};

type Speech = { kind: 'speech' } & Utterance;

type Turn = {
  /** Results: of calls that did not hold up the conversation. */
  input: TurnInput | { kind: 'results'; results: CallResult[] };
  abort: AbortController;
  /** What was said: looked for while the turn still waits. Undefined: nobody knows. */
  words: Promise<string | undefined>;
  stream: AnswerStream | undefined;
  /** What it was billed for, once it has begun. */
  prompt: Tokens | undefined;
  /** Takes what was said out of the context again. */
  unsay: (() => void) | undefined;
  /** The client has seen something of this turn. */
  shown: boolean;
  /** The client has been told that it is over. */
  told: boolean;
  /** Calls that hold it up, and how it goes on. */
  held: { results: CallResult[]; goOn: () => void } | undefined;
};

/** Utterances under NO_INTERRUPTION, sound and all. */
const MAX_WAITING = 20;
/** A breath between two halves of a sentence that are heard as one. */
const JOIN_MS = 200;
/** Somebody who never waits for an answer is not remembered for ever. */
const MAX_JOINED_BYTES = bytesOfMs(INPUT_FORMAT, 60_000);
/** What a model that thinks long says before it calls. */
const FILLER = 'One moment. ';

export class Turns {
  readonly #options: TurnsOptions;
  readonly #calls: Calls;
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
  }

  /** Nothing is said, thought or waited for: the context is a state to come back to. */
  get idle(): boolean {
    return !this.#running && this.#waiting.length === 0 && this.#calls.size === 0;
  }

  /** Waits for the result of a call before it says a word. */
  get held(): boolean {
    return this.#calls.blocking;
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
    const joined = !this.#running && input.kind === 'speech' ? this.#join(input) : input;
    this.#waiting.push(this.#turnOf(joined));
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
    const abort = new AbortController();
    const turn: Turn = {
      input,
      abort,
      words: Promise.resolve(undefined),
      stream: undefined,
      prompt: undefined,
      unsay: undefined,
      shown: false,
      told: false,
      held: undefined,
    };
    if (input.kind === 'speech') {
      turn.words = this.#listening.then(() => this.#listen(input.pcm, abort.signal));
      this.#listening = turn.words.catch(() => {}); // an abort; the turn itself looks, if it comes to that
    }
    return turn;
  }

  /**
   * Somebody begins to speak or writes: the turn in progress is cut. Of a turn that the client has seen
   * nothing of, the question is kept and heard together with what comes now.
   */
  interrupt(): void {
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
    const { context, vertex, send, onIdle } = this.#options;
    const { stream, prompt = context.tokens } = turn;
    if (!turn.told) {
      turn.told = true;
      const response = stream?.tokens ?? { text: 0, audio: 0 };
      const thoughts = stream?.thoughtTokens ?? 0;
      const usageMetadata = receipt(prompt, response, { vertex, thoughts });
      send({ serverContent: content, usageMetadata });
    }
    this.compress();
    if (this.idle) onIdle(true);
  }

  #over(): ServerContent {
    if (this.#options.profile.endOfTurn.value !== 'interactionIdle') return { turnComplete: true };
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

  #join(input: Speech): Speech {
    const before = this.#unanswered;
    this.#unanswered = undefined;
    if (!before || before.pcm.byteLength + input.pcm.byteLength > MAX_JOINED_BYTES) return input;
    const breath = new Uint8Array(bytesOfMs(INPUT_FORMAT, JOIN_MS));
    return {
      kind: 'speech',
      pcm: concatBytes([before.pcm, breath, input.pcm]),
      speechMs: before.speechMs + input.speechMs,
    };
  }

  async #answer(turn: Turn): Promise<void> {
    const { signal } = turn.abort;
    const understood = await this.#enter(turn);
    signal.throwIfAborted();
    const stream = await this.#newStream(turn);
    if (understood) await this.#converse(turn, stream);
    else await this.#sayWhatWasHeard(turn, stream);
    signal.throwIfAborted();
    if (!turn.told) this.#options.send({ serverContent: { generationComplete: true } });
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
    const transcript = words || `[speech, ${secondsOf(input)}]`;
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
      send: (content) => {
        turn.shown = true;
        send({ serverContent: content });
      },
    });
    return turn.stream;
  }

  /** Nothing was understood, and nothing is made up: the answer is a sound check, or says so. */
  async #sayWhatWasHeard({ input, words }: Turn, stream: AnswerStream): Promise<void> {
    if (input.kind !== 'speech') return;
    if ((await words) === undefined) {
      const pcm = await asReply(input.pcm, INPUT_FORMAT.sampleRateHz);
      await stream.play(`[your own words, ${secondsOf(input)}]`, pcm);
    } else {
      await stream.say(only('I heard you, but I did not understand a word. Please say it again.'));
    }
  }

  /** Thinks and speaks, again after each call that the answer had to wait for. */
  async #converse(turn: Turn, stream: AnswerStream): Promise<void> {
    const { context, engines } = this.#options;
    const { signal } = turn.abort;
    const brain = await engines.brain;
    signal.throwIfAborted();
    for (;;) {
      turn.prompt = context.tokens;
      const wanted: Wanted[] = [];
      const { system, turns, tools } = context;
      const request = { system, turns: [...turns], tools, now: this.#options.now() };
      const { temperature } = this.#options.setup.generationConfig ?? {};
      const pieces = brain.think({ ...request, temperature }, signal);
      await stream.say(this.#wordsOf(pieces, wanted, stream, signal));
      signal.throwIfAborted();
      if (!(await this.#call(turn, stream, wanted))) break;
    }
    this.#keepSent(turn);
  }

  /** What is to be said of what is thought. A brain that fails leaves a sentence. */
  async *#wordsOf(
    pieces: AsyncIterable<BrainPiece>,
    wanted: Wanted[],
    stream: AnswerStream,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    try {
      for await (const piece of pieces) {
        if ('text' in piece) yield piece.text;
        else if ('thought' in piece) stream.think(piece.thought);
        else wanted.push(piece.call);
      }
    } catch (error) {
      if (signal.aborted) throw error;
      this.#options.onFault(`the brain failed: ${messageOf(error)}`);
      yield ' I cannot answer: what thinks for me has failed.';
    }
  }

  /** True where the answer goes on with the results. */
  async #call(turn: Turn, stream: AnswerStream, wanted: readonly Wanted[]): Promise<boolean> {
    const { profile, send, context, onFault } = this.#options;
    const known = wanted.filter(({ name }) => context.tools.some((tool) => tool.name === name));
    for (const { name } of wanted.filter((call) => !known.includes(call))) {
      onFault(`the brain called ${name}, which is not declared`);
    }
    if (known.length === 0) return false;
    const thinksLong = profile.endOfTurn.value === 'interactionIdle';
    if (thinksLong) await this.#fill(turn, stream);
    const calls = known.map(({ name, args }) =>
      this.#calls.open(name, args, this.#behaviorOf(name)),
    );
    this.#keepSent(turn, calls);
    turn.shown = true;
    send({
      toolCall: { functionCalls: calls.map(({ id, name, args }) => ({ id, name, args })) },
      ...(thinksLong && { interactionStatus: 'IN_PROGRESS' }),
    });
    if (!this.#calls.blocking) return false;
    const results: CallResult[] = [];
    await new Promise<void>((goOn, reject) => {
      turn.held = { results, goOn };
      turn.abort.signal.addEventListener('abort', () => reject(turn.abort.signal.reason as Error));
    });
    turn.held = undefined;
    for (const { call, response } of results) context.addResult(call.id, call.name, response);
    return true;
  }

  /** Something is said, and the turn is over for now: what is called for takes its time. */
  async #fill(turn: Turn, stream: AnswerStream): Promise<void> {
    if (stream.tokens.audio === 0) await stream.say(only(FILLER));
    await stream.played();
    turn.abort.signal.throwIfAborted();
    this.#tellOver(turn, { turnComplete: true, interactionStatus: 'IN_PROGRESS' });
  }

  #behaviorOf(name: string): PendingCall['behavior'] {
    const declared = this.#options.context.tools.find((tool) => tool.name === name)?.behavior;
    return declared ?? this.#options.profile.defaultBehavior.value;
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
    const isUnasked = profile.unaskedTranscription.value === 'input';
    if (!setup.inputAudioTranscription && !isUnasked) return;
    turn.shown = true;
    send({ serverContent: { inputTranscription: { text } } });
  }

  close(): void {
    this.#abortAll(new Error('the session is over'));
  }
}

type Wanted = { name: string; args: Record<string, unknown> };

async function* only(text: string): AsyncGenerator<string> {
  yield text;
}

const secondsOf = ({ speechMs }: Utterance): string => `${(speechMs / 1000).toFixed(1)} s`;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

export function modalityOf(setup: Setup, profile: ModelProfile): 'AUDIO' | 'TEXT' {
  const [asked] = setup.generationConfig?.responseModalities ?? [];
  return asked === 'TEXT' || (asked === undefined && profile.modalities.value[0] === 'TEXT')
    ? 'TEXT'
    : 'AUDIO';
}
