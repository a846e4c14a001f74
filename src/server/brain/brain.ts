/** What thinks for the local server: a small interface over rules, a program or a service. */
import type { FunctionDeclaration } from '../../protocol/messages.ts';

export type BrainCall = { id: string; name: string; args: Record<string, unknown> };

/** The conversation as a brain sees it, the oldest first. A call and its result stand where they happened. */
export type BrainTurn =
  | { role: 'user'; text: string }
  | { role: 'model'; text: string; calls?: readonly BrainCall[] }
  | { role: 'tool'; id: string; name: string; response: Record<string, unknown> };

export type BrainRequest = {
  system: string | undefined;
  /** The last one is what is to be answered: words of the user, or the result of a call. */
  turns: readonly BrainTurn[];
  tools: readonly FunctionDeclaration[];
  now: Date;
  temperature?: number | undefined;
};

/** A piece of an answer, in the order of thought. Text comes as it is thought, cut anywhere. */
export type BrainPiece =
  | { text: string }
  | { thought: string }
  | { call: { name: string; args: Record<string, unknown> } };

/** Some models call again and again: after so many rounds they are to answer with what they know. */
const MAX_CALL_ROUNDS = 8;

/** False where everything since the user's last words was calls and their results, and enough of them. */
export function mayCall(turns: readonly BrainTurn[]): boolean {
  const since = turns.slice(turns.findLastIndex((turn) => turn.role === 'user') + 1);
  const rounds = since.filter((turn) => turn.role === 'model' && (turn.calls?.length ?? 0) > 0);
  return rounds.length < MAX_CALL_ROUNDS;
}

export interface Brain {
  readonly name: string;
  /** Ends when the answer is whole, or when it waits for the result of its calls. Rejects with the signal's reason. */
  think(request: BrainRequest, signal: AbortSignal): AsyncIterable<BrainPiece>;
}
