/**
 * `toEvents()`: one server message → the ordered list of what it says. Pure and total: whatever a peer
 * sends, this neither throws nor invents. The order is the contract's, whatever the order in the JSON.
 */
import type { InteractionStatus, LiveEvent, Modality, Usage } from '../events.ts';
import { durationMs, sampleRateOf } from './codec.ts';
import type { ServerMessage } from './messages.ts';

type Json = Record<string, unknown>;

const OUTPUT_RATE_HZ = 24_000;
/** Sound has such rates. Any other in a mime type of the service is a mistake. */
const [MIN_RATE_HZ, MAX_RATE_HZ] = [4_000, 384_000];

function replyRateOf(mimeType: string): number {
  const rateHz = sampleRateOf(mimeType, OUTPUT_RATE_HZ);
  return rateHz >= MIN_RATE_HZ && rateHz <= MAX_RATE_HZ ? rateHz : OUTPUT_RATE_HZ;
}

const asObject = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : undefined;
const asArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const asText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
/** A number of tokens: int64 travels as text. */
const asCount = (value: unknown): number | undefined => {
  const count = typeof value === 'number' ? value : Number(asText(value) ?? NaN);
  // Beyond that it is none, and a sum of such would be no number at all.
  return count >= 0 && count <= Number.MAX_SAFE_INTEGER ? count : undefined;
};

export function toEvents(message: ServerMessage): LiveEvent[] {
  const root = message as Json;
  const events: LiveEvent[] = [];
  const content = asObject(root['serverContent']) ?? {};

  if (root['setupComplete'] !== undefined) {
    const sessionId = asText(asObject(root['setupComplete'])?.['sessionId']);
    events.push({ type: 'setupComplete', ...(sessionId && { sessionId }) });
  }
  resumptionEvent(asObject(root['sessionResumptionUpdate']), events);
  const goAway = asObject(root['goAway']);
  if (goAway) events.push({ type: 'goAway', timeLeftMs: durationMs(goAway['timeLeft']) ?? 0 });

  if (content['interrupted'] === true) events.push({ type: 'interrupted' });
  voiceActivityEvent(root, events);
  transcriptionEvent(asObject(content['interimInputTranscription']), 'interim', events);
  transcriptionEvent(asObject(content['inputTranscription']), 'input', events);
  for (const part of asArray(asObject(content['modelTurn'])?.['parts'])) {
    partEvent(asObject(part) ?? {}, events);
  }
  transcriptionEvent(asObject(content['outputTranscription']), 'output', events);
  groundingEvent(asObject(content['groundingMetadata']), events);
  toolCallEvent(asArray(asObject(root['toolCall'])?.['functionCalls']), events);
  const cancellation = asObject(root['toolCallCancellation']);
  if (cancellation) {
    const ids = asArray(cancellation['ids']).filter((id) => typeof id === 'string');
    events.push({ type: 'toolCallCancellation', ids });
  }
  if (content['waitingForInput'] === true) events.push({ type: 'waitingForInput' });
  if (content['generationComplete'] === true) events.push({ type: 'generationComplete' });
  // Before turnComplete, so that a reader of turnComplete knows whether the model is idle.
  const status = content['interactionStatus'] ?? root['interactionStatus'];
  if (isInteractionStatus(status)) events.push({ type: 'interactionStatus', status });
  if (content['turnComplete'] === true) {
    const reason = asText(content['turnCompleteReason']);
    events.push({ type: 'turnComplete', ...(reason && { reason }) });
  }
  const usage = asObject(root['usageMetadata']);
  if (usage) events.push({ type: 'usage', usage: toUsage(usage) });
  return events;
}

function resumptionEvent(update: Json | undefined, events: LiveEvent[]): void {
  if (!update) return;
  const handle = asText(update['newHandle']);
  const index = update['lastConsumedClientMessageIndex'];
  const lastConsumedIndex =
    typeof index === 'string' || typeof index === 'number' ? Number(index) : NaN;
  events.push({
    type: 'resumption',
    handle,
    resumable: update['resumable'] === true && handle !== undefined,
    ...(Number.isSafeInteger(lastConsumedIndex) && { lastConsumedIndex }),
  });
}

function voiceActivityEvent(root: Json, events: LiveEvent[]): void {
  const activity = asObject(root['voiceActivity']);
  const kind = activity?.['type'] ?? activity?.['voiceActivityType'];
  const signal = asObject(root['voiceActivityDetectionSignal'])?.['vadSignalType'];
  const start = kind === 'ACTIVITY_START' || signal === 'VAD_SIGNAL_TYPE_SOS';
  const end = kind === 'ACTIVITY_END' || signal === 'VAD_SIGNAL_TYPE_EOS';
  if (!start && !end) return;
  const offsetMs = durationMs(activity?.['audioOffset']);
  events.push({
    type: 'voiceActivity',
    activity: start ? 'start' : 'end',
    ...(offsetMs !== undefined && { offsetMs }),
  });
}

