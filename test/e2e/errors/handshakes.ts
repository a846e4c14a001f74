/** What answers the handshake in place of a Live server. */
import * as place from '../../support/failingPlaces.ts';
import { AGAIN, KEY, row, type ErrorRow, type Options } from './row.ts';

const googleError = (status: number, message: string, name: string): string =>
  JSON.stringify({ error: { code: status, message, status: name } }, null, 2);

const http = (
  head: string,
  exit: ErrorRow['exit'],
  event: string,
  says: RegExp,
  { body = '', ...rest }: Options & { body?: string } = {},
): ErrorRow =>
  row(
    `HTTP ${head}${body === '' ? '' : ' with a body'}`,
    place.answers(head, body),
    exit,
    event,
    says,
    {
      words: `HTTP ${head.slice(0, 3)}`,
      ...rest,
    },
  );

const PAGE =
  '<!DOCTYPE html><html><head><title>Sorry</title></head><body>squid &amp; co</body></html>';

export const HANDSHAKES: readonly ErrorRow[] = [
  http('400 Bad Request', 6, 'server_refused', /--base-url/),
  http('400 Bad Request', 3, 'bad_key', /GEMINI_API_KEY/, {
    body: googleError(400, 'API key not valid. Please pass a valid API key.', 'INVALID_ARGUMENT'),
    words: 'HTTP 400: API key not valid. Please pass a valid API key.',
  }),
  http('401 Unauthorized', 3, 'bad_key', /GEMINI_API_KEY/),
  http('401 Unauthorized', 3, 'bad_key', /gcloud auth application-default login/, {
    body: googleError(
      401,
      'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other',
      'UNAUTHENTICATED',
    ),
    words: 'HTTP 401: Request had invalid authentication credentials.',
  }),
  http('403 Forbidden', 3, 'no_permission', /--project[\s\S]*gcloud services enable/, {
    body: googleError(
      403,
      "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/projects/p' (or it may not exist).",
      'PERMISSION_DENIED',
    ),
    words: "HTTP 403: Permission 'aiplatform.endpoints.predict' denied",
  }),
  http('403 Forbidden', 3, 'no_permission', /GEMINI_API_KEY/),
  http('403 Forbidden', 3, 'no_permission', /proxy or firewall/, { body: PAGE }),
  http('403 Forbidden', 3, 'no_permission', /Generative Language API/, {
    body: googleError(
      403,
      'Generative Language API has not been used in project 12 before or it is disabled.',
      'PERMISSION_DENIED',
    ),
    words: 'has not been used in project 12 before or it is disabled.',
  }),
  http('403 Forbidden', 3, 'bad_key', /public place/, {
    body: googleError(403, 'Your API key was reported as leaked. Please use another API key.', ''),
    words: 'Your API key was reported as leaked. Please use another API key.',
  }),
  http('404 Not Found', 6, 'server_refused', /no Live API[\s\S]*--base-url/),
  http('404 Not Found', 6, 'server_refused', /no Live API/, { body: PAGE }),
  http('407 Proxy Authentication Required', 5, 'unreachable', /HTTPS_PROXY/),
  http('429 Too Many Requests', 7, 'quota', /rate-limits/),
  http('500 Internal Server Error', 5, 'connection_lost', /status/, AGAIN),
  http('502 Bad Gateway', 5, 'connection_lost', /proxy or gateway/, { body: PAGE, ...AGAIN }),
  http('503 Service Unavailable', 5, 'connection_lost', /status/, {
    body: googleError(503, `the caller ${KEY} may try later`, 'UNAVAILABLE'),
    words: 'the caller …cdef may try later',
    ...AGAIN,
  }),
  http('511 Network Authentication Required', 5, 'unreachable', /log in/, { body: PAGE }),
  http('200 OK', 5, 'unreachable', /web page[\s\S]*--base-url/, { body: PAGE }),
  http('200 OK', 6, 'server_refused', /no Live API/),
  http(
    '301 Moved Permanently\r\nLocation: https://elsewhere.example/x?y',
    5,
    'unreachable',
    /log in/,
    {
      words: 'HTTP 301, which leads to elsewhere.example',
    },
  ),
  http('302 Found\r\nLocation: http://login.example/', 5, 'unreachable', /--base-url/, {
    words: 'HTTP 302, which leads to login.example',
    body: PAGE,
  }),
];
