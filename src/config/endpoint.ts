/** Where to connect, over WebSocket and over plain HTTP, and what to show there. Pure. A credential goes into a header, never into a URL. */
import { EXIT, GemliveError, usageError } from '../errors.ts';
import type { Settings } from './settings.ts';

export type Endpoint = { url: string; headers: Record<string, string> };

/** What of the settings says where. */
export type Place = Pick<Settings, 'baseUrl' | 'apiVersion'> &
  Partial<Pick<Settings, 'vertex' | 'project' | 'location'>>;

/** An API key or an ephemeral token. `google`: what has to be shown is asked for at each connection. */
export type Shown = {
  apiKey?: string | undefined;
  token?: string | undefined;
  kind?: 'key' | 'token' | 'google' | 'none';
};

const GEMINI = 'https://generativelanguage.googleapis.com';
const TOKEN_PREFIX = 'auth_tokens/';

/**
 * @throws GemliveError (usage) for a base URL that is none, and for an unencrypted one that leaves this
 * machine; (no_key) when there is no credential and the host is not this machine; (bad_key) for one that no
 * header can carry, or that is no ephemeral token.
 */
export function toEndpoint(place: Place, shown: Shown = {}): Endpoint {
  const { base, headers } = door(place, shown);
  const method = place.vertex
    ? `google.cloud.aiplatform.${place.apiVersion}.LlmBidiService/BidiGenerateContent`
    : `google.ai.generativelanguage.${place.apiVersion}.GenerativeService.BidiGenerateContent`;
  const forTokens = shown.token === undefined ? '' : 'Constrained';
  return { url: `${base.replace(/^http/, 'ws')}/ws/${method}${forTokens}`, headers };
}

/**
 * The same place over plain HTTP: what {@link modelPath} and `auth_tokens` are below of.
 *
 * @throws GemliveError as {@link toEndpoint} does, and (no_key) for an ephemeral token: it opens Live sessions only.
 */
export function toRestEndpoint(place: Place, shown: Shown): Endpoint {
  if (shown.token !== undefined) throw noKey(place, 'an ephemeral token opens Live sessions only');
  const { base, headers } = door(place, shown);
  const project = projectPath(place);
  return { url: `${base}/${place.apiVersion}${project === '' ? '' : `/${project}`}`, headers };
}

/** As a setup names a model: `models/ID`, `projects/P/locations/L/publishers/google/models/ID`. */
export function modelName(place: Omit<Place, 'baseUrl' | 'apiVersion'>, model: string): string {
  const project = projectPath(place);
  if (model.includes('/') && !/^(models|publishers)\//.test(model)) return model;
  return `${project === '' ? '' : `${project}/`}${modelPath(place, model)}`;
}

/** The same below the URL of {@link toRestEndpoint}: `models/ID`, `publishers/google/models/ID`. */
export function modelPath({ vertex }: Pick<Place, 'vertex'>, model: string): string {
  if (!vertex) return model.includes('/') ? model : `models/${model}`;
  return `publishers/google/models/${model.slice(model.lastIndexOf('/') + 1)}`;
}

/** Empty in express mode, which knows no project. */
const projectPath = ({ vertex, project, location }: Partial<Place>): string =>
  vertex && project !== undefined ? `projects/${project}/locations/${location ?? 'global'}` : '';

/** A location is a host of its own, but for the global one. */
function service({ vertex, project, location = 'global' }: Place): string {
  if (!vertex) return GEMINI;
  if (project === undefined || location === 'global') return 'https://aiplatform.googleapis.com';
  if (location === 'us' || location === 'eu')
    return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}

/** The base, as http: or https: and without a slash at its end, and the credential. */
function door(place: Place, shown: Shown): { base: string; headers: Record<string, string> } {
  const url = parseBaseUrl(place.baseUrl ?? service(place));
  const isLocal = isLoopback(url.hostname);
  const isEncrypted = url.protocol === 'https:' || url.protocol === 'wss:';
  if (!isEncrypted && !isLocal) {
    throw usageError(
      `${url.protocol}// without encryption is for this machine only, not for ${url.hostname}`,
      `use ${url.protocol === 'ws:' ? 'wss' : 'https'}://${url.host}`,
    );
  }
  const headers = headersOf(shown);
  if (!isLocal && shown.kind !== 'google' && Object.keys(headers).length === 0) throw noKey(place);
  const base = `${isEncrypted ? 'https' : 'http'}://${url.host}${url.pathname.replace(/\/+$/, '')}`;
  return { base, headers };
}

function headersOf({ apiKey, token }: Shown): Record<string, string> {
  if (token !== undefined) {
    if (!token.startsWith(TOKEN_PREFIX) || !PRINTABLE.test(token)) throw brokenToken();
    return { authorization: `Token ${token}` };
  }
  if (apiKey === undefined) return {};
  if (!PRINTABLE.test(apiKey)) throw brokenKey();
  return { 'x-goog-api-key': apiKey };
}

const PRINTABLE = /^[\x21-\x7e]+$/;

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
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function noKey({ vertex }: Place, why?: string): GemliveError {
  if (vertex) {
    return new GemliveError('Vertex AI needs a project, or an API key', {
      code: 'no_key',
      exitCode: EXIT.credential,
      why: 'neither --project nor GOOGLE_API_KEY is set',
      hint: 'add --project ID (gcloud projects list), or set GOOGLE_API_KEY to a key of the express mode',
    });
  }
  return new GemliveError('there is no API key', {
    code: 'no_key',
    exitCode: EXIT.credential,
    why: why ?? 'neither GEMINI_API_KEY nor GOOGLE_API_KEY is set',
    hint: 'set GEMINI_API_KEY (free: https://aistudio.google.com/apikey), or talk to this machine without one: add --local',
  });
}

function brokenToken(): GemliveError {
  return new GemliveError('the ephemeral token is none', {
    code: 'bad_key',
    exitCode: EXIT.credential,
    why: `it begins with ${TOKEN_PREFIX} and has neither spaces nor line breaks`,
    hint: 'mint one: gemlive token',
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
