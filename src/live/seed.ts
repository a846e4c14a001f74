/** What a connection is told of the conversation so far: the handle of its state, or its last lines. */
import type { ClientMessage, Content, Setup } from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import { withRole } from './words.ts';

/** `handle`: of the session to take up again; without one, `history` will be sent as its seed. */
export function setupFor(
  setup: Setup,
  handle: string | undefined,
  history: readonly Content[],
  profile: ModelProfile,
): Setup {
  if (handle !== undefined) {
    const { historyConfig: _seeded, ...rest } = setup;
    return { ...rest, sessionResumption: { ...setup.sessionResumption, handle } };
  }
  const seeds = history.length > 0 && profile.textPath.value === 'seedThenRealtime';
  return seeds ? { ...setup, historyConfig: { initialHistoryInClientContent: true } } : setup;
}

/** The last lines of the conversation, for a server that remembers nothing of it. */
export function seedOf(turns: Content[], profile: ModelProfile): ClientMessage[] {
  if (turns.length === 0) return [];
  const turnComplete = profile.textPath.value === 'seedThenRealtime';
  return [{ clientContent: { turns: turns.map(withRole), turnComplete } }];
}
