/**
 * A stand-in for an OpenAI-compatible service on a real socket: it does with each request what a test tells it
 * to (streams, stalls, refuses, dribbles, breaks off), keeps what was asked, and sees whether anybody waited for
 * the end.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Asked = {
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came: JSON for most, a form for transcriptions. */
  raw: Buffer;
  /** Settles when the exchange is over: `cut` where the client went away before its end. */
  over: Promise<'whole' | 'cut'>;
};

/** What becomes of one request. What is written is sent at once. */
export type Behaviour = (response: ServerResponse, asked: Asked) => void | Promise<void>;

export type OpenAiService = {
  /** `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  /** All requests but those for the list of models, the oldest first. */
  readonly asked: Asked[];
  /** From now on. */
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
};

export type OpenAiServiceOptions = {
  models?: readonly string[];
  /** Instead of the list of models. */
  onModels?: Behaviour;
};

export async function startOpenAiService({
  models = ['stand-in'],
  onModels = (response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ object: 'list', data: models.map((id) => ({ id })) }));
  },
}: OpenAiServiceOptions = {}): Promise<OpenAiService> {
  const asked: Asked[] = [];
  let behaviour: Behaviour = say('Hello.');
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const over = new Promise<'whole' | 'cut'>((resolve) => {
        response.once('close', () => resolve(response.writableFinished ? 'whole' : 'cut'));
      });
      const one: Asked = {
        path: request.url ?? '',
        headers: request.headers,
        raw: Buffer.concat(chunks),
        over,
      };
      const isList = /\/models\b/.test(one.path);
      if (!isList) asked.push(one);
      void (isList ? onModels : behaviour)(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    behave: (next) => {
      behaviour = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The JSON that was asked with. */
export const bodyOf = (asked: Asked | undefined): Record<string, unknown> =>
  JSON.parse(asked?.raw.toString('utf8') ?? 'null') as Record<string, unknown>;

export const chunkOf = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

export const DONE = 'data: [DONE]\n\n';

const asEvents = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream' });

/** Streams an answer in these pieces, with a breath after each. */
export const say =
  (...pieces: string[]): Behaviour =>
  async (response) => {
    asEvents(response);
    for (const content of pieces) {
      response.write(chunkOf({ content }));
      await sleep(1);
    }
    response.end(chunkOf({}, 'stop') + DONE);
  };

/** These deltas in order, and the end. */
export const sendDeltas =
  (deltas: readonly object[], finish = 'stop'): Behaviour =>
  (response) => {
    asEvents(response).end(
      deltas.map((delta) => chunkOf(delta)).join('') + chunkOf({}, finish) + DONE,
    );
  };

/** Some words, and then nothing more, for ever. Without words not even a header. */
export const stall =
  (...pieces: string[]): Behaviour =>
  (response) => {
    if (pieces.length === 0) return;
    asEvents(response);
    for (const content of pieces) response.write(chunkOf({ content }));
  };

/** Byte by byte, each in a packet of its own as far as the system lets it. */
export const dribble =
  (text: string): Behaviour =>
  async (response) => {
    asEvents(response);
    response.socket?.setNoDelay(true);
    for (const byte of Buffer.from(chunkOf({ content: text }) + chunkOf({}, 'stop') + DONE)) {
      response.write(Buffer.of(byte));
      await sleep(0);
    }
    response.end();
  };

/** Some words, and then the connection is gone. */
export const breakOff =
  (...pieces: string[]): Behaviour =>
  async (response) => {
    asEvents(response);
    for (const content of pieces) response.write(chunkOf({ content }));
    await sleep(20);
    response.socket?.destroy();
  };

export const refuse =
  (status: number, message: string): Behaviour =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message, type: 'error' } }));
  };

/** Any bytes, such as sound. */
export const sendBytes =
  (bytes: Uint8Array, type: string): Behaviour =>
  (response) => {
    response.writeHead(200, { 'content-type': type }).end(bytes);
  };
