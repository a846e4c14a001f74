/**
 * One answer on its way out, with the timing of the service: a short first chunk, then larger ones far
 * faster than real time, an early `generationComplete`, and a `turnComplete` that waits until the sound
 * would have ended.
 */
import { bytesOfMs, msOfBytes, OUTPUT_FORMAT } from '../audio/format.ts';
import { concatBytes } from '../audio/pcm.ts';
import { audioBlob } from '../protocol/codec.ts';
import type { Part, ServerContent } from '../protocol/messages.ts';
import { SentenceSplitter } from './brain/sentences.ts';
import type { Voice } from './engines/engine.ts';
import { silenceFor } from './engines/voices.ts';
import { Ahead, onePiece, soundOf, type Sound } from './sound.ts';
import { messageOf } from './turn.ts';
import { bytesOfTokens, outputTokens, textTokens } from './usage.ts';

/** A recorded session opens with a few tens of milliseconds and goes on with 240 ms chunks. */
const FIRST_CHUNK_MS = 40;
const CHUNK_MS = 240;
/** Measured: 10.6 s of sound were sent in 2.9 s. */
const SPEED = 3.6;
const HEAD_START_MS = 600;

export type AnswerOptions = {
  voice: Voice;
  voiceName: string | undefined;
  /** `TEXT`: words only, and nothing to wait for. */
  modality: 'AUDIO' | 'TEXT';
  /** Sound comes with its words. */
  transcribes: boolean;
  /** `maxOutputTokens`: the answer ends there, in the middle of a word if need be. */
  maxTokens: number | undefined;
  /** The older models put one thing in a message. */
  onePartPerEvent: boolean;
  /** Vertex names the role of a model turn. */
  role: 'model' | undefined;
  /** `includeThoughts`. */
  thoughts: boolean;
  signal: AbortSignal;
  /** The voice broke. */
  onFault: (message: string) => void;
  send: (content: ServerContent) => void;
};

/** What has been sent, since the last time that was asked. */
export type Sent = { text: string; tokens: { text: number; audio: number } };

/** So many sentences are in the making or wait to be sent; the brain waits meanwhile. */
const AHEAD = 3;
const MS_PER_WORD = 400;

const wordsOf = (text: string): string[] => text.match(/\s*\S+(?:\s+$)?/g) ?? [text];

/** One answer on its way to the client: fed once or several times, ended once, or cut. */
export class AnswerStream {
  readonly #options: AnswerOptions;
  #text = '';
  /** Of {@link take}. */
  #takenText = 0;
  #takenTokens = { text: 0, audio: 0 };
  #thoughtTokens = 0;
  #soundBytes = 0;
  #firstSoundAtMs: number | undefined;
  /** When all that was sent would have been heard. */
  #soundEndMs = 0;

  constructor(options: AnswerOptions) {
    this.#options = options;
  }

