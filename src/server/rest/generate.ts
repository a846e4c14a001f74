/** `generateContent`, `streamGenerateContent` and `countTokens` of standard models: the brain, over HTTP. */
import { randomBytes } from 'node:crypto';
import type { Part } from '../../protocol/messages.ts';
import type { Brain, BrainPiece } from '../brain/brain.ts';
import { textTokens } from '../usage.ts';
import {
  promptTokens,
  readCountRequest,
  readGenerateRequest,
  toBrainRequest,
  type GenerateRequest,
} from './contents.ts';
import { OutputLimit } from './outputLimit.ts';

type FinishReason = 'STOP' | 'MAX_TOKENS' | 'UNEXPECTED_TOOL_CALL';

export type GenerateResponse = {
  candidates: { content: { parts: Part[]; role: 'model' }; finishReason?: string; index: 0 }[];
  usageMetadata: Record<string, unknown>;
  modelVersion: string;
  responseId: string;
};

export type GenerateContext = {
  brain: Promise<Brain>;
  model: string;
  now: Date;
  signal: AbortSignal;
  /** Something broke that the client cannot help. */
  onFault: (message: string) => void;
};

/**
 * The answer as it is thought, in responses as the stream has them; the last one has the finish reason.
 *
 * @throws RestError, Refusal for a request that is not in order; whatever the brain throws.
 */
export async function* generate(
  body: unknown,
  { brain, model, now, signal, onFault }: GenerateContext,
): AsyncGenerator<GenerateResponse, void> {
  const request = readGenerateRequest(body);
  const asked = toBrainRequest(request, now);
  const prompt = promptTokens(asked);
  const output = new Output(request);
  const responseId = randomBytes(16).toString('base64url');
  const response = (parts: Part[], finishReason?: FinishReason): GenerateResponse => ({
    candidates: [
      { content: { parts, role: 'model' }, ...(finishReason && { finishReason }), index: 0 },
    ],
    usageMetadata: output.usage(prompt),
    modelVersion: model,
    responseId,
  });
  const thinker = await brain;
  const over = new AbortController();
  let called = 0;
  let finish: FinishReason | undefined;
  try {
    for await (const piece of thinker.think(asked, AbortSignal.any([signal, over.signal]))) {
      if ('call' in piece) {
        const { name } = piece.call;
        if (!asked.tools.some((tool) => tool.name === name)) {
          onFault(`the brain called ${name}, which is not declared`);
          finish = 'UNEXPECTED_TOOL_CALL';
          break;
        }
        called += 1;
      }
      const part = output.partOf(piece, called);
      if (part) yield response([part]);
      finish = output.limit.reason;
      if (finish) break;
    }
  } finally {
    over.abort(new Error('the answer is over'));
  }
  const rest = output.end();
  finish ??= output.limit.reason ?? 'STOP';
  yield response(rest === '' && called > 0 ? [] : [{ text: rest }], finish);
}

/** What is told of what is thought, and counted. */
class Output {
  readonly limit: OutputLimit;
  readonly #tellsThoughts: boolean;
  #text = '';
  #calls = '';
  #thoughts = '';

  constructor({ generationConfig = {} }: GenerateRequest) {
    const { maxOutputTokens, stopSequences, thinkingConfig } = generationConfig;
    this.limit = new OutputLimit(maxOutputTokens, stopSequences);
    this.#tellsThoughts = thinkingConfig?.includeThoughts === true;
  }

  partOf(piece: BrainPiece, callNumber: number): Part | undefined {
    if ('text' in piece) {
      const text = this.limit.push(piece.text);
      this.#text += text;
      return text === '' ? undefined : { text };
    }
    if ('thought' in piece) {
      this.#thoughts += piece.thought;
      return this.#tellsThoughts ? { text: piece.thought, thought: true } : undefined;
    }
    const { name, args } = piece.call;
    this.#calls += name + JSON.stringify(args);
    return { functionCall: { id: `function-call-${callNumber}`, name, args } };
  }

  end(): string {
    const text = this.limit.end();
    this.#text += text;
    return text;
  }

  /** Over HTTP, thoughts are part of the total. */
  usage(prompt: number): Record<string, unknown> {
    const told = textTokens(this.#text) + textTokens(this.#calls);
    const thoughts = textTokens(this.#thoughts);
    return {
      promptTokenCount: prompt,
      candidatesTokenCount: told,
      ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
      totalTokenCount: prompt + told + thoughts,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }],
    };
  }
}

/** A stream as one answer: pieces of text that follow each other are one part. */
export async function whole(
  stream: AsyncIterable<GenerateResponse>,
): Promise<GenerateResponse | undefined> {
  const parts: Part[] = [];
  let last: GenerateResponse | undefined;
  for await (const response of stream) {
    last = response;
    for (const part of response.candidates[0]?.content.parts ?? []) {
      const before = parts.at(-1);
      const { text, thought } = part;
      if (text !== undefined && before?.text !== undefined && before.thought === thought)
        before.text += text;
      else if (text !== '' || parts.length === 0) parts.push({ ...part });
    }
  }
  const [candidate] = last?.candidates ?? [];
  if (candidate) candidate.content.parts = parts;
  return last;
}

/** @throws RestError, Refusal */
export function countTokens(body: unknown, now: Date): object {
  const totalTokens = promptTokens(toBrainRequest(readCountRequest(body), now));
  return { totalTokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }] };
}
