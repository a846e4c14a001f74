/**
 * The server's side of taking turns: one turn at a time, cut when somebody speaks (where that is allowed),
 * in the message order of the service.
 */
import { bytesOfMs, INPUT_FORMAT } from '../audio/format.ts';
import { concatBytes } from '../audio/pcm.ts';
import type { ServerContent, ServerMessage, Setup } from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import type { Utterance } from './activity.ts';
import { AnswerStream, type Answer } from './answer.ts';
import { answer as builtInAnswer } from './brain/builtIn.ts';
import type { Engines } from './engines/find.ts';
import { asReply } from './engines/voices.ts';
import { inputTokens, Meter } from './usage.ts';

export type TurnInput = ({ kind: 'speech' } & Utterance) | { kind: 'text'; text: string };

export type TurnsOptions = {
  setup: Setup;
  profile: ModelProfile;
  vertex: boolean;
  engines: Engines;
  meter: Meter;
  now: () => Date;
  send: (message: ServerMessage) => void;
  /** Something broke that the client cannot help. */
  onFault: (message: string) => void;
};

type Speech = { kind: 'speech' } & Utterance;

type Turn = {
  input: TurnInput;
  abort: AbortController;
  /** What was said: looked for while the turn still waits. Undefined: nobody knows. */
  words: Promise<string | undefined>;
  stream: AnswerStream | undefined;
  /** The client has seen something of this turn. */
  shown: boolean;
};

const MAX_REMEMBERED = 200;
/** Utterances under NO_INTERRUPTION, sound and all. */
const MAX_WAITING = 20;
/** A breath between two halves of a sentence that are heard as one. */
const JOIN_MS = 200;
/** Somebody who never waits for an answer is not remembered for ever. */
const MAX_JOINED_BYTES = bytesOfMs(INPUT_FORMAT, 60_000);

export class Turns {
  readonly #options: TurnsOptions;
  readonly #waiting: Turn[] = [];
  readonly #earlier: string[] = [];
  #answered: string | undefined;
  #running: Turn | undefined;
  #unanswered: Utterance | undefined;
  /** One recogniser at a time, in the order of speech. */
  #listening: Promise<unknown> = Promise.resolve();

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** History that is not to be answered. */
  remember(role: 'user' | 'model', text: string): void {
    this.#options.meter.addText(text);
    if (role === 'user') this.#rememberUser(text);
    else this.#answered = text;
  }

  #rememberUser(text: string): void {
    this.#earlier.push(text);
    if (this.#earlier.length > MAX_REMEMBERED) this.#earlier.shift();
  }

  /** An utterance or a text is whole: it is answered now, or after the turn that must not be cut. */
  take(input: TurnInput): void {
    if (!this.#running) {
      this.#begin(this.#turnOf(input.kind === 'speech' ? this.#join(input) : input));
      return;
    }
    this.#waiting.push(this.#turnOf(input));
    if (this.#waiting.length <= MAX_WAITING) return;
    this.#waiting.shift()?.abort.abort(new Error('too many wait'));
    this.#options.onFault(
      `more than ${MAX_WAITING} inputs wait for an answer: the oldest is dropped`,
    );
  }

