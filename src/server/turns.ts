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

type Running = {
  abort: AbortController;
  stream: AnswerStream | undefined;
  /** Sound of the user that was not answered yet. */
  heard: Utterance | undefined;
  /** The client has seen something of this turn. */
  shown: boolean;
};

const MAX_REMEMBERED = 200;
/** A breath between two halves of a sentence that are heard as one. */
const JOIN_MS = 200;
/** Somebody who never waits for an answer is not remembered for ever. */
const MAX_JOINED_BYTES = bytesOfMs(INPUT_FORMAT, 60_000);

export class Turns {
  readonly #options: TurnsOptions;
  readonly #waiting: TurnInput[] = [];
  readonly #earlier: string[] = [];
  #answered: string | undefined;
  #running: Running | undefined;
  #unanswered: Utterance | undefined;

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
    if (this.#running) this.#waiting.push(input);
    else this.#begin(input);
  }

  /**
   * Somebody begins to speak or writes: the turn in progress is cut. Of a turn that the client has seen
   * nothing of, the question is kept and heard together with what comes now.
   */
  interrupt(): void {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    this.#waiting.length = 0;
    running.abort.abort(new Error('interrupted'));
    if (!running.shown) {
      this.#unanswered = running.heard;
      return;
    }
    this.#options.send({ serverContent: { interrupted: true } });
    this.#tellOver(running);
  }

  /** Only what was sent stays in the context. */
  #tellOver({ stream }: Running): void {
    const { meter, send } = this.#options;
    const usageMetadata = meter.receipt(stream?.tokens ?? { text: 0, audio: 0 });
    send({ serverContent: this.#over(), usageMetadata });
  }

  #over(): ServerContent {
    return this.#options.profile.endOfTurn.value === 'interactionIdle'
      ? { turnComplete: true, interactionStatus: 'IDLE' }
      : { turnComplete: true };
  }

  #begin(input: TurnInput): void {
    if (input.kind === 'text') this.#unanswered = undefined; // the conversation has moved on
    const joined = input.kind === 'speech' ? this.#join(input) : input;
    const running: Running = {
      abort: new AbortController(),
      stream: undefined,
      heard: joined.kind === 'speech' ? joined : undefined,
      shown: false,
    };
    this.#running = running;
    this.#answer(joined, running).catch((error: unknown) => {
      if (running.abort.signal.aborted) return;
      this.#options.onFault(messageOf(error));
      this.#finish(running); // nobody is left waiting
    });
  }

  #join(input: { kind: 'speech' } & Utterance): { kind: 'speech' } & Utterance {
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

  async #answer(input: TurnInput, running: Running): Promise<void> {
    const { setup, profile, vertex, engines, send } = this.#options;
    const { signal } = running.abort;
    const reply = await this.#replyTo(input, running);
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
        running.shown = true;
        send({ serverContent: content });
      },
    });
    running.stream = stream;
    await stream.generate(reply);
    await stream.played();
    this.#finish(running);
  }

  #finish(running: Running): void {
    if (this.#running !== running) return;
    this.#tellOver(running);
    this.#running = undefined;
    const next = this.#waiting.shift();
    if (next) this.#begin(next);
  }

  async #replyTo(input: TurnInput, running: Running): Promise<Answer> {
    const { meter, now } = this.#options;
    if (input.kind === 'text') {
      meter.addText(input.text);
      return this.#think(input.text, now());
    }
    const words = await this.#listen(input.pcm, running.abort.signal);
    // Counted when it is sure that it will not be heard again, joined to what comes next.
    meter.addAudio(inputTokens(input.pcm.byteLength));
    const seconds = `${(input.speechMs / 1000).toFixed(1)} s`;
    if (words === undefined) {
      // Nothing was understood, and nothing is made up: the answer is a sound check.
      this.#transcribe(`[speech, ${seconds}]`, running);
      const pcm = await asReply(input.pcm, INPUT_FORMAT.sampleRateHz);
      return { text: `[your own words, ${seconds}]`, pcm };
    }
    if (words === '') {
      this.#transcribe(`[speech, ${seconds}]`, running);
      return { text: 'I heard you, but I did not understand a word. Please say it again.' };
    }
    this.#transcribe(words, running);
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

  #transcribe(text: string, running: Running): void {
    const { setup, profile, send } = this.#options;
    const isUnasked = profile.unaskedTranscription.value === 'input';
    if (!setup.inputAudioTranscription && !isUnasked) return;
    running.shown = true;
    send({ serverContent: { inputTranscription: { text } } });
  }

  close(): void {
    this.#running?.abort.abort(new Error('the session is over'));
    this.#running = undefined;
    this.#waiting.length = 0;
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
