/** The wire: frames, messages, events. Whatever a peer sends must be read, refused in words or ignored. */
import * as fc from 'fast-check';
import {
  audioBlob,
  decodeFrame,
  decodeServerFrame,
  durationMs,
  encodeServerMessage,
  sampleRateOf,
} from '../../src/protocol/codec.ts';
import { toEvents } from '../../src/protocol/events.ts';
import { closeReason, Refusal } from '../../src/server/refusal.ts';
import { readClientMessage } from '../../src/server/schema.ts';
import { ensure, notFinite, type Target } from './target.ts';

const words = (text: string): fc.Arbitrary<string> => fc.constantFrom(...text.split(' '));

/** Text that almost is a number, a duration or a MIME type. */
const nearlyNumber = fc.oneof(
  words('0 -0 1 -1 00 007 24000 1e5 1e999 -1e999 0x10 NaN Infinity 9007199254740993 1_000 ٣ .5 5.'),
  fc.double().map(String),
  fc.tuple(words('1 9 0'), fc.nat(400)).map(([digit, length]) => digit.repeat(length)),
);
const nearlyMeant = fc.oneof(
  nearlyNumber,
  nearlyNumber.map((number) => `${number}s`),
  nearlyNumber.map((number) => `audio/pcm;rate=${number}`),
  words(
    'audio/pcm audio/l16 AUDIO/PCM video/mp4 AAAA //8= A ==== _-_- IDLE IN_PROGRESS AUDIO TEXT',
  ),
  words('ACTIVITY_START VAD_SIGNAL_TYPE_EOS models/gemini-3.8-live MINIMAL'),
);

const SERVER_KEYS =
  'setupComplete sessionId sessionResumptionUpdate newHandle resumable lastConsumedClientMessageIndex goAway ' +
  'timeLeft serverContent interrupted voiceActivity type voiceActivityType audioOffset vadSignalType ' +
  'voiceActivityDetectionSignal interimInputTranscription inputTranscription outputTranscription text ' +
  'languageCode modelTurn parts thought inlineData mimeType data executableCode language code ' +
  'codeExecutionResult outcome output groundingMetadata webSearchQueries groundingChunks web uri title ' +
  'toolCall functionCalls id name args toolCallCancellation ids waitingForInput generationComplete ' +
  'interactionStatus turnComplete turnCompleteReason usageMetadata promptTokenCount responseTokenCount ' +
  'candidatesTokenCount totalTokenCount thoughtsTokenCount cachedContentTokenCount promptTokensDetails ' +
  'responseTokensDetails candidatesTokensDetails modality tokenCount __proto__ constructor toString';
const CLIENT_KEYS =
  'setup model generationConfig responseModalities speechConfig voiceConfig prebuiltVoiceConfig voiceName ' +
  'temperature topK seed thinkingConfig thinkingLevel thinkingBudget systemInstruction tools ' +
  'functionDeclarations name parameters googleSearch realtimeInputConfig automaticActivityDetection disabled ' +
  'prefixPaddingMs silenceDurationMs activityHandling turnCoverage sessionResumption handle ' +
  'contextWindowCompression slidingWindow targetTokens inputAudioTranscription outputAudioTranscription ' +
  'proactivity historyConfig safetySettings labels clientContent turns role parts text turnComplete ' +
  'realtimeInput audio mimeType data audioStreamEnd activityStart activityEnd mediaChunks toolResponse ' +
  'functionResponses id response scheduling contextUpdate generation_config client_content __proto__ toString';

/** Objects that are made of the wire's own words, with anything behind each. */
function nearlyMessage(keys: string): fc.Arbitrary<Record<string, unknown>> {
  const key = fc.oneof({ weight: 30, arbitrary: words(keys) }, fc.string({ maxLength: 8 }));
  const { object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, depthSize: 'medium' },
      fc.constantFrom<unknown>(true, false, null, 0, '', [], {}),
      nearlyMeant,
      fc.double(),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.array(tie('value'), { maxLength: 4 }),
      { weight: 5, arbitrary: tie('object') },
    ),
    object: fc.dictionary(key, tie('value'), { maxKeys: 6 }),
  }));
  return object;
}

/** As it comes from the wire: through JSON, where NaN is null and `__proto__` a key like any other. */
const throughJson = (value: unknown): Record<string, unknown> =>
  JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

const path = (...keys: string[]): ((inner: unknown) => unknown) => {
  return (inner) => keys.reduceRight((value, key) => ({ [key]: value }), inner);
};

/** Half of them get past the first door: the parts of a turn, the details of a receipt. */
const serverMessage = fc.oneof(
  nearlyMessage(SERVER_KEYS),
  nearlyMessage(SERVER_KEYS).map(path('serverContent')),
  fc
    .array(nearlyMessage(SERVER_KEYS), { maxLength: 3 })
    .map(path('serverContent', 'modelTurn', 'parts')),
  fc
    .tuple(words('inlineData executableCode thought'), nearlyMessage(SERVER_KEYS))
    .map(([key, inner]) => path('serverContent', 'modelTurn', 'parts')([{ [key]: inner }])),
  fc
    .record({ mimeType: nearlyMeant, data: fc.oneof(nearlyMeant, fc.base64String()) })
    .map((inlineData) => path('serverContent', 'modelTurn', 'parts')([{ inlineData }])),
  nearlyMessage(SERVER_KEYS).map(path('usageMetadata')),
  nearlyMeant.map(path('goAway', 'timeLeft')),
  fc
    .array(fc.record({ modality: words('TEXT AUDIO SMELL'), tokenCount: fc.double() }))
    .map(path('usageMetadata', 'promptTokensDetails')),
);

