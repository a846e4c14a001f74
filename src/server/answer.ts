/**
 * One answer on its way out, with the timing of the service: a short first chunk, then larger ones far
 * faster than real time, an early `generationComplete`, and a `turnComplete` that waits until the sound
 * would have ended.
 */
import { bytesOfMs, msOfBytes, OUTPUT_FORMAT } from '../audio/format.ts';
import { audioBlob } from '../protocol/codec.ts';
import type { Part, ServerContent } from '../protocol/messages.ts';
import { sentencesOf } from './brain/builtIn.ts';
import type { Voice } from './engines/engine.ts';
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
  signal: AbortSignal;
  send: (content: ServerContent) => void;
};

/** What an answer consists of: words to be spoken, or sound that is there already with words to show for it. */
export type Answer = { text: string; pcm?: Uint8Array };

/** What had been sent when it ended, or was cut. */
export class AnswerStream {
  readonly #options: AnswerOptions;
  #text = '';
  #soundBytes = 0;
  #firstSoundAtMs: number | undefined;

  constructor(options: AnswerOptions) {
    this.#options = options;
  }

  get sentText(): string {
    return this.#text;
  }

  get tokens(): { text: number; audio: number } {
    return this.#options.modality === 'TEXT'
      ? { text: textTokens(this.#text), audio: 0 }
      : { text: 0, audio: outputTokens(this.#soundBytes) };
  }

  /** Sends it all, `generationComplete` too. Rejects with the signal's reason when it is cut. */
  async generate({ text, pcm }: Answer): Promise<void> {
    const { modality, send } = this.#options;
    if (modality === 'TEXT') await this.#sendWords(text);
    else if (pcm) await this.#sendSpoken(text, pcm);
    else await this.#speak(text);
    send({ generationComplete: true });
  }

  /** Until the sound would have ended, had it been played as it came. */
  async played(): Promise<void> {
    if (this.#firstSoundAtMs === undefined) return;
    const endMs = this.#firstSoundAtMs + msOfBytes(OUTPUT_FORMAT, this.#soundBytes);
    await wait(endMs - performance.now(), this.#options.signal);
  }

  async #sendWords(text: string): Promise<void> {
    for (const piece of text.match(/\S+\s*|\s+/g) ?? []) {
      if (this.#isSpent()) return;
      await wait(5, this.#options.signal);
      this.#text += piece;
      this.#options.send({ modelTurn: this.#turn([{ text: piece }]) });
    }
  }

  /** The next sentence is made while this one is sent. */
  async #speak(text: string): Promise<void> {
    const sentences = sentencesOf(text);
    const make = (index: number): Promise<Uint8Array> | undefined => {
      const sentence = sentences[index];
      return sentence === undefined ? undefined : this.#makeSound(sentence);
    };
    let next = make(0);
    for (const [index, sentence] of sentences.entries()) {
      const pcm = await next;
      if (this.#isSpent()) return;
      next = make(index + 1);
      next?.catch(() => {}); // looked at in its turn; a cut answer does not get there
      await this.#sendSpoken(sentence, pcm ?? new Uint8Array(0));
    }
  }

  /** A voice that fails leaves the words: they go out over silence of their length. */
  async #makeSound(sentence: string): Promise<Uint8Array> {
    const { voice, voiceName, signal } = this.#options;
    try {
      return await voice.speak(sentence, voiceName, signal);
    } catch {
      signal.throwIfAborted();
      const { NO_VOICE } = await import('./engines/voices.ts');
      return NO_VOICE.speak(sentence, voiceName, signal);
    }
  }

  /** Words spread over the chunks of their sound. */
  async #sendSpoken(text: string, pcm: Uint8Array): Promise<void> {
    const chunks = this.#cut(pcm);
    const words = text.match(/\s*\S+(?:\s+$)?/g) ?? [text];
    let sent = 0;
    for (const [index, chunk] of chunks.entries()) {
      if (this.#isSpent()) return;
      await this.#pace();
      const upTo = Math.ceil((words.length * (index + 1)) / chunks.length);
      const room = bytesOfTokens(this.#options.maxTokens) - this.#soundBytes;
      this.#sendChunk(words.slice(sent, upTo).join(''), chunk.subarray(0, room));
      sent = upTo;
    }
    if (sent < words.length) this.#sendChunk(words.join(''), new Uint8Array(0)); // there was no sound
  }

  #isSpent(): boolean {
    const { text, audio } = this.tokens;
    return text + audio >= (this.#options.maxTokens ?? Infinity);
  }

  #cut(pcm: Uint8Array): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    let at = 0;
    while (at < pcm.byteLength) {
      const first = this.#soundBytes === 0 && at === 0;
      const length = bytesOfMs(OUTPUT_FORMAT, first ? FIRST_CHUNK_MS : CHUNK_MS);
      chunks.push(pcm.subarray(at, at + length));
      at += length;
    }
    return chunks;
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
    if (pcm.byteLength > 0) this.#firstSoundAtMs ??= performance.now();
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
