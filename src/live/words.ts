/** What a user gives, as messages of the protocol. Pure. */
import type { FunctionCall } from '../events.ts';
import type { ClientMessage, Content, FunctionResponse } from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';

export type FunctionResult = Omit<FunctionResponse, 'id' | 'name'> & { call: FunctionCall };

/** `history` comes before it: in the same message, or as the seed where the model takes history only at the start. */
export function textMessages(
  text: string,
  history: readonly Content[],
  profile: ModelProfile,
): ClientMessage[] {
  const before = history.map(withRole);
  const turns = [...before, { role: 'user' as const, parts: [{ text }] }];
  if (profile.textPath.value === 'clientContent')
    return [{ clientContent: { turns, turnComplete: true } }];
  const seed = { clientContent: { turns: before, turnComplete: true } };
  return [...(history.length > 0 ? [seed] : []), { realtimeInput: { text } }];
}

/** Newer models refuse a turn without a role. */
export const withRole = (turn: Content): Content => ({ ...turn, role: turn.role ?? 'user' });

export const resultsMessage = (results: readonly FunctionResult[]): ClientMessage => ({
  toolResponse: {
    functionResponses: results.map(({ call, ...rest }) => ({
      ...rest,
      name: call.name,
      ...(call.id !== undefined && { id: call.id }),
    })),
  },
});
