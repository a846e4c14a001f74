/** Answers that are sent while they are thought. The head waits for the first piece, so that errors have one. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** `?alt=sse`. */
export async function sendEvents(
  response: ServerResponse,
  values: AsyncIterable<object>,
  signal: AbortSignal,
): Promise<void> {
  for await (const value of values) {
    begin(response, 'text/event-stream');
    await write(response, `data: ${JSON.stringify(value)}\r\n\r\n`, signal);
  }
  response.end();
}

/** One JSON array that grows. */
export async function sendArray(
  response: ServerResponse,
  values: AsyncIterable<object>,
  signal: AbortSignal,
): Promise<void> {
  let joint = '[';
  for await (const value of values) {
    begin(response, 'application/json; charset=UTF-8');
    await write(response, joint + JSON.stringify(value, null, 2), signal);
    joint = '\n,\r\n';
  }
  response.end(']');
}

function begin(response: ServerResponse, contentType: string): void {
  if (response.headersSent) return;
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
}

/** A client that reads slowly slows the thinking. */
async function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!response.write(text)) await once(response, 'drain', { signal });
}
