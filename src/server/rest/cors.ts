/** What a browser wants to hear before it lets a page of another origin read an answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const MAX_AGE_SECONDS = 3600;

/** To be called once it is known that the origin may talk to this server. */
export function allowOrigin({ headers }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('vary', 'Origin');
  response.setHeader('x-content-type-options', 'nosniff');
  if (headers.origin !== undefined)
    response.setHeader('access-control-allow-origin', headers.origin);
}

/** True where the request was one: it is answered then. No credential comes with it. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse): boolean {
  const { method, headers } = request;
  const wanted = headers['access-control-request-method'];
  if (method !== 'OPTIONS' || headers.origin === undefined || wanted === undefined) return false;
  response.setHeader('access-control-allow-methods', 'GET, POST');
  const names = headers['access-control-request-headers'];
  if (names !== undefined) response.setHeader('access-control-allow-headers', names);
  // A page of the network that asks for this machine.
  if (headers['access-control-request-private-network'] === 'true')
    response.setHeader('access-control-allow-private-network', 'true');
  response.setHeader('access-control-max-age', MAX_AGE_SECONDS);
  response.writeHead(204).end();
  return true;
}
