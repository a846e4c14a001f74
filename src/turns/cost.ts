/** What a turn costs, from its tokens and the price sheet. An estimate: the bill is the provider's. */
import type { Modality, Usage } from '../events.ts';
import type { Price } from '../protocol/models.ts';

const PER = 1_000_000;

/** Input is the prompt and what tools added to it; output is the response and the thoughts. */
export function costUsd(usage: Usage, price: Price): number {
  const prompt = side(usage.promptByModality, usage.promptTokens, {
    TEXT: price.textIn,
    AUDIO: price.audioIn,
    IMAGE: price.imageIn,
    VIDEO: price.imageIn,
    DOCUMENT: price.textIn,
  });
  const response = side(usage.responseByModality, usage.responseTokens, {
    TEXT: price.textOut,
    AUDIO: price.audioOut,
    IMAGE: price.audioOut,
    VIDEO: price.audioOut,
    DOCUMENT: price.textOut,
  });
  const tools = usage.toolUsePromptTokens * price.textIn;
  const thoughts = usage.thoughtsTokens * price.textOut;
  return (prompt + tools + response + thoughts) / PER;
}

/** Details need not add up to the count: what they leave unexplained is taken for text. */
function side(
  details: Usage['promptByModality'],
  count: number,
  price: Record<Modality, number>,
): number {
  let sum = 0;
  let explained = 0;
  for (const [modality, tokens] of Object.entries(details) as [Modality, number][]) {
    sum += tokens * price[modality];
    explained += tokens;
  }
  return sum + Math.max(0, count - explained) * price.TEXT;
}

export const NO_USAGE: Usage = {
  promptTokens: 0,
  responseTokens: 0,
  totalTokens: 0,
  thoughtsTokens: 0,
  cachedTokens: 0,
  toolUsePromptTokens: 0,
  promptByModality: {},
  responseByModality: {},
};

export function addUsage(a: Usage, b: Usage): Usage {
  const merge = (x: Usage['promptByModality'], y: Usage['promptByModality']) => {
    const sum = { ...x };
    for (const [modality, tokens] of Object.entries(y) as [Modality, number][]) {
      sum[modality] = (sum[modality] ?? 0) + tokens;
    }
    return sum;
  };
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    responseTokens: a.responseTokens + b.responseTokens,
    totalTokens: a.totalTokens + b.totalTokens,
    thoughtsTokens: a.thoughtsTokens + b.thoughtsTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    toolUsePromptTokens: a.toolUsePromptTokens + b.toolUsePromptTokens,
    promptByModality: merge(a.promptByModality, b.promptByModality),
    responseByModality: merge(a.responseByModality, b.responseByModality),
  };
}
