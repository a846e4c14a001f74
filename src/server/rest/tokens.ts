/** `POST /{version}/auth_tokens`: mints an ephemeral token. Nothing else can be done with them over HTTP. */
import type { Setup } from '../../protocol/messages.ts';
import { conform, placeIn, SETUP, type Shape } from '../schema.ts';
import { badRequest } from './errors.ts';
import { readFieldMask, type Lock } from './tokenLock.ts';
import type { TokenStore } from './tokenStore.ts';

const AUTH_TOKEN: Shape = {
  name: 'string',
  uses: 'int',
  expireTime: 'string',
  newSessionExpireTime: 'string',
  bidiGenerateContentSetup: SETUP,
  fieldMask: 'string',
};
type AuthToken = {
  uses?: number;
  expireTime?: string;
  newSessionExpireTime?: string;
  bidiGenerateContentSetup?: Setup;
  fieldMask?: string;
};

/** Of a request to mint: a setup with its tools is small. */
export const MAX_TOKEN_BYTES = 1024 * 1024;

const MINUTE_MS = 60_000;
const DEFAULT_LIFE_MS = 30 * MINUTE_MS;
const DEFAULT_NEW_SESSION_MS = MINUTE_MS;
const MAX_LIFE_HOURS = 20;
const MAX_USES = 2 ** 31 - 1;

/** `bytes`: of the request as it came. @throws RestError 400, Refusal */
export function mint(body: unknown, bytes: number, tokens: TokenStore, now: Date): object {
  const asked = conform(body, AUTH_TOKEN, placeIn(undefined, 'auth_token')) as AuthToken;
  const { uses = 1 } = asked;
  if (uses < 0 || uses > MAX_USES)
    throw badRequest(`Invalid value at 'auth_token.uses' (TYPE_INT32), ${uses}`);
  const timeOf = (field: 'expireTime' | 'newSessionExpireTime', defaultMs: number): number => {
    const text = asked[field];
    return text === undefined ? now.getTime() + defaultMs : readTime(SNAKE[field], text, now);
  };
  const name = tokens.add({
    uses: uses === 0 ? Infinity : uses,
    expiresAtMs: timeOf('expireTime', DEFAULT_LIFE_MS),
    newSessionUntilMs: timeOf('newSessionExpireTime', DEFAULT_NEW_SESSION_MS),
    lock: lockOf(asked),
    bytes,
  });
  return { name };
}

const SNAKE = { expireTime: 'expire_time', newSessionExpireTime: 'new_session_expire_time' };

function lockOf({ bidiGenerateContentSetup: setup, fieldMask = '' }: AuthToken): Lock | undefined {
  const paths = readFieldMask(fieldMask);
  if (setup === undefined && paths.length === 0) return undefined;
  return { setup: setup ?? {}, paths: paths.length === 0 ? undefined : paths };
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i;

/** In milliseconds, on the clock of `Date`. */
function readTime(field: string, text: string, now: Date): number {
  const [, day, time, fraction = '', zone] = RFC3339.exec(text) ?? [];
  const ms = Date.parse(`${day}T${time}.${fraction.padEnd(3, '0').slice(0, 3)}${zone}`);
  if (Number.isNaN(ms)) {
    const quoted = JSON.stringify(text.slice(0, 40));
    throw badRequest(
      `Invalid value at 'auth_token.${field}' (type.googleapis.com/google.protobuf.Timestamp), ${quoted}`,
    );
  }
  if (ms > now.getTime() + MAX_LIFE_HOURS * 60 * MINUTE_MS)
    throw badRequest(`${field} is too far in the future. Maximum lifetime is ${MAX_LIFE_HOURS}h`);
  // The service's own words are not known.
  if (ms <= now.getTime()) throw badRequest(`${field} must be in the future`);
  return ms;
}
