/** With what a client is let in, and what its credential allows. */
import type { IncomingMessage } from 'node:http';
import type { Setup } from '../protocol/messages.ts';
import { Refusal } from './refusal.ts';

/** What the credential of one connection is worth. It is judged after setup, as the service does. */
export type Admission = {
  /** The setup that counts. @throws Refusal */
  admit(setup: Setup): Setup;
  /** When it ends in the midst of a session, on the clock of `Date`. */
  expiresAtMs?: number;
};

export function admissionOf(request: IncomingMessage, key: string | undefined): Admission {
  const refusal = checkCredential(request, key);
  return {
    admit: (setup) => {
      if (refusal) throw refusal;
      return setup;
    },
  };
}

/** What is wrong with the credential, or nothing. Without a key of its own the server takes everybody. */
function checkCredential(request: IncomingMessage, key: string | undefined): Refusal | undefined {
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
