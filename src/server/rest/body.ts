/** Bodies of requests: JSON objects, bounded each and all together. */
import type { IncomingMessage } from 'node:http';
import { decodeFrame } from '../../protocol/codec.ts';
import { badRequest, RestError } from './errors.ts';

/** As the service has it. */
export const MAX_BODY_BYTES = 20 * 1024 * 1024;
/** Of all requests that are being read. */
const MAX_TOTAL_BYTES = 256 * 1024 * 1024;
/** As protobuf has it. */
const MAX_DEPTH = 100;

export type Body = { json: Record<string, unknown>; bytes: number };

export class BodyReader {
  #totalBytes = 0;

  /** No body at all is an empty object. @throws RestError 400, 413, 503; whatever breaks the connection */
  async read(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<Body> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      await new Promise<void>((resolve, reject) => {
        let refusal: RestError | undefined;
        request.on('data', (chunk: Buffer) => {
          // What is too much is read on and thrown away: a client listens only once it has spoken.
          if (refusal) return;
          bytes += chunk.length;
          this.#totalBytes += chunk.length;
          chunks.push(chunk);
          refusal = this.#refusalOf(bytes, maxBytes);
          if (refusal) reject(refusal);
        });
        request.on('end', resolve);
        request.on('error', reject);
        request.on('close', () => reject(new Error('the client has gone')));
      });
    } finally {
      this.#totalBytes -= bytes;
    }
    return { json: parse(Buffer.concat(chunks)), bytes };
  }

  #refusalOf(bytes: number, maxBytes: number): RestError | undefined {
    if (bytes > maxBytes)
      return new RestError(413, `Request payload size exceeds the limit: ${maxBytes} bytes.`);
    if (this.#totalBytes > MAX_TOTAL_BYTES)
      return new RestError(503, 'The service is currently unavailable.');
    return undefined;
  }
}

function parse(bytes: Buffer): Record<string, unknown> {
  if (bytes.length === 0) return {};
  const decoded = decodeFrame(bytes);
  if (!decoded.ok)
    throw badRequest(`Invalid JSON payload received. The body is ${decoded.reason}.`);
  if (!isWithin(decoded.message, MAX_DEPTH))
    throw badRequest(`Invalid JSON payload received. Nested more than ${MAX_DEPTH} deep.`);
  return decoded.message;
}

const isWithin = (value: unknown, depth: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth > 0 && Object.values(value).every((inner) => isWithin(inner, depth - 1)));