/** JSON with a few bytes overwritten, cut out or put in. */
const brokenJson = fc
  .tuple(
    serverMessage,
    fc.array(fc.tuple(fc.nat(), fc.nat(255), words('set cut insert')), { maxLength: 3 }),
  )
  .map(([message, edits]) => {
    let bytes = Buffer.from(JSON.stringify(message));
    for (const [place, value, kind] of edits) {
      const at = bytes.length === 0 ? 0 : place % bytes.length;
      const tail = bytes.subarray(kind === 'insert' ? at : at + 1);
      const middle = kind === 'cut' ? [] : [value];
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(middle), tail]);
    }
    return bytes;
  });
const deep = fc.tuple(words('[ {"a":'), fc.nat(20_000)).map(([open, depth]) => open.repeat(depth));

const frame: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 10, arbitrary: brokenJson },
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 3, arbitrary: fc.json() },
  { weight: 1, arbitrary: deep },
);

const codec = fc.property(frame, nearlyMeant, (given, text) => {
  const decoded = decodeFrame(given);
  if (decoded.ok) {
    const { message } = decoded;
    ensure(typeof message === 'object' && !Array.isArray(message), 'not an object');
    const again = decodeServerFrame(encodeServerMessage(message));
    ensure(again.ok && JSON.stringify(again.message) === JSON.stringify(message), 'round trip');
    toEvents(message);
  } else {
    ensure(decoded.reason !== '' && !decoded.reason.includes('\n'), 'a reason of one line');
  }
  const rateHz = sampleRateOf(text, 24_000);
  ensure(Number.isInteger(rateHz) && rateHz >= 100, `a rate of ${rateHz} Hz`);
  const ms = durationMs(text);
  ensure(ms === undefined || Number.isFinite(ms), `a duration of ${ms} ms`);
  const bytes = typeof given === 'string' ? Buffer.from(given) : given;
  const blob = audioBlob(bytes, 16_000);
  ensure(Buffer.from(blob.data, 'base64').equals(bytes), 'base64 round trip');
  return true;
});

/** The contract's order; what is not here stands anywhere among its neighbours. */
const ORDER = [
  'setupComplete resumption goAway interrupted voiceActivity inputTranscription',
  'text thought audio executableCode codeExecutionResult',
  'outputTranscription grounding toolCall toolCallCancellation waitingForInput generationComplete',
  'interactionStatus turnComplete usage',
].map((types) => types.split(' '));
const RANK = new Map(
  ORDER.flatMap((types, row) =>
    // The parts of a turn keep the server's own order.
    types.map((type, column): [string, number] => [type, row * 100 + (row === 1 ? 0 : column)]),
  ),
);

const events = fc.property(serverMessage, (given) => {
  const message = throughJson(given);
  const before = JSON.stringify(message);
  const made = toEvents(message);
  ensure(JSON.stringify(message) === before, 'the message was changed');
  let rank = -1;
  for (const event of made) {
    const own = RANK.get(event.type);
    ensure(own !== undefined && own >= rank, `${event.type} out of order`);
    rank = own;
    if (event.type === 'audio') {
      ensure(event.pcm.byteLength > 0, 'empty sound');
      ensure(event.sampleRateHz >= 100, `sound of ${event.sampleRateHz} Hz`);
    }
    if ('text' in event) ensure(typeof event.text === 'string' && event.text !== '', 'empty text');
    const place = notFinite(event);
    ensure(place === undefined, `${event.type}${place} is no number`);
  }
  return true;
});

const clientMessage = fc.oneof(
  nearlyMessage(CLIENT_KEYS),
  nearlyMessage(CLIENT_KEYS).map(path('setup')),
  nearlyMessage(CLIENT_KEYS).map(path('setup', 'generationConfig')),
  nearlyMessage(CLIENT_KEYS).map(path('realtimeInput')),
  nearlyMessage(CLIENT_KEYS).map(path('clientContent')),
  fc.array(nearlyMessage(CLIENT_KEYS), { maxLength: 2 }).map(path('clientContent', 'turns')),
);

const schema = fc.property(clientMessage, (given) => {
  try {
    const message = readClientMessage(throughJson(given));
    ensure(Object.keys(message).length === 1, 'one key');
    // What was understood is understood again, and means the same.
    const again = readClientMessage(throughJson(message));
    ensure(JSON.stringify(again) === JSON.stringify(message), 'round trip');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const reason = closeReason(error.message);
    ensure(Buffer.byteLength(reason) <= 123, 'fits into a close frame');
  }
  return true;
});

export const PROTOCOL_TARGETS: readonly Target[] = [
  { name: 'codec', share: 19, property: codec },
  { name: 'toEvents', share: 20, property: events },
  { name: 'server schema', share: 8, property: schema },
];
