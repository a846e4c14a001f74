/** Which doors the service has, and who may knock. */
import type { IncomingMessage } from 'node:http';

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
