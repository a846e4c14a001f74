/** Frames as the users of the library get them. A leaf: types only. */
import type { ClientFrame } from './frames.ts';

/** What a client sent; frames of sound in a row are one, without their bytes. */
export type SeenFrame = ClientFrame & { session: number };

/** `message`: undefined for what is no JSON object. */
export type LiveFrame = {
  session: number;
  from: 'client' | 'server';
  message: Record<string, unknown> | undefined;
  bytes: Buffer;
};
