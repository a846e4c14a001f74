/** What a client sends, as scripts speak of it: its kind, its words, how long its sound is. */
import { INPUT_FORMAT, msOfBytes } from '../../audio/format.ts';
import { sampleRateOf } from '../../protocol/codec.ts';
import type { ClientFrameKind, Expected, Json } from './script.ts';
import { difference, short } from './match.ts';

type Message = Record<string, unknown>;

/** A frame of the client without the bytes of its sound: frames of sound in a row are one. */
export type ClientFrame = { kind: ClientFrameKind | 'unknown'; message: Message; audioMs: number };

const objectOf = (value: unknown): Message =>
  typeof value === 'object' && value !== null ? (value as Message) : {};

/** `message` in the canonical spelling. */
export function readFrame(message: Message): ClientFrame {
  const [name = ''] = Object.keys(message);
  if (name !== 'realtimeInput') {
    const known = ['setup', 'clientContent', 'toolResponse', 'contextUpdate'].includes(name);
    return { kind: known ? (name as ClientFrameKind) : 'unknown', message, audioMs: 0 };
  }
  const input = objectOf(message['realtimeInput']);
  const chunks: unknown = input['mediaChunks'];
  const blob = objectOf(input['audio'] ?? (Array.isArray(chunks) ? chunks[0] : undefined));
  const mimeType = typeof blob['mimeType'] === 'string' ? blob['mimeType'] : '';
  if ('audio' in input || /^audio\//i.test(mimeType)) {
    const data = typeof blob['data'] === 'string' ? blob['data'] : '';
    const sampleRateHz = sampleRateOf(mimeType, INPUT_FORMAT.sampleRateHz);
    const audioMs = msOfBytes({ sampleRateHz, channels: 1 }, Buffer.byteLength(data, 'base64'));
    return { kind: 'audio', message: { realtimeInput: { audio: { mimeType } } }, audioMs };
  }
  if ('video' in input || 'mediaChunks' in input) {
    return { kind: 'video', message: { realtimeInput: { video: { mimeType } } }, audioMs: 0 };
  }
  const kinds = ['text', 'audioStreamEnd', 'activityStart', 'activityEnd'] as const;
  const kind = kinds.find((field) => field in input) ?? 'realtimeInput';
  return { kind, message, audioMs: 0 };
}

/** The user's words in `realtimeInput.text` or `clientContent`. */
export function wordsIn({ message }: ClientFrame): string | undefined {
  const spoken = objectOf(message['realtimeInput'])['text'];
  if (typeof spoken === 'string') return spoken;
  const turns = objectOf(message['clientContent'])['turns'];
  if (!Array.isArray(turns)) return undefined;
  const last = objectOf(turns.at(-1))['parts'];
  if (!Array.isArray(last)) return undefined;
  const texts = last.map((part) => objectOf(part)['text']);
  return texts.filter((text) => typeof text === 'string').join('');
}

/** Undefined when the frame is what is expected; otherwise what it is instead, in words. */
export function mismatch(frame: ClientFrame, expected: Expected): string | undefined {
  if (typeof expected === 'string') {
    const fits =
      frame.kind === expected ||
      (expected === 'realtimeInput' && 'realtimeInput' in frame.message) ||
      (expected === 'text' && wordsIn(frame) !== undefined);
    return fits ? undefined : `got ${inWords(frame)}`;
  }
  const [[name, value] = ['', null]] = Object.entries(expected) as [string, Json][];
  if (name === 'text') {
    const found = wordsIn(frame);
    if (found === undefined) return `got ${inWords(frame)}`;
    return difference(found, value) === undefined ? undefined : `got the text ${short(found)}`;
  }
  if (!(name in frame.message)) return `got ${inWords(frame)}`;
  const found = difference(frame.message[name], value, name);
  return found === undefined ? undefined : `${found} in ${inWords(frame)}`;
}

/** It is the message that is expected, if with something else in it: the right one will hardly follow. */
export function isOfKind(frame: ClientFrame, expected: Expected): boolean {
  if (typeof expected === 'string') return frame.kind === expected;
  if ('text' in expected) return wordsIn(frame) !== undefined;
  return Object.keys(expected).every((name) => name !== 'realtimeInput' && name in frame.message);
}

export const inWords = ({ kind, message, audioMs }: ClientFrame): string =>
  kind === 'audio' ? `audio (${Math.round(audioMs)} ms)` : short(message);

export const expectedInWords = (expected: Expected): string =>
  typeof expected === 'string' ? expected : short(expected);