function transcriptionEvent(
  transcription: Json | undefined,
  side: 'input' | 'interim' | 'output',
  events: LiveEvent[],
): void {
  const text = asText(transcription?.['text']);
  if (!transcription || text === undefined) return;
  const languageCode = asText(transcription['languageCode']);
  const language = languageCode === undefined ? {} : { languageCode };
  if (side === 'output') events.push({ type: 'outputTranscription', text, ...language });
  else events.push({ type: 'inputTranscription', text, interim: side === 'interim', ...language });
}

function partEvent(part: Json, events: LiveEvent[]): void {
  const text = asText(part['text']);
  if (text !== undefined)
    events.push({ type: part['thought'] === true ? 'thought' : 'text', text });

  const blob = asObject(part['inlineData']);
  const mimeType = asText(blob?.['mimeType']) ?? '';
  const data = asText(blob?.['data']);
  if (data !== undefined && /^audio\/(pcm|l16)\b/i.test(mimeType)) {
    const pcm = Buffer.from(data, 'base64');
    if (pcm.length > 0) {
      events.push({ type: 'audio', pcm, sampleRateHz: replyRateOf(mimeType) });
    }
  }

  const code = asObject(part['executableCode']);
  if (code) {
    events.push({
      type: 'executableCode',
      language: asText(code['language']) ?? '',
      code: asText(code['code']) ?? '',
    });
  }
  const result = asObject(part['codeExecutionResult']);
  if (result) {
    events.push({
      type: 'codeExecutionResult',
      outcome: asText(result['outcome']) ?? '',
      output: asText(result['output']) ?? '',
    });
  }
}

function groundingEvent(metadata: Json | undefined, events: LiveEvent[]): void {
  if (!metadata) return;
  const queries = asArray(metadata['webSearchQueries']).filter(
    (query) => typeof query === 'string',
  );
  const sources: { uri: string; title?: string }[] = [];
  for (const chunk of asArray(metadata['groundingChunks'])) {
    const web = asObject(asObject(chunk)?.['web']);
    const uri = asText(web?.['uri']);
    const title = asText(web?.['title']);
    if (uri !== undefined) sources.push({ uri, ...(title !== undefined && { title }) });
  }
  if (queries.length > 0 || sources.length > 0)
    events.push({ type: 'grounding', queries, sources });
}

function toolCallEvent(functionCalls: unknown[], events: LiveEvent[]): void {
  const calls = functionCalls.flatMap((value) => {
    const call = asObject(value);
    const name = asText(call?.['name']);
    if (!call || name === undefined) return [];
    const id = asText(call['id']);
    return [{ name, args: asObject(call['args']) ?? {}, ...(id !== undefined && { id }) }];
  });
  if (calls.length > 0) events.push({ type: 'toolCall', calls });
}

const isInteractionStatus = (value: unknown): value is InteractionStatus =>
  value === 'IN_PROGRESS' || value === 'IDLE' || value === 'REQUIRES_ACTION';

const MODALITIES: readonly string[] = ['TEXT', 'AUDIO', 'IMAGE', 'VIDEO', 'DOCUMENT'];

/** Reads both spellings: Vertex says `candidatesTokenCount` where the Gemini API says `responseTokenCount`. */
export function toUsage(wire: Record<string, unknown>): Usage {
  const count = (...keys: string[]): number => {
    const values = keys.map((key) => asCount(wire[key]));
    return values.find((value) => value !== undefined) ?? 0;
  };
  const details = (...keys: string[]): Usage['promptByModality'] => {
    const sums: Usage['promptByModality'] = {};
    for (const entry of asArray(keys.map((key) => wire[key]).find(Array.isArray))) {
      const modality = asObject(entry)?.['modality'];
      const tokens = asCount(asObject(entry)?.['tokenCount']);
      if (typeof modality !== 'string' || !MODALITIES.includes(modality)) continue;
      if (tokens === undefined) continue;
      sums[modality as Modality] = (sums[modality as Modality] ?? 0) + tokens;
    }
    return sums;
  };
  return {
    promptTokens: count('promptTokenCount'),
    responseTokens: count('responseTokenCount', 'candidatesTokenCount'),
    totalTokens: count('totalTokenCount'),
    thoughtsTokens: count('thoughtsTokenCount'),
    cachedTokens: count('cachedContentTokenCount'),
    toolUsePromptTokens: count('toolUsePromptTokenCount'),
    promptByModality: details('promptTokensDetails'),
    responseByModality: details('responseTokensDetails', 'candidatesTokensDetails'),
  };
}
