/** What a request shows to be let in: by header or by query, as the clients of the service do. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export type Credential = {
  /** A `bearer` is whatever else stands in `Authorization`: an OAuth token to the real service. */
  kind: 'key' | 'bearer' | 'token';
  value: string;
};

/** The names of ephemeral tokens begin so. */
export const TOKEN_PREFIX = 'auth_tokens/';

/** All of them; the first is the one that counts. */
export function credentialsOf(request: IncomingMessage): Credential[] {
  const query = queryOf(request.url ?? '');
  const { headers } = request;
  const authorization = /^(?:Bearer|Token)\s+(.+)$/i.exec(headers.authorization ?? '')?.[1]?.trim();
  const found: [Credential['kind'], string | null | undefined][] = [
    ['key', headers['x-goog-api-key']?.toString()],
    ['key', query.get('key')],
    ['bearer', authorization],
    ['bearer', query.get('access_token')],
  ];
  return found.flatMap(([kind, value]): Credential[] => {
    if (!value) return [];
    return [{ kind: value.startsWith(TOKEN_PREFIX) ? 'token' : kind, value }];
  });
}

/** Of any request target, also of one that is no URL. */
export function queryOf(target: string): URLSearchParams {
  const at = target.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : target.slice(at + 1));
}

/** Takes as long for a good guess as for a bad one. */
export function isSecret(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
