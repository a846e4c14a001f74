/** Where to connect, over WebSocket and over plain HTTP, and what to show there. Pure. The key goes into a header, never into a URL. */
import { EXIT, GemliveError, usageError } from '../errors.ts';
import type { Settings } from './settings.ts';

export type Endpoint = { url: string; headers: Record<string, string> };

const SERVICE = 'https://generativelanguage.googleapis.com';

/**
 * @throws GemliveError (usage) for a base URL that is none, and for an unencrypted one that leaves this
 * machine; (no_key) when there is no key and the host is not this machine; (bad_key) for one that no
 * header can carry.
 */
export function toEndpoint(
  { baseUrl, apiVersion }: Pick<Settings, 'baseUrl' | 'apiVersion'>,
  apiKey: string | undefined,
): Endpoint {
  const { base, headers } = door(baseUrl, apiKey);
  const method = `google.ai.generativelanguage.${apiVersion}.GenerativeService.BidiGenerateContent`;
  return { url: `${base.replace(/^http/, 'ws')}/ws/${method}`, headers };
}

/** The same place over plain HTTP: the URL ends with the version. @throws GemliveError as {@link toEndpoint} does. */
export function toRestEndpoint(
  { baseUrl, apiVersion }: Pick<Settings, 'baseUrl' | 'apiVersion'>,
  apiKey: string | undefined,
): Endpoint {
  const { base, headers } = door(baseUrl, apiKey);
  return { url: `${base}/${apiVersion}`, headers };
}

/** The base, as http: or https: and without a slash at its end, and the credential. */
function door(
  baseUrl: string | undefined,
  apiKey: string | undefined,
): { base: string; headers: Record<string, string> } {
  const url = parseBaseUrl(baseUrl ?? SERVICE);
  const isLocal = isLoopback(url.hostname);
  const isEncrypted = url.protocol === 'https:' || url.protocol === 'wss:';
  if (!isEncrypted && !isLocal) {
    throw usageError(
      `${url.protocol}// without encryption is for this machine only, not for ${url.hostname}`,
      `use ${url.protocol === 'ws:' ? 'wss' : 'https'}://${url.host}`,
    );
  }
  if (apiKey === undefined && !isLocal) throw noKey();
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey)) throw brokenKey();
  const base = `${isEncrypted ? 'https' : 'http'}://${url.host}${url.pathname.replace(/\/+$/, '')}`;
  return { base, headers: apiKey === undefined ? {} : { 'x-goog-api-key': apiKey } };
}

function parseBaseUrl(text: string): URL {
  const hint = 'such as https://example.com, or http://127.0.0.1:8787 for `gemlive serve`';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) || url.hostname === '') {
    throw usageError(`--base-url does not take ${JSON.stringify(text.slice(0, 100))}`, hint);
  }
  // Not repeated in the message: whatever stands there may be a secret.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw usageError(
      '--base-url takes an address without a user, a password, or anything after ? or #',
      'the key belongs into GEMINI_API_KEY; it is sent in a header',
    );
  }
  return url;
}

/** `localhost` and its subdomains, 127.0.0.0/8, ::1; the URL parser has normalised all other spellings. */
function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function noKey(): GemliveError {
  return new GemliveError('there is no API key', {
    code: 'no_key',
    exitCode: EXIT.credential,
    why: 'neither GEMINI_API_KEY nor GOOGLE_API_KEY is set',
    hint: 'set GEMINI_API_KEY (free: https://aistudio.google.com/apikey), or talk to this machine without one: add --local',
  });
}

function brokenKey(): GemliveError {
  return new GemliveError('the API key holds characters that no key has', {
    code: 'bad_key',
    exitCode: EXIT.credential,
    why: 'a space, a line break or a foreign letter has slipped in',
    hint: 'copy GEMINI_API_KEY again from https://aistudio.google.com/apikey',
  });
}
