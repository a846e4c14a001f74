/**
 * The service over plain HTTP: one request and one answer, or an answer in pieces. Every failure is a
 * {@link ConnectionError}, like that of a Live connection. Nothing is retried, no redirect is followed (the
 * credential is for the host that the user named), and no connection is kept.
 */
import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { answerError, lateError, notTheApi, transportError } from './errors.ts';
import { eventData } from './sse.ts';

export type RestEndpoint = {
  /** With the version, and without a slash at its end: `https://generativelanguage.googleapis.com/v1beta`. */
  url: string;
  /** The credential is here, and never in the URL. */
  headers: Readonly<Record<string, string>>;
  /** What opens connections where a proxy stands between. */
  agent?: Agent | undefined;
};

export type RestRequest = {
  /** Below the URL of the endpoint: `models/gemini-flash-latest:generateContent`. */
  path: string;
  /** Sent as JSON with POST. Without one it is a GET. */
  body?: object;
  /** Until the answer begins, and between two pieces of it. */
  timeoutMs: number;
  signal: AbortSignal;
};

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/** The whole answer. @throws ConnectionError, or the signal's reason. */
export async function requestJson(endpoint: RestEndpoint, request: RestRequest): Promise<unknown> {
  const { host } = new URL(endpoint.url);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answerOf(endpoint, request)) {
    length += chunk.byteLength;
    if (length > MAX_ANSWER_BYTES) throw notTheApi(host, 'its answer is larger than 16 MB');
    chunks.push(chunk);
  }
  return parse(Buffer.concat(chunks).toString('utf8'), host);
}

/**
 * The answer in pieces, as the method has them with `?alt=sse`. Leaving the loop ends the request.
 *
 * @throws ConnectionError (also for an error that comes in the midst of the stream), or the signal's reason.
 */
export async function* streamJson(
  endpoint: RestEndpoint,
  request: RestRequest,
): AsyncGenerator<unknown, void> {
  const { host } = new URL(endpoint.url);
  try {
    for await (const data of eventData(answerOf(endpoint, request))) {
      const piece = parse(data, host);
      const code = errorCodeIn(piece);
      if (code !== undefined) throw answerError(host, code, data);
      yield piece;
    }
  } catch (error) {
    throw error instanceof RangeError ? notTheApi(host, error.message) : error;
  }
}

function parse(text: string, host: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notTheApi(host, 'what it answered is not JSON');
  }
}

/** Of `{"error": {"code": 503, …}}`, which a stream may end with although its status was 200. */
function errorCodeIn(piece: unknown): number | undefined {
  const { error } = (piece ?? {}) as { error?: { code?: unknown } | null };
  if (typeof error !== 'object' || error === null) return undefined;
  return typeof error.code === 'number' ? error.code : 500;
}

/** The bytes of an answer that is a success. */
async function* answerOf(
  endpoint: RestEndpoint,
  { path, body, timeoutMs, signal }: RestRequest,
): AsyncGenerator<Uint8Array, void> {
  signal.throwIfAborted();
  const url = new URL(`${endpoint.url}/${path}`);
  const late = new AbortController();
  const startTimer = (): NodeJS.Timeout => setTimeout(() => late.abort(), timeoutMs);
  let timer = startTimer();
  let response: IncomingMessage | undefined;
  try {
    response = await respond(url, endpoint, body, AbortSignal.any([signal, late.signal]));
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400) {
      const to = response.headers.location ?? 'nowhere';
      throw notTheApi(url.host, `it sends us on to ${to.split('?')[0]!.slice(0, 200)}`);
    }
    if (status !== 200) throw answerError(url.host, status, await beginning(response));
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      // Not while the reader is busy.
      clearTimeout(timer);
      yield chunk;
      timer = startTimer();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (late.signal.aborted) throw lateError(url.host, timeoutMs, response !== undefined);
    throw transportError(error as Error, url.host, response !== undefined);
  } finally {
    clearTimeout(timer);
    response?.destroy();
  }
}

function respond(
  url: URL,
  { headers, agent }: RestEndpoint,
  body: object | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const json = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: json ? 'POST' : 'GET',
      headers: {
        accept: 'application/json, text/event-stream',
        ...(json && { 'content-type': 'application/json', 'content-length': json.byteLength }),
        ...headers,
      },
      agent: agent ?? false,
    });
    // A request that still waits for its connection tells nobody that it was destroyed.
    const onAbort = (): void => {
      sent.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.end(json);
  });
}

/** So much of an error as is worth reading; Google's are well below. */
async function beginning(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length >= MAX_ERROR_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
