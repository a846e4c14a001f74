/** A conversation as `/v1/chat/completions` wants it. Pure. */
import type { BrainCall, BrainRequest, BrainTurn } from './brain.ts';

type ToolCall = { id: string; type: 'function'; function: { name: string; arguments: string } };

export type ChatMessage =
  | { role: 'system' | 'user'; content: string }
  | { role: 'assistant'; content: string; tool_calls?: ToolCall[] }
  | { role: 'tool'; tool_call_id: string; content: string };

/** Without a system instruction of its own a model writes for the eye. */
const SPOKEN =
  'Your answer is spoken aloud: say it in plain sentences, without lists, tables or markup.';

/**
 * Roles take turns, and the results of calls follow their call, since many services insist on both: a result
 * that is not there yet is said to be pending, and one that comes later comes as words.
 */
export function chatMessages({ system, turns }: BrainRequest, toolName: ToolNames): ChatMessage[] {
  const messages: ChatMessage[] = [{ role: 'system', content: system?.trim() || SPOKEN }];
  const merged = mergeModelTurns(turns);
  for (let at = 0; at < merged.length; at += 1) {
    const turn = merged[at];
    if (!turn) continue;
    if (turn.role === 'user') addUser(messages, turn.text);
    else if (turn.role === 'tool') addUser(messages, lateResult(turn));
    else if (!turn.calls?.length) addAssistant(messages, turn.text);
    else {
      const results = resultsAfter(merged, at);
      addCalls(messages, turn.text, turn.calls, results, toolName);
      for (const result of results)
        if (!isOf(turn.calls, result)) addUser(messages, lateResult(result));
      at += results.length;
    }
  }
  return messages;
}

type ToolTurn = Extract<BrainTurn, { role: 'tool' }>;
type ModelTurn = Extract<BrainTurn, { role: 'model' }>;

/** Calls made one after the other are one message. */
function mergeModelTurns(turns: readonly BrainTurn[]): BrainTurn[] {
  const merged: BrainTurn[] = [];
  for (const turn of turns) {
    const last = merged.at(-1);
    if (turn.role !== 'model' || last?.role !== 'model') merged.push(turn);
    else merged[merged.length - 1] = joined(last, turn);
  }
  return merged;
}

const joined = (one: ModelTurn, other: ModelTurn): ModelTurn => ({
  role: 'model',
  text: [one.text, other.text].filter((text) => text !== '').join(' '),
  calls: [...(one.calls ?? []), ...(other.calls ?? [])],
});

function resultsAfter(turns: readonly BrainTurn[], at: number): ToolTurn[] {
  const results: ToolTurn[] = [];
  for (const turn of turns.slice(at + 1)) {
    if (turn.role !== 'tool') break;
    results.push(turn);
  }
  return results;
}

const isOf = (calls: readonly BrainCall[], result: ToolTurn): boolean =>
  calls.some(({ id }) => id === result.id);

function addCalls(
  messages: ChatMessage[],
  text: string,
  calls: readonly BrainCall[],
  results: readonly ToolTurn[],
  toolName: ToolNames,
): void {
  const tool_calls = calls.map(({ id, name, args }) => ({
    id,
    type: 'function' as const,
    function: { name: toolName.sent(name), arguments: JSON.stringify(args) },
  }));
  messages.push({ role: 'assistant', content: text, tool_calls });
  for (const { id } of calls) {
    const answers = results.filter((result) => result.id === id).map(({ response }) => response);
    const content = JSON.stringify(
      answers.length > 1 ? answers : (answers[0] ?? { status: 'pending' }),
    );
    messages.push({ role: 'tool', tool_call_id: id, content });
  }
}

function addUser(messages: ChatMessage[], text: string): void {
  const last = messages.at(-1);
  if (last?.role === 'user') last.content += `\n${text}`;
  else messages.push({ role: 'user', content: text });
}

function addAssistant(messages: ChatMessage[], text: string): void {
  if (text !== '') messages.push({ role: 'assistant', content: text });
}

const lateResult = ({ name, response }: ToolTurn): string =>
  `[Result of ${name}, for you to tell: ${JSON.stringify(response)}]`;

/** Names of functions as these services take them, and back: no dots or colons, at most 64 characters. */
export class ToolNames {
  readonly #bySent = new Map<string, string>();
  readonly #byName = new Map<string, string>();

  constructor(names: readonly string[]) {
    for (const name of names) {
      const plain = name.replace(/[^\w-]/g, '_').slice(0, 60);
      let sent = plain;
      for (let count = 2; this.#bySent.has(sent); count += 1) sent = `${plain}_${count}`;
      this.#bySent.set(sent, name);
      this.#byName.set(name, sent);
    }
  }

  /** Of a function that is no longer declared too: it stands in the history. */
  sent(name: string): string {
    return this.#byName.get(name) ?? name.replace(/[^\w-]/g, '_').slice(0, 64);
  }

  original(sent: string): string {
    return this.#bySent.get(sent) ?? sent;
  }
}

/** `OBJECT` → `object`, at every depth: JSON Schema from the OpenAPI subset of the Live API. */
export function jsonSchemaOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(jsonSchemaOf);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) =>
      key === 'type' && typeof value === 'string'
        ? [key, value.toLowerCase()]
        : [key, jsonSchemaOf(value)],
    ),
  );
}
