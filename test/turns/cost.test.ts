/** What a turn costs, against sums made by hand from the price sheets. */
import { expect, it } from 'vitest';
import { findModel } from '../../src/protocol/models.ts';
import { costUsd, NO_USAGE } from '../../src/turns/cost.ts';
import type { Usage } from '../../src/events.ts';

const MILLION = 1_000_000;

it.each<[what: string, model: string, usage: Partial<Usage>, usd: number]>([
  [
    'sound in and out on 3.8',
    'gemini-3.8-live',
    {
      promptTokens: MILLION,
      promptByModality: { AUDIO: MILLION },
      responseTokens: MILLION,
      responseByModality: { AUDIO: MILLION },
    },
    3 + 12,
  ],
  [
    'thoughts are paid as output in words',
    'gemini-3.8-live-extended-thinking',
    { thoughtsTokens: MILLION },
    4.5,
  ],
  ['what tools add is paid as input', 'gemini-3.8-live', { toolUsePromptTokens: MILLION }, 0.75],
  [
    'a second of translation',
    'gemini-3.5-live-translate-preview',
    {
      promptTokens: 25,
      promptByModality: { AUDIO: 25 },
      responseTokens: 25,
      responseByModality: { AUDIO: 25 },
    },
    (25 * 3.5 + 25 * 21) / MILLION,
  ],
  [
    'a transcription',
    'gemini-3.5-transcribe-live',
    {
      promptTokens: 1000,
      promptByModality: { AUDIO: 1000 },
      responseTokens: 40,
      responseByModality: { TEXT: 40 },
    },
    (1000 * 3.5 + 40 * 21) / MILLION,
  ],
])('%s (%s)', (_what, model, usage, usd) => {
  const price = findModel(model)?.price;
  expect(price?.confidence).toBe('sure');
  expect(price && costUsd({ ...NO_USAGE, ...usage }, price.value)).toBeCloseTo(usd, 12);
});
