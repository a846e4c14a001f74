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

export function decodeServerFrame(frame: Uint8Array | string): Decoded<ServerMessage> {
  return decodeFrame(frame);
}

export function encodeClientMessage(message: ClientMessage): string {
  return JSON.stringify(message);
}

/** As the service writes them: pretty-printed, two spaces, a newline at the end, in a binary frame. */
export function encodeServerMessage(message: ServerMessage): Buffer {
  return Buffer.from(`${JSON.stringify(message, null, 2)}\n`, 'utf8');
}

/** Raw 16-bit little-endian mono PCM as a wire blob. */
export function audioBlob(pcm: Uint8Array, sampleRateHz: number): Blob {
  const data = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString('base64');
  return { data, mimeType: `audio/pcm;rate=${sampleRateHz}` };
}

/** The rate in `audio/pcm;rate=24000`; Vertex leaves it out, which means `defaultHz`. */
export function sampleRateOf(mimeType: string, defaultHz: number): number {
  const match = /;\s*rate=([1-9]\d{2,5})\b/i.exec(mimeType);
  return match ? Number(match[1]) : defaultHz;
}

/** `"9.5s"` → 9500. Undefined for anything that is not a duration. */
export function durationMs(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^(-?\d+(?:\.\d+)?)s$/.exec(value);
  const ms = Number(match?.[1] ?? NaN) * 1000;
  return Number.isFinite(ms) ? ms : undefined;
}
