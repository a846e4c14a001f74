/** An OpenAI-compatible `/v1/chat/completions` as a brain: Ollama, llama.cpp, vLLM and others. */
import { jsonIn, messageIn, Service } from '../engines/service.ts';
import type { ServiceOptions } from '../engines/services.ts';
import { mayCall, type Brain, type BrainPiece, type BrainRequest } from './brain.ts';
import { chatMessages, jsonSchemaOf, ToolNames } from './chatMessages.ts';
import { eventData } from './sse.ts';
import { ThoughtFilter } from './thoughts.ts';

type ToolCallDelta = {
  index?: number;
  id?: string;
  function?: { name?: string; arguments?: string | Record<string, unknown> };
};
type Delta = {
  content?: string | null;
  /** llama.cpp, vLLM; `reasoning`: Ollama and others. */
  reasoning_content?: string | null;
  reasoning?: string | null;
  tool_calls?: ToolCallDelta[] | null;
};
type Chunk = {
  choices?: { delta?: Delta; message?: Delta; finish_reason?: string | null }[];
  error?: unknown;
};

/** @throws GemliveError where the service does not answer, refuses the key, or has no model. */
export async function chatBrain(
  url: URL,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<Brain> {
  const service = new Service(
    url,
    {
      option: '--llm',
      endpoint: '/chat/completions',
      models: /^(?!.*(embed|whisper|tts|rerank))/i,
      defaultModel: undefined,
    },
    options,
  );
  await service.connect(signal);
  return { name: service.name, think: (request, abort) => think(service, request, abort) };
}

async function* think(
  service: Service,
  request: BrainRequest,
  signal: AbortSignal,
): AsyncGenerator<BrainPiece, void> {
  const toolNames = new ToolNames(request.tools.map((tool) => tool.name));
  const thoughts = new ThoughtFilter();
  const calls = new CallGatherer();
  let isEmpty = true;
  let isOver = false;
  for await (const data of eventData(service.post(bodyOf(service, request, toolNames), signal))) {
    if (data.trim() === '[DONE]') {
      isOver = true;
      break;
    }
    const chunk = (jsonIn(data) ?? {}) as Chunk;
    if (chunk.error)
      throw new Error(`${service.host} failed: ${messageIn(data) || data.slice(0, 200)}`);
    const choice = chunk.choices?.[0];
    const delta = choice?.delta ?? choice?.message;
    if (choice?.finish_reason || choice?.message) isOver = true;
    const thought = delta?.reasoning_content ?? delta?.reasoning;
    if (thought) yield { thought };
    for (const piece of delta?.content ? thoughts.push(delta.content) : []) {
      isEmpty &&= 'thought' in piece;
      yield piece;
    }
    for (const call of delta?.tool_calls ?? []) calls.push(call);
  }
  for (const piece of thoughts.end()) {
    isEmpty &&= 'thought' in piece;
    yield piece;
  }
  if (!isOver) throw new Error(`${service.host} ended in the middle of its answer`);
  const wanted = calls.end();
  if (wanted.length > 0 && !mayCall(request.turns)) {
    throw new Error(`${service.name} calls functions again and again`);
  }
  for (const { name, args } of wanted) {
    isEmpty = false;
    yield { call: { name: toolNames.original(name), args } };
  }
  if (isEmpty) throw new Error(`${service.name} answered nothing`);
}

function bodyOf(
  { model }: Service,
  request: BrainRequest,
  toolNames: ToolNames,
): Record<string, unknown> {
  const tools = request.tools.map((tool) => ({
    type: 'function',
    function: {
      name: toolNames.sent(tool.name),
      ...(tool.description !== undefined && { description: tool.description }),
      parameters: jsonSchemaOf(
        tool.parametersJsonSchema ?? tool.parameters ?? { type: 'object', properties: {} },
      ),
    },
  }));
  return {
    model,
    stream: true,
    messages: chatMessages(request, toolNames),
    ...(request.temperature !== undefined && { temperature: request.temperature }),
    ...(tools.length > 0 && { tools, ...(!mayCall(request.turns) && { tool_choice: 'none' }) }),
  };
}

/** Puts calls together that come in pieces: the name first, the arguments cut anywhere. */
class CallGatherer {
  readonly #calls: { index: number; id: string; name: string; json: string }[] = [];

  push({ index = 0, id = '', function: made = {} }: ToolCallDelta): void {
    const { name = '', arguments: args = '' } = made;
    const json = typeof args === 'string' ? args : JSON.stringify(args);
    const open = this.#calls.findLast((call) => call.index === index);
    // Some services number all calls 0: another id or name is another call.
    const isNew = !open || (id !== '' && open.id !== '' && id !== open.id);
    if (isNew) this.#calls.push({ index, id, name, json });
    else {
      open.name ||= name;
      open.json += json;
    }
  }

  /** @throws Error where the arguments are no JSON object. */
  end(): { name: string; args: Record<string, unknown> }[] {
    return this.#calls.map(({ name, json }) => {
      const args = json.trim() === '' ? {} : jsonIn(json);
      if (typeof args !== 'object' || args === null || Array.isArray(args)) {
        throw new Error(`the model called ${name} with arguments that are no JSON object`);
      }
      return { name, args: args as Record<string, unknown> };
    });
  }
}
