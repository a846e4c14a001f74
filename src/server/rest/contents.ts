/** What `generateContent` is asked: its fields, and the conversation in them as a brain sees it. */
import type {
  Content,
  FunctionDeclaration,
  GenerationConfig,
  Part,
  Tool,
} from '../../protocol/messages.ts';
import type { BrainCall, BrainRequest, BrainTurn } from '../brain/brain.ts';
import { all, conform, CONTENT, GENERATION_CONFIG, oneOf, TOOL, type Shape } from '../schema.ts';
import { textTokens } from '../usage.ts';
import { badRequest, RestError } from './errors.ts';

const REQUEST = {
  ...all('string', 'model cachedContent serviceTier'),
  contents: [CONTENT],
  systemInstruction: CONTENT,
  tools: [TOOL],
  toolConfig: {
    functionCallingConfig: {
      mode: oneOf('MODE_UNSPECIFIED AUTO ANY NONE VALIDATED'),
      allowedFunctionNames: ['string'],
    },
    ...all('any', 'retrievalConfig includeServerSideToolInvocations'),
  },
  safetySettings: [all('string', 'category threshold method')],
  generationConfig: {
    ...GENERATION_CONFIG,
    ...all('string', 'responseMimeType'),
    ...all('any', 'responseSchema responseJsonSchema speechConfig imageConfig routingConfig'),
    ...all('bool', 'responseLogprobs audioTimestamp enableEnhancedCivicAnswers'),
    logprobs: 'int',
    stopSequences: ['string'],
  },
  labels: 'any',
} satisfies Shape;
const COUNT_REQUEST: Shape = { ...REQUEST, generateContentRequest: REQUEST };

export type GenerateRequest = {
  contents?: Content[];
  systemInstruction?: Content;
  tools?: Tool[];
  toolConfig?: { functionCallingConfig?: { mode?: string; allowedFunctionNames?: string[] } };
  generationConfig?: GenerationConfig & { responseMimeType?: string; stopSequences?: string[] };
  cachedContent?: string;
};

/** @throws RestError, Refusal: what the service does not take, and what this server cannot do */
export function readGenerateRequest(body: unknown): GenerateRequest {
  const request = conform(body, REQUEST) as GenerateRequest;
  checkContents(request.contents);
  const {
    responseMimeType,
    responseModalities = [],
    candidateCount = 1,
  } = request.generationConfig ?? {};
  if (request.cachedContent)
    throw new RestError(403, 'CachedContent not found (or permission denied)');
  if (responseMimeType && responseMimeType !== 'text/plain')
    throw badRequest('JSON mode is not enabled for this model');
  if (responseModalities.some((modality) => modality !== 'TEXT'))
    throw badRequest(
      `The requested combination of response modalities (${responseModalities.join(', ')}) is not supported by the model.`,
    );
  if (candidateCount > 1) throw badRequest('Multiple candidates is not enabled for this model');
  return request;
}

/** Of `countTokens`, which takes contents alone or a whole request. @throws RestError, Refusal */
export function readCountRequest(body: unknown): GenerateRequest {
  const { generateContentRequest, ...plain } = conform(body, COUNT_REQUEST) as GenerateRequest & {
    generateContentRequest?: GenerateRequest;
  };
  const request = generateContentRequest ?? plain;
  checkContents(request.contents);
  return request;
}

function checkContents(contents: Content[] = []): void {
  if (contents.length === 0)
    throw badRequest('* GenerateContentRequest.contents: contents is not specified\n');
  for (const [index, { role = 'user', parts = [] }] of contents.entries()) {
    if (!['user', 'model', 'function'].includes(role))
      throw badRequest('Please use a valid role: user, model.');
    if (parts.length === 0)
      throw badRequest(
        `* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.\n`,
      );
  }
  if (contents.at(-1)?.role === 'model')
    throw badRequest(
      'Please ensure that multiturn requests end with a user role or a function response.',
    );
}

export function toBrainRequest(request: GenerateRequest, now: Date): BrainRequest {
  return {
    system: request.systemInstruction && textOf(request.systemInstruction.parts, '\n'),
    turns: turnsOf(request.contents ?? []),
    tools: functionsOf(request),
    now,
    temperature: request.generationConfig?.temperature,
  };
}

const textOf = (parts: readonly Part[] = [], joint = ''): string =>
  parts.flatMap((part) => (part.thought || !part.text ? [] : [part.text])).join(joint);

function functionsOf({ tools = [], toolConfig }: GenerateRequest): FunctionDeclaration[] {
  const { mode, allowedFunctionNames: allowed = [] } = toolConfig?.functionCallingConfig ?? {};
  if (mode === 'NONE') return [];
  const declared = tools.flatMap((tool) => tool.functionDeclarations ?? []);
  return allowed.length === 0 ? declared : declared.filter(({ name }) => allowed.includes(name));
}

/** Pictures and sound are taken and not looked at, as in a Live session. */
function turnsOf(contents: readonly Content[]): BrainTurn[] {
  const turns: BrainTurn[] = [];
  /** Calls by name that wait for a result: over HTTP neither needs an id. */
  const open: BrainCall[] = [];
  let count = 0;
  for (const { role, parts } of contents) {
    if (role === 'model') {
      const calls = parts.flatMap(({ functionCall: call }): BrainCall[] => {
        if (!call) return [];
        count += 1;
        return [{ id: call.id ?? `call-${count}`, name: call.name ?? '', args: call.args ?? {} }];
      });
      open.push(...calls);
      turns.push({ role: 'model', text: textOf(parts), ...(calls.length > 0 && { calls }) });
      continue;
    }
    const results = parts.flatMap(({ functionResponse }) => functionResponse ?? []);
    for (const { id, name = '', response = {} } of results) {
      const at = open.findIndex((call) => (id === undefined ? call.name === name : call.id === id));
      const [call] = at < 0 ? [] : open.splice(at, 1);
      turns.push({ role: 'tool', id: id ?? call?.id ?? name, name, response });
    }
    const text = textOf(parts);
    if (text !== '' || results.length === 0) turns.push({ role: 'user', text });
  }
  return turns;
}

/** Reckoned as in a Live session: see usage.ts. */
export function promptTokens({ system = '', turns, tools }: BrainRequest): number {
  const said = turns.map((turn) => {
    if (turn.role === 'user') return turn.text;
    if (turn.role === 'tool') return JSON.stringify(turn.response);
    return turn.text + (turn.calls ? JSON.stringify(turn.calls.map(({ args }) => args)) : '');
  });
  const declared = tools.length === 0 ? '' : JSON.stringify(tools);
  return [system, declared, ...said].reduce((sum, text) => sum + textTokens(text), 0);
}
