/** The HTTP server beneath: who is slow, or speaks no HTTP, is answered and let go. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { asJson, errorBody, notFound, RestError } from './errors.ts';
import type { Rest } from './http.ts';

const LIMITS = {
  /** For the head of a request, and for all of it. */
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
};
/** A client that does not hang up after a refusal is hung up on. */
const LINGER_MS = 1_000;

export function createHttpServer(rest: Rest): Server {
  /** What is being answered on each socket. */
  const answering = new WeakMap<Duplex, ServerResponse>();
  const http = createServer(LIMITS, (request, response) => {
    answering.set(request.socket, response);
    void rest.handle(request, response);
  });
  http.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    socket.on('error', () => {});
    const begun = answering.get(socket);
    const isAnswering = begun !== undefined && begun.headersSent && !begun.writableFinished;
    if (!socket.writable || isAnswering) socket.destroy();
    else refuse(socket, clientError(error.code));
  });
  http.on('connect', (_request, socket) => {
    socket.on('error', () => {});
    refuse(socket, notFound());
  });
  return http;
}

export const isWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket';

/** The headers of such an offer. */
const OFFERS = new Set(['connection', 'upgrade', 'http2-settings']);

/**
 * A client that offers another protocol beside its question, as Java's does with HTTP/2, is content with an
 * answer in this one: the question is read once more, without the offer.
 */
export function readWithoutOffer(
  http: Server,
  { method, url, rawHeaders }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!OFFERS.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  http.emit('connection', socket);
}

function clientError(code: string | undefined): RestError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new RestError(408, 'The request took too long to arrive.');
  if (code === 'HPE_HEADER_OVERFLOW')
    return new RestError(431, 'The request headers are too large.');
  return new RestError(400, 'The request is not HTTP.');
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Where there is no response object, as at an upgrade. */
export function refuse(socket: Duplex, error: RestError): void {
  const body = asJson(errorBody(error));
  const head = [
    `HTTP/1.1 ${error.code} ${REASONS[error.code] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json; charset=UTF-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
