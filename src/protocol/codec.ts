/**
 * Frames ↔ messages. Client frames are text; server frames are binary frames that hold UTF-8 JSON
 * (recorded sessions), but text frames are taken too.
 */
import type { Blob, ClientMessage, ServerMessage } from './messages.ts';

export type Decoded<T> = { ok: true; message: T } | { ok: false; reason: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads one frame. Anything that is not a JSON object in UTF-8 is a bad frame, with the reason in words
 * (turns.md §1.6 of the contract: one warning, skipped). Keys are not checked here: unknown ones are
 * legal, and malformed ones are skipped by `toEvents()`.
 */
export function decodeFrame(frame: Uint8Array | string): Decoded<Record<string, unknown>> {
  if (isTooDeep(frame)) return { ok: false, reason: `nested more than ${MAX_DEPTH} deep` };
  let text: string;
  if (typeof frame === 'string') {
    text = frame;
  } else {
    try {
      text = utf8.decode(frame);
    } catch {
      return { ok: false, reason: `not UTF-8 (${frame.length} bytes)` };
    }
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: `not JSON (${text.length} characters)` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, reason: 'not a JSON object' };
  }
  return { ok: true, message: value as Record<string, unknown> };
}

/** As deep as JSON of the service's kind may be. */
const MAX_DEPTH = 100;
const CHECKED_FROM_BYTES = 65_536;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENS: ReadonlySet<number | undefined> = new Set([0x5b, 0x7b]);
const CLOSES: ReadonlySet<number | undefined> = new Set([0x5d, 0x7d]);

/**
 * Four megabytes of brackets take the parser a quarter of a second, in which nobody else is served: large
 * frames are looked at first. Strings are leapt over, so that sound costs nothing.
 */
function isTooDeep(frame: Uint8Array | string): boolean {
  if (typeof frame === 'string' || frame.byteLength < CHECKED_FROM_BYTES) return false;
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfString(bytes, at + 1);
    } else if (OPENS.has(byte)) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (CLOSES.has(byte)) depth -= 1;
  }
  return false;
}

/** Where its quote is; the end of all where there is none. */
function endOfString(bytes: Buffer, from: number): number {
  for (let at = from; ; at++) {
    at = bytes.indexOf(QUOTE, at);
    if (at < 0) return bytes.length;
    let slashes = 0;
    while (at - slashes > from && bytes[at - slashes - 1] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
}

export function decodeServerFrame(frame: Uint8Array | string): Decoded<ServerMessage> {
  return decodeFrame(frame);
}

/** What a server says went wrong, in the shape of Google's HTTP errors. */
export type ServerError = { code: number | undefined; status: string; message: string };

/** Of a frame that is or holds an error: the session is over. */
export function errorIn(message: Record<string, unknown>): ServerError | undefined {
  const { error } = message;
  if (typeof error === 'string') return { code: undefined, status: '', message: error };
  if (typeof error !== 'object' || error === null || Array.isArray(error)) return undefined;
  const { code, status, message: words } = error as Record<string, unknown>;
  return {
    code: typeof code === 'number' ? code : undefined,
    status: typeof status === 'string' ? status : '',
    message: typeof words === 'string' ? words : '',
  };
}

export function encodeClientMessage(message: ClientMessage): string {
  return JSON.stringify(message);
}

/** As the service writes them: pretty-printed, two spaces, a newline at the end, in a binary frame. */
export function encodeServerMessage(message: ServerMessage): Buffer {
  return encodeAroundSound(message) ?? Buffer.from(stringify(message), 'utf8');
}

const stringify = (message: ServerMessage): string => `${JSON.stringify(message, null, 2)}\n`;

/** Base64 of our own making: nothing in it needs an escape. */
const ownBlobs = new WeakSet<Blob>();
const STAND_IN = '~sound~';
const STANDS = `"${STAND_IN}"`;

/** The same bytes in a fifth of the time: a server's frames are sound, which JSON need not look at. */
function encodeAroundSound(message: ServerMessage): Buffer | undefined {
  const { modelTurn } = message.serverContent ?? {};
  const [part, ...others] = modelTurn?.parts ?? [];
  if (!part?.inlineData || others.length > 0 || !ownBlobs.has(part.inlineData)) return undefined;
  const { data } = part.inlineData;
  const inlineData = { ...part.inlineData, data: STAND_IN };
  const parts = [{ ...part, inlineData }];
  const serverContent = { ...message.serverContent, modelTurn: { ...modelTurn, parts } };
  const text = stringify({ ...message, serverContent });
  const at = text.indexOf(STANDS) + 1;
  if (text.includes(STANDS, at)) return undefined; // somebody said that very word
  const before = text.slice(0, at);
  const after = text.slice(at + STAND_IN.length);
  const beforeBytes = Buffer.byteLength(before);
  const frame = Buffer.allocUnsafe(beforeBytes + data.length + Buffer.byteLength(after));
  frame.write(before, 'utf8');
  frame.write(data, beforeBytes, 'latin1');
  frame.write(after, beforeBytes + data.length, 'utf8');
  return frame;
}

/** Raw 16-bit little-endian mono PCM as a wire blob. */
export function audioBlob(pcm: Uint8Array, sampleRateHz: number): Blob {
  const data = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString('base64');
  const blob = { data, mimeType: `audio/pcm;rate=${sampleRateHz}` };
  ownBlobs.add(blob);
  return blob;
}

/** The rate in `audio/pcm;rate=24000`; Vertex leaves it out, which means `defaultHz`. */
export function sampleRateOf(mimeType: string, defaultHz: number): number {
  return Number(/;\s*rate=([1-9]\d{2,5})\b/i.exec(mimeType)?.[1] ?? defaultHz);
}

/** `"9.5s"` → 9500. Undefined for anything that is not a duration. */
export function durationMs(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^(-?\d+(?:\.\d+)?)s$/.exec(value);
  const ms = Number(match?.[1] ?? NaN) * 1000;
  return Number.isFinite(ms) ? ms : undefined;
}
