/** Frames, and what becomes of a session that gets them: the fuzzer's own idea of it, not the server's. */
import type { Chance } from './random.ts';
import { Message } from './messages.ts';

/**
 * `taken`: the session goes on. `refused`: it is closed, with that code, and a reason that fits. `either`: by rules
 * of the model that are not reckoned here; if it is closed, then as a client's mistake.
 */
export type Fate =
  | { kind: 'taken' }
  | { kind: 'refused'; code: number; reason?: RegExp }
  | { kind: 'either' };
export type Frame = { bytes: Uint8Array; fate: Fate };

const TAKEN: Fate = { kind: 'taken' };
const EITHER: Fate = { kind: 'either' };
const refused = (code: number, reason?: RegExp): Fate => ({
  kind: 'refused',
  code,
  ...(reason && { reason }),
});
const INVALID = refused(1007, /^Request contains an invalid argument\.$/);
const UNREADABLE = refused(1007, /^Invalid JSON payload received\. The frame is /);

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const quoted = (name: string): RegExp =>
  new RegExp(`^Invalid JSON payload received. Unknown name "${name}"`);

/** Setups that are in order: everything else is sent after one of them. */
export function goodSetup(chance: Chance): Frame {
  const model = chance.one([
    'models/gemini-3.8-live',
    'gemini-3.8-live',
    'projects/p/locations/l/publishers/google/models/gemini-3.8-live',
  ]);
  const extras = chance.one<object>([
    {},
    { generationConfig: { responseModalities: ['AUDIO'], temperature: 0.5 } },
    { generation_config: { response_modalities: ['AUDIO'], top_k: '40' } },
    { systemInstruction: { parts: [{ text: chance.text(50) }] } },
    { inputAudioTranscription: {}, output_audio_transcription: {} },
    { tools: [{ functionDeclarations: [{ name: 'get_time', behavior: 'NON_BLOCKING' }] }] },
    { sessionResumption: {}, contextWindowCompression: { slidingWindow: {} } },
    { realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' } },
    { labels: { a: 'b' }, safetySettings: [], generationConfig: null },
  ]);
  return { bytes: json({ setup: { model, ...extras } }), fate: TAKEN };
}

const realtime = (input: object): Buffer => json({ realtimeInput: input });

function sound(chance: Chance): Frame {
  const length = chance.weighted([
    [60, 1280],
    [10, 1279],
    [10, 0],
    [10, 1],
    [8, 8192],
    [1, 300_000],
  ]);
  const data = chance
    .bytes(Math.min(length, 2000))
    .toString('base64')
    .repeat(length > 2000 ? 4 : 1);
  const clean = data.replaceAll('=', '');
  const [mimeType, fate] = chance.weighted<[string, Fate]>([
    [60, ['audio/pcm;rate=16000', TAKEN]],
    [10, ['audio/pcm', TAKEN]],
    [5, ['AUDIO/L16; rate=48000', TAKEN]],
    [5, ['audio/pcm;rate=8000', TAKEN]],
    [2, ['audio/pcm;rate=4000', TAKEN]],
    [2, ['audio/pcm;rate=192000', TAKEN]],
    [2, ['image/jpeg', TAKEN]],
    [2, ['audio/pcm;rate=100', INVALID]],
    [2, ['audio/pcm;rate=3999', INVALID]],
    [2, ['audio/pcm;rate=999999', INVALID]],
    [2, ['audio/mp3', INVALID]],
    [2, ['', INVALID]],
  ]);
  const blob = { data: clean, mimeType };
  return chance.is(0.9)
    ? { bytes: realtime({ audio: blob }), fate }
    : // This model hears nothing of what comes so, whatever it is.
      { bytes: realtime({ media_chunks: [blob] }), fate: TAKEN };
}

function input(chance: Chance): Frame {
  const text = chance.text(30);
  return chance.weighted<Frame>([
    [6, { bytes: realtime({ text }), fate: TAKEN }],
    [6, { bytes: realtime({ audioStreamEnd: true }), fate: TAKEN }],
    [6, { bytes: realtime({ video: { data: 'AAAA', mime_type: 'image/png' } }), fate: TAKEN }],
    [4, { bytes: realtime({ activityStart: {} }), fate: INVALID }],
    [4, { bytes: realtime({ activity_end: {} }), fate: INVALID }],
    [4, { bytes: realtime({ text, audioStreamEnd: true }), fate: INVALID }],
    [4, { bytes: realtime({}), fate: INVALID }],
    [4, { bytes: realtime({ text: null }), fate: INVALID }],
  ]);
}

/** Of the other kinds, right by the schema: what they mean is not reckoned. */
function content(chance: Chance): Frame {
  const parts = [{ text: chance.text(30) }];
  const turns = [{ role: chance.one(['user', 'model']), parts }];
  return chance.weighted<Frame>([
    [5, { bytes: json({ clientContent: { turns, turnComplete: false } }), fate: TAKEN }],
    [2, { bytes: json({ client_content: { turn_complete: true } }), fate: TAKEN }],
    [2, { bytes: json({ contextUpdate: { systemInstruction: { parts } } }), fate: TAKEN }],
    [2, { bytes: json({ toolResponse: { functionResponses: [] } }), fate: TAKEN }],
    [3, { bytes: json({ clientContent: {}, realtimeInput: {} }), fate: INVALID }],
    [3, { bytes: json({}), fate: INVALID }],
    [3, { bytes: json({ setup: { model: 'models/gemini-3.8-live' } }), fate: INVALID }],
  ]);
}

const KEYS = ['clientContent', 'realtimeInput', 'toolResponse', 'contextUpdate', 'setup'];

function bySchema(chance: Chance): Frame {
  const key = chance.one(KEYS);
  const message = new Message(chance, key);
  if (chance.is(0.4)) {
    const name = message.addUnknown();
    // What is wrong before it, in its order, may be found first.
    return { bytes: json(message.value), fate: refused(1007, quoted(name)) };
  }
  if (chance.is(0.6)) {
    message.breakOne();
    return { bytes: json(message.value), fate: refused(1007) };
  }
  return { bytes: json(message.value), fate: key === 'setup' ? refused(1007) : EITHER };
}

function raw(chance: Chance): Frame {
  const bytes = chance.weighted<() => Buffer>([
    [6, () => chance.bytes(chance.below(60))],
    [4, () => Buffer.from(chance.text(60))],
    [2, () => Buffer.from(chance.one(['[]', 'null', '1', '"setup"', 'true', '', ' ', '{}{}']))],
    [2, () => Buffer.from(chance.one(['[', '{"a":']).repeat(chance.below(30_000)))],
    [1, () => Buffer.from(`{"setup":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)],
    [3, () => cut(chance)],
  ])();
  return { bytes, fate: isObject(bytes) ? refused(1007) : UNREADABLE };
}

/** It happens, by chance. */
function isObject(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** JSON that stops in the midst: no part of an object is one. */
function cut(chance: Chance): Buffer {
  const whole = json(new Message(chance, chance.one(KEYS)).value);
  return whole.subarray(0, chance.below(whole.length - 1));
}

/** A frame to a session that has been set up, with model 3.8 and automatic detection. */
export function frame(chance: Chance): Frame {
  return chance.weighted<(of: Chance) => Frame>([
    [55, sound],
    [8, input],
    [12, content],
    [15, bySchema],
    [6, raw],
  ])(chance);
}

/** Instead of a setup: nobody gets in with it. */
export function badSetup(chance: Chance): Frame {
  const first = /^setup must be the first message and only the first$/;
  return chance.weighted<() => Frame>([
    [4, () => raw(chance)],
    [3, () => ({ bytes: sound(chance).bytes, fate: refused(1007, first) })],
    [2, () => ({ bytes: json({ toolResponse: {} }), fate: refused(1007, first) })],
    [2, () => ({ bytes: json({ setup: {} }), fate: INVALID })],
    [2, () => ({ bytes: json({ setup: null }), fate: INVALID })],
    [
      3,
      () => ({
        bytes: json({ setup: { model: `models/${chance.text(8)}` } }),
        fate: refused(1008, /is not found for API version|^Call /),
      }),
    ],
    [
      2,
      () => ({
        bytes: json({ setup: { model: 'models/gemini-2.0-flash-live-001' } }),
        fate: refused(1008, /^models\/gemini-2\.0-flash-live-001 is not found/),
      }),
    ],
    [
      2,
      () => ({
        bytes: json({
          setup: { model: 'gemini-3.8-live', generationConfig: { responseModalities: ['TEXT'] } },
        }),
        fate: refused(1007, /^The requested combination of response modalities \(TEXT\)/),
      }),
    ],
    [
      2,
      () => ({
        bytes: json({ setup: { model: 'gemini-3.8-live', sessionResumption: { handle: 'x' } } }),
        fate: refused(1008, /^BidiGenerateContent session expired$/),
      }),
    ],
    [
      6,
      () => {
        const message = new Message(chance, 'setup');
        const name = message.addUnknown();
        return { bytes: json(message.value), fate: refused(1007, quoted(name)) };
      },
    ],
    [
      6,
      () => {
        const message = new Message(chance, 'setup');
        message.breakOne();
        return { bytes: json(message.value), fate: refused(1007) };
      },
    ],
  ])();
}

/** Closes every conversation that has come so far: whatever was taken, this is not. */
export const SENTINEL: Frame = {
  bytes: json({ theEnd: 1 }),
  fate: refused(1007, /Unknown name "theEnd"/),
};
