/** Which doors the service has, who may knock, and with what. */
import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

export type Door = { apiVersion: string; vertex: boolean };

/** The official SDK sends a double slash; any version is let in. */
const GEMINI =
  /^\/+ws\/google\.ai\.generativelanguage\.(v\d\w*)\.GenerativeService\.BidiGenerateContent(?:Constrained)?$/;
const VERTEX = /^\/+ws\/google\.cloud\.aiplatform\.(v\d\w*)\.LlmBidiService\/BidiGenerateContent$/;

export function doorOf(url: string): Door | undefined {
  const [path = ''] = url.split('?');
  const gemini = GEMINI.exec(path)?.[1];
  if (gemini !== undefined) return { apiVersion: gemini, vertex: false };
  const vertex = VERTEX.exec(path)?.[1];
  return vertex === undefined ? undefined : { apiVersion: vertex, vertex: true };
}

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\]|::1)$/i;

/**
 * A web page of somewhere else must not talk to this server through the user's browser: not with its own
 * `Origin`, and not by a name that was made to point here.
 */
export function isForeign(request: IncomingMessage, host = '127.0.0.1'): boolean {
  const { origin } = request.headers;
  if (origin !== undefined && !isHere(hostOf(origin), host)) return true;
  const authority = request.headers.host ?? '';
  const name = authority.replace(/:\d+$/, '');
  // Bound to every address, the server cannot know all of its names; numbers cannot be rebound.
  const anyAddress = host === '0.0.0.0' || host === '::';
  if (anyAddress && /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\])$/i.test(name)) return false;
  return !isHere(name, host);
}

const isHere = (name: string | undefined, host: string): boolean =>
  name !== undefined && (LOOPBACK.test(name) || name.toLowerCase() === host.toLowerCase());

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).hostname;
  } catch {
    return undefined; // `null`, the origin of a sandboxed page
  }
}

/** What is wrong with the credential, or nothing. Without a key of its own the server takes everybody. */
export function checkCredential(
  request: IncomingMessage,
  key: string | undefined,
): Refusal | undefined {
  if (key === undefined) return undefined;
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const bearer = /^(?:Bearer|Token)\s+(.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const given =
    request.headers['x-goog-api-key'] ?? query.get('key') ?? query.get('access_token') ?? bearer;
  if (given === key) return undefined;
  return given === undefined
    ? new Refusal(
        1008,
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other " +
          'form of API consumer identity to call this API.',
      )
    : new Refusal(1007, 'API key not valid. Please pass a valid API key.');
}
