/** Frames of a client for a script: as strict as the server itself, or as they come. */
import { decodeFrame } from '../../protocol/codec.ts';
import { Refusal } from '../refusal.ts';
import { readClientMessage } from '../schema.ts';

/** Undefined: nothing that could be expected, and `loose` does not mind. @throws Refusal */
export function readIncoming(data: Buffer, loose: boolean): Record<string, unknown> | undefined {
  const decoded = decodeFrame(data);
  if (!decoded.ok) {
    if (loose) return undefined;
    throw new Refusal(1007, `Invalid JSON payload received. The frame is ${decoded.reason}.`);
  }
  try {
    return readClientMessage(decoded.message);
  } catch (error) {
    if (loose && error instanceof Refusal) return decoded.message;
    throw error;
  }
}
