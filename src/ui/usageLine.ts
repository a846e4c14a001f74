/** `usage: 120 tokens in (80 audio), 40 out (40 audio), $0.0009` */
import type { Usage } from '../events.ts';

export function usageLine({ costUsd, ...usage }: Usage & { costUsd?: number }): string {
  const input = side(usage.promptTokens, usage.promptByModality);
  const output = side(usage.responseTokens, usage.responseByModality);
  const thoughts = usage.thoughtsTokens > 0 ? `, ${usage.thoughtsTokens} thinking` : '';
  const cost = costUsd === undefined ? '' : `, about $${costUsd.toFixed(4)}`;
  return `usage: ${input} tokens in, ${output} out${thoughts}${cost}`;
}

function side(count: number, details: Usage['promptByModality']): string {
  const parts = Object.entries(details).map(
    ([modality, tokens]) => `${tokens} ${modality.toLowerCase()}`,
  );
  return parts.length === 0 ? `${count}` : `${count} (${parts.join(', ')})`;
}
