/**
 * Tokens as the service counts them: the whole context anew each turn, 25 a second of sound, thoughts not in
 * the total. Text is reckoned at four characters a token.
 */
import { bytesOfMs, INPUT_FORMAT, msOfBytes, OUTPUT_FORMAT } from '../audio/format.ts';
import type { GenerationConfig, UsageMetadata } from '../protocol/messages.ts';
import { ASSUMED } from '../protocol/openQuestions.ts';

/** By modality, as `usageMetadata` has it. */
export type Tokens = { TEXT: number; AUDIO: number; VIDEO: number };

export const NO_TOKENS: Tokens = { TEXT: 0, AUDIO: 0, VIDEO: 0 };

export const addTokens = (a: Tokens, b: Partial<Tokens>): Tokens => ({
  TEXT: a.TEXT + (b.TEXT ?? 0),
  AUDIO: a.AUDIO + (b.AUDIO ?? 0),
  VIDEO: a.VIDEO + (b.VIDEO ?? 0),
});

export const sumOf = ({ TEXT, AUDIO, VIDEO }: Tokens): number => TEXT + AUDIO + VIDEO;

const TOKENS_PER_SECOND = 25;
export const CHARACTERS_PER_TOKEN = 4;

export const soundTokens = (ms: number): number => Math.ceil((ms / 1000) * TOKENS_PER_SECOND);
export const inputTokens = (bytes: number): number => soundTokens(msOfBytes(INPUT_FORMAT, bytes));
export const outputTokens = (bytes: number): number => soundTokens(msOfBytes(OUTPUT_FORMAT, bytes));
/** Of output sound; without a number there is no bound. */
export const bytesOfTokens = (tokens: number | undefined): number =>
  tokens === undefined ? Infinity : bytesOfMs(OUTPUT_FORMAT, (tokens / TOKENS_PER_SECOND) * 1000);
/** Of one frame of video. */
export const imageTokens = (resolution: GenerationConfig['mediaResolution']): number =>
  // Unspecified has a name of its own on the wire.
  ASSUMED.imageTokens[resolution ?? 'MEDIA_RESOLUTION_MEDIUM'] ??
  ASSUMED.imageTokens.MEDIA_RESOLUTION_MEDIUM;
export const textTokens = (text: string): number => Math.ceil(text.length / CHARACTERS_PER_TOKEN);

/** The receipt of a turn. */
export function receipt(
  prompt: Tokens,
  response: { text: number; audio: number },
  { vertex, thoughts = 0 }: { vertex: boolean; thoughts?: number },
): UsageMetadata {
  const count = response.text + response.audio;
  const responseDetails = details({ TEXT: response.text, AUDIO: response.audio });
  const promptTokenCount = sumOf(prompt);
  return {
    promptTokenCount,
    ...(vertex ? { candidatesTokenCount: count } : { responseTokenCount: count }),
    ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
    totalTokenCount: promptTokenCount + count,
    promptTokensDetails: details(prompt),
    ...(vertex
      ? { candidatesTokensDetails: responseDetails, trafficType: 'ON_DEMAND' }
      : { responseTokensDetails: responseDetails }),
  };
}

function details(counts: Partial<Tokens>): { modality: string; tokenCount: number }[] {
  return Object.entries(counts)
    .filter(([, tokenCount]) => tokenCount > 0)
    .map(([modality, tokenCount]) => ({ modality, tokenCount }));
}