  get tokens(): { text: number; audio: number } {
    return this.#options.modality === 'TEXT'
      ? { text: textTokens(this.#text), audio: 0 }
      : { text: 0, audio: outputTokens(this.#soundBytes) };
  }

  get thoughtTokens(): number {
    return this.#thoughtTokens;
  }

  /** Words that the client has by other means: they are paid for, and remembered. */
  count(text: string): void {
    this.#text += text;
  }

  take(): Sent {
    const { text, audio } = this.tokens;
    const sent = {
      text: this.#text.slice(this.#takenText),
      tokens: { text: text - this.#takenTokens.text, audio: audio - this.#takenTokens.audio },
    };
    this.#takenText = this.#text.length;
    this.#takenTokens = { text, audio };
    return sent;
  }

  /** A thought is told where it was asked for, and counted in any case. */
  think(text: string): void {
    const { thoughts, send } = this.#options;
    this.#thoughtTokens += textTokens(text);
    if (thoughts) send({ modelTurn: this.#turn([{ text, thought: true }]) });
  }

  /** Words as they are thought, each sentence spoken as soon as it is whole. Rejects with the signal's reason. */
  async say(pieces: AsyncIterable<string>): Promise<void> {
    if (this.#options.modality === 'TEXT') {
      for await (const piece of pieces) await this.#sendWords(piece);
    } else await this.#speak(pieces);
  }

  /** Sound that is there already, with words to show for it. Closes it. */
  async play(text: string, sound: Sound): Promise<void> {
    try {
      if (this.#options.modality === 'TEXT') await this.#sendWords(text);
      else await this.#sendSpoken(text, sound);
    } finally {
      sound.close();
    }
  }

  /** Until the sound would have ended, had it been played as it came. */
  async played(): Promise<void> {
    await wait(this.#soundEndMs - performance.now(), this.#options.signal);
  }

  async #sendWords(text: string): Promise<void> {
    for (const piece of text.match(/\S+\s*|\s+/g) ?? []) {
      if (this.#isSpent()) return;
      await wait(5, this.#options.signal);
      this.#text += piece;
      this.#options.send({ modelTurn: this.#turn([{ text: piece }]) });
    }
  }

  /** The next sentences are made while one is sent. */
  async #speak(pieces: AsyncIterable<string>): Promise<void> {
    const waiting: Promise<void>[] = [];
    let sent = Promise.resolve();
    const add = async (sentence: string): Promise<void> => {
      const send = this.#make(sentence);
      sent = sent.then(send);
      sent.catch(() => {});
      waiting.push(sent);
      if (waiting.length >= AHEAD) await waiting.shift();
    };
    const splitter = new SentenceSplitter();
    for await (const piece of pieces) {
      for (const sentence of splitter.push(piece)) await add(sentence);
      if (this.#isSpent()) break;
    }
    for (const sentence of splitter.end()) await add(sentence);
    await sent;
  }

  /** Begins to make the sound of a sentence; the result sends it. A voice that fails leaves the words. */
  #make(sentence: string): () => Promise<void> {
    const { voice, voiceName, signal } = this.#options;
    if (sentence.trim() === '') return async () => this.#sendChunk(sentence, new Uint8Array(0));
    const streamed = voice.stream?.(sentence, voiceName, signal);
    const pieces = new Ahead(streamed ?? onePiece(voice.speak(sentence, voiceName, signal)));
    return async () => {
      const before = this.#soundBytes;
      try {
        const whole = await pieces.whole();
        if (whole) await this.#sendSpoken(sentence, soundOf(concatBytes(whole)));
        else await this.#sendPieces(sentence, pieces);
      } catch (error) {
        signal.throwIfAborted();
        this.#options.onFault(`the voice failed: ${messageOf(error)}`);
        if (this.#soundBytes > before) return;
        await this.#sendSpoken(sentence, soundOf(silenceFor(sentence)));
      }
    };
  }

  /** Words with the sound that is there: when it will end is not known, so they go by the pace of speech. */
  async #sendPieces(text: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const words = wordsOf(text);
    let waiting = new Uint8Array(0);
    let sentMs = 0;
    let sentWords = 0;
    const send = async (bytes: number, last: boolean): Promise<void> => {
      await this.#pace();
      const pcm = this.#withinBudget(waiting.subarray(0, bytes));
      waiting = waiting.subarray(bytes);
      sentMs += msOfBytes(OUTPUT_FORMAT, pcm.byteLength);
      const upTo = last ? words.length : Math.ceil(sentMs / MS_PER_WORD);
      this.#sendChunk(words.slice(sentWords, upTo).join(''), pcm);
      sentWords = Math.max(sentWords, upTo);
    };
    for await (const piece of pieces) {
      waiting = new Uint8Array(concatBytes([waiting, piece]));
      // One chunk stays: the last one has the last words.
      while (waiting.byteLength > this.#chunkBytes) {
        if (this.#isSpent()) return;
        await send(this.#chunkBytes, false);
      }
    }
    if (!this.#isSpent()) await send(waiting.byteLength, true);
  }

  /** Words spread over the chunks of their sound. */
  async #sendSpoken(text: string, sound: Sound): Promise<void> {
    const words = wordsOf(text);
    let sent = 0;
    let left = sound.byteLength;
    while (left > 0) {
      if (this.#isSpent()) return;
      await this.#pace();
      const size = Math.min(left, this.#chunkBytes);
      left -= size;
      const upTo = Math.ceil(words.length * (1 - left / sound.byteLength));
      this.#sendChunk(words.slice(sent, upTo).join(''), this.#withinBudget(sound.read(size)));
      sent = upTo;
    }
    if (sent < words.length) this.#sendChunk(words.join(''), new Uint8Array(0)); // there was no sound
  }

  #withinBudget(pcm: Uint8Array): Uint8Array {
    return pcm.subarray(0, bytesOfTokens(this.#options.maxTokens) - this.#soundBytes);
  }

  /** Of the next chunk. */
  get #chunkBytes(): number {
    return bytesOfMs(OUTPUT_FORMAT, this.#soundBytes === 0 ? FIRST_CHUNK_MS : CHUNK_MS);
  }

  #isSpent(): boolean {
    const { text, audio } = this.tokens;
    return text + audio >= (this.#options.maxTokens ?? Infinity);
  }

  async #pace(): Promise<void> {
    const sentMs = msOfBytes(OUTPUT_FORMAT, this.#soundBytes);
    const startMs = this.#firstSoundAtMs ?? performance.now();
    await wait(
      startMs + (sentMs - HEAD_START_MS) / SPEED - performance.now(),
      this.#options.signal,
    );
  }

  #sendChunk(words: string, pcm: Uint8Array): void {
    const { send, onePartPerEvent, transcribes, signal } = this.#options;
    signal.throwIfAborted();
    const sound: ServerContent =
      pcm.byteLength === 0
        ? {}
        : { modelTurn: this.#turn([{ inlineData: audioBlob(pcm, OUTPUT_FORMAT.sampleRateHz) }]) };
    const transcription: ServerContent =
      words === '' || !transcribes ? {} : { outputTranscription: { text: words } };
    this.#text += words;
    this.#soundBytes += pcm.byteLength;
    if (pcm.byteLength > 0) {
      const nowMs = performance.now();
      this.#firstSoundAtMs ??= nowMs;
      this.#soundEndMs =
        Math.max(this.#soundEndMs, nowMs) + msOfBytes(OUTPUT_FORMAT, pcm.byteLength);
    }
    const parts = onePartPerEvent ? [sound, transcription] : [{ ...sound, ...transcription }];
    for (const content of parts) if (Object.keys(content).length > 0) send(content);
  }

  #turn(parts: Part[]): { role?: string; parts: Part[] } {
    const { role } = this.#options;
    return role === undefined ? { parts } : { parts, role };
  }
}

/** Rejects with the signal's reason. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    if (ms <= 0) {
      resolve();
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
