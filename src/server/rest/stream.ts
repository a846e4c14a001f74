/**
 * Answers that are sent while they are thought. The head waits for the first piece, so that errors before it
 * have a status; one that comes later ends the stream.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

export type StreamOptions = {
  values: AsyncIterable<object>;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
  /** What the client is told of an error in the midst. */
  bodyOf: (error: unknown) => object;
};

/** `?alt=sse`. @throws whatever `values` throw before the first of them */
export function sendEvents(response: ServerResponse, options: StreamOptions): Promise<void> {
  return send(response, options, 'text/event-stream', {
    frame: (value) => `data: ${JSON.stringify(value)}\r\n\r\n`,
    end: '',
    // The official SDK looks for an error that stands alone, without `data:`.
    failed: (error) => `${JSON.stringify(error)}\n`,
  });
}

/** One JSON array that grows. @throws whatever `values` throw before the first of them */
export function sendArray(response: ServerResponse, options: StreamOptions): Promise<void> {
  const joint = (isFirst: boolean): string => (isFirst ? '[' : '\n,\r\n');
  return send(response, options, 'application/json; charset=UTF-8', {
    frame: (value, isFirst) => joint(isFirst) + JSON.stringify(value, null, 2),
    end: ']',
    failed: (error) => `${joint(false)}${JSON.stringify(error, null, 2)}]`,
  });
}

type Framing = {
  frame: (value: object, isFirst: boolean) => string;
  end: string;
  failed: (error: object) => string;
};

async function send(
  response: ServerResponse,
  { values, signal, bodyOf }: StreamOptions,
  contentType: string,
  { frame, end, failed }: Framing,
): Promise<void> {
  try {
    for await (const value of values) {
      signal.throwIfAborted();
      const isFirst = !response.headersSent;
      if (isFirst)
        response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
      // A client that reads slowly slows the thinking.
      if (!response.write(frame(value, isFirst))) await once(response, 'drain', { signal });
    }
    response.end(end);
  } catch (error) {
    if (!response.headersSent || signal.aborted) throw error;
    response.end(failed(bodyOf(error)));
  }
}
