/**
 * `--fallback`: when Live cannot answer before the first word, the same question goes to a standard model over
 * REST, and what it says comes as the events of a conversation.
 */
import { modelPath } from '../../config/endpoint.ts';
import { toGenerateRequest } from '../../config/generateRequest.ts';
import { EXIT, GemliveError, type Warning } from '../../errors.ts';
import type { ConversationEvent } from '../../events.ts';
import { toUsage } from '../../protocol/events.ts';
import type { Content, Part } from '../../protocol/messages.ts';
import { streamJson } from '../../rest/client.ts';
import type { CommandContext } from '../context.ts';
import type { LivePlace } from '../live.ts';

/** A model may think before it answers: it gets some times what a session may take to open. */
const PATIENCE = 4;

export type Unanswered = {
  /** Why Live did not answer. */
  failure: GemliveError;
  /** The conversation so far; its end is the question. */
  contents: readonly Content[];
  /** Of the question. */
  turn: number;
};

/** Another model would do no better with a setting or a credential that is wrong, nor with what the user ends. */
export const mayFallBack = ({ settings }: CommandContext, error: unknown): error is GemliveError =>
  settings.fallback !== undefined &&
  error instanceof GemliveError &&
  [EXIT.network, EXIT.server, EXIT.quota].some((code) => code === error.exitCode) &&
  error.code !== 'max_duration' &&
  error.code !== 'max_cost';

/** @throws GemliveError with both reasons, and the exit code of Live's; or the signal's reason. */
export async function answerInstead(
  context: CommandContext,
  place: LivePlace,
  { failure, contents, turn }: Unanswered,
  emit: (event: ConversationEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { settings } = context;
  const model = settings.fallback ?? '';
  const message = `${model} answers in place of ${settings.model}: ${failure.message}`;
  const answer = new Answer(turn, emit, { code: 'fallback', message });
  try {
    const pieces = streamJson(await place.restEndpoint(), {
      path: `${modelPath(settings, model)}:streamGenerateContent?alt=sse`,
      body: toGenerateRequest(settings, model, contents),
      timeoutMs: settings.timeoutSeconds * 1000 * PATIENCE,
      signal,
    });
    for await (const piece of pieces) answer.push(piece as Piece);
    answer.end();
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof GemliveError ? bothFailed(failure, error, model) : error;
  }
}

function bothFailed(live: GemliveError, rest: GemliveError, model: string): GemliveError {
  const reasons = [live.why, rest.why && `${model}: ${rest.why}`].filter((why) => why);
  return new GemliveError(`${live.message}; and ${model}, asked in its place: ${rest.message}`, {
    code: live.code,
    exitCode: live.exitCode,
    ...(reasons.length > 0 && { why: reasons.join('; ') }),
    ...(live.hint !== undefined && { hint: live.hint }),
    cause: rest,
  });
}

/** What of a streamed response is looked at. */
type Piece = {
  candidates?: { content?: { parts?: Part[] }; finishReason?: string }[];
  promptFeedback?: { blockReason?: string };
  usageMetadata?: Record<string, unknown>;
} | null;

class Answer {
  readonly #turn: number;
  readonly #emit: (event: ConversationEvent) => void;
  readonly #startedAtMs = performance.now();
  #firstTextMs: number | undefined;
  #text = '';
  #reason: string | undefined;
  #usage: Record<string, unknown> | undefined;
  readonly #notice: Warning;

  /** `notice` goes before the first word. */
  constructor(turn: number, emit: (event: ConversationEvent) => void, notice: Warning) {
    this.#turn = turn;
    this.#emit = emit;
    this.#notice = notice;
  }

  push(piece: Piece): void {
    const [candidate] = piece?.candidates ?? [];
    this.#reason = candidate?.finishReason ?? piece?.promptFeedback?.blockReason ?? this.#reason;
    this.#usage = piece?.usageMetadata ?? this.#usage;
    for (const { text, thought } of candidate?.content?.parts ?? []) {
      if (typeof text !== 'string' || text === '') continue;
      if (thought === true) this.#emit({ type: 'thought', text });
      else this.#word(text);
    }
  }

  #word(delta: string): void {
    if (this.#firstTextMs === undefined) {
      this.#firstTextMs = Math.round(performance.now() - this.#startedAtMs);
      this.#emit({ type: 'warning', ...this.#notice });
    }
    this.#text += delta;
    this.#emit({ type: 'model', turn: this.#turn, delta });
  }

  /** @throws GemliveError without a word. */
  end(): void {
    const reason = this.#reason === 'STOP' ? undefined : this.#reason;
    const text = this.#text.trim();
    if (text === '') {
      throw new GemliveError('it gave no answer', {
        code: 'no_answer',
        exitCode: EXIT.server,
        why: reason === undefined ? 'it ended without a word' : `it ended with ${reason}`,
      });
    }
    const usage = this.#usage && toUsage(this.#usage);
    const latency = this.#firstTextMs === undefined ? {} : { firstTextMs: this.#firstTextMs };
    this.#emit({ type: 'model', turn: this.#turn, text, final: true });
    this.#emit({
      type: 'turn',
      index: this.#turn,
      latency,
      ...(usage && { usage }),
      ...(reason !== undefined && { reason }),
    });
    if (usage) this.#emit({ type: 'usage', ...usage });
  }
}