  #turnOf(input: TurnInput): Turn {
    const abort = new AbortController();
    if (input.kind === 'text') {
      return { input, abort, words: Promise.resolve(input.text), stream: undefined, shown: false };
    }
    const words = this.#listening.then(() => this.#listen(input.pcm, abort.signal));
    this.#listening = words.catch(() => {}); // an abort; the turn itself looks, if it comes to that
    return { input, abort, words, stream: undefined, shown: false };
  }

  /**
   * Somebody begins to speak or writes: the turn in progress is cut. Of a turn that the client has seen
   * nothing of, the question is kept and heard together with what comes now.
   */
  interrupt(): void {
    const running = this.#running;
    if (!running) return;
    this.#abortAll(new Error('interrupted'));
    if (!running.shown) {
      this.#unanswered = running.input.kind === 'speech' ? running.input : undefined;
      return;
    }
    this.#options.send({ serverContent: { interrupted: true } });
    this.#tellOver(running);
  }

  #abortAll(reason: Error): void {
    this.#running?.abort.abort(reason);
    this.#running = undefined;
    for (const turn of this.#waiting.splice(0)) turn.abort.abort(reason);
  }

  /** Only what was sent stays in the context. */
  #tellOver({ stream }: Turn): void {
    const { meter, send } = this.#options;
    const usageMetadata = meter.receipt(stream?.tokens ?? { text: 0, audio: 0 });
    send({ serverContent: this.#over(), usageMetadata });
  }

  #over(): ServerContent {
    return this.#options.profile.endOfTurn.value === 'interactionIdle'
      ? { turnComplete: true, interactionStatus: 'IDLE' }
      : { turnComplete: true };
  }

  #begin(turn: Turn): void {
    if (turn.input.kind === 'text') this.#unanswered = undefined; // the conversation has moved on
    this.#running = turn;
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
    const { setup, profile, vertex, engines, send } = this.#options;
    const { signal } = turn.abort;
    const reply = await this.#replyTo(turn);
    const voice = await engines.voice;
    signal.throwIfAborted();
    const stream = new AnswerStream({
      voice,
      voiceName: setup.generationConfig?.speechConfig?.voiceConfig?.prebuiltVoiceConfig?.voiceName,
      modality: modalityOf(setup, profile),
      transcribes:
        setup.outputAudioTranscription !== undefined ||
        profile.unaskedTranscription.value === 'output',
      maxTokens: setup.generationConfig?.maxOutputTokens,
      onePartPerEvent: profile.partsPerEvent.value === 'one',
      role: vertex ? 'model' : undefined,
      signal,
      send: (content) => {
        turn.shown = true;
        send({ serverContent: content });
      },
    });
    turn.stream = stream;
    await stream.generate(reply);
    await stream.played();
    this.#finish(turn);
  }

  #finish(turn: Turn): void {
    if (this.#running !== turn) return;
    this.#tellOver(turn);
    this.#running = undefined;
    const next = this.#waiting.shift();
    if (next) this.#begin(next);
  }

  async #replyTo(turn: Turn): Promise<Answer> {
    const { meter, now } = this.#options;
    const { input } = turn;
    if (input.kind === 'text') {
      meter.addText(input.text);
      return this.#think(input.text, now());
    }
    const words = await turn.words;
    turn.abort.signal.throwIfAborted();
    // Counted when it is sure that it will not be heard again, joined to what comes next.
    meter.addAudio(inputTokens(input.pcm.byteLength));
    const seconds = `${(input.speechMs / 1000).toFixed(1)} s`;
    if (words === undefined) {
      // Nothing was understood, and nothing is made up: the answer is a sound check.
      this.#transcribe(`[speech, ${seconds}]`, turn);
      const pcm = await asReply(input.pcm, INPUT_FORMAT.sampleRateHz);
      return { text: `[your own words, ${seconds}]`, pcm };
    }
    if (words === '') {
      this.#transcribe(`[speech, ${seconds}]`, turn);
      return { text: 'I heard you, but I did not understand a word. Please say it again.' };
    }
    this.#transcribe(words, turn);
    return this.#think(words, now());
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

  #think(text: string, now: Date): Answer {
    const reply = builtInAnswer({ text, earlier: this.#earlier, answered: this.#answered, now });
    this.#rememberUser(text);
    this.#answered = reply;
    return { text: reply };
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

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

export function modalityOf(setup: Setup, profile: ModelProfile): 'AUDIO' | 'TEXT' {
  const [asked] = setup.generationConfig?.responseModalities ?? [];
  return asked === 'TEXT' || (asked === undefined && profile.modalities.value[0] === 'TEXT')
    ? 'TEXT'
    : 'AUDIO';
}
