/**
 * Tokens as the service counts them: the whole context anew each turn, 25 a second of sound, thoughts not in
 * the total. Text is reckoned at four characters a token.
 */
import { bytesOfMs, INPUT_FORMAT, msOfBytes, OUTPUT_FORMAT } from '../audio/format.ts';
import type { UsageMetadata } from '../protocol/messages.ts';

const TOKENS_PER_SECOND = 25;
const CHARACTERS_PER_TOKEN = 4;

export const soundTokens = (ms: number): number => Math.ceil((ms / 1000) * TOKENS_PER_SECOND);
export const inputTokens = (bytes: number): number => soundTokens(msOfBytes(INPUT_FORMAT, bytes));
export const outputTokens = (bytes: number): number => soundTokens(msOfBytes(OUTPUT_FORMAT, bytes));
/** Of output sound; without a number there is no bound. */
export const bytesOfTokens = (tokens: number | undefined): number =>
  tokens === undefined ? Infinity : bytesOfMs(OUTPUT_FORMAT, (tokens / TOKENS_PER_SECOND) * 1000);
export const textTokens = (text: string): number => Math.ceil(text.length / CHARACTERS_PER_TOKEN);

export class Meter {
  readonly #vertex: boolean;
  #text = 0;
  #audio = 0;

  constructor(vertex: boolean) {
    this.#vertex = vertex;
  }

  addText(text: string): void {
    this.#text += textTokens(text);
  }

  addAudio(tokens: number): void {
    this.#audio += tokens;
  }

  /** The receipt of a turn; what was answered becomes part of the next turn's prompt. */
  receipt(response: { text: number; audio: number }): UsageMetadata {
    const prompt = this.#text + this.#audio;
    const count = response.text + response.audio;
    const promptTokensDetails = details({ TEXT: this.#text, AUDIO: this.#audio });
    const responseDetails = details({ TEXT: response.text, AUDIO: response.audio });
    this.#text += response.text;
    this.#audio += response.audio;
    return {
      promptTokenCount: prompt,
      ...(this.#vertex ? { candidatesTokenCount: count } : { responseTokenCount: count }),
      totalTokenCount: prompt + count,
      promptTokensDetails,
      ...(this.#vertex
        ? { candidatesTokensDetails: responseDetails, trafficType: 'ON_DEMAND' }
        : { responseTokensDetails: responseDetails }),
    };
  }
}

function details(counts: {
  TEXT: number;
  AUDIO: number;
}): { modality: string; tokenCount: number }[] {
  return Object.entries(counts)
    .filter(([, tokenCount]) => tokenCount > 0)
    .map(([modality, tokenCount]) => ({ modality, tokenCount }));
}
