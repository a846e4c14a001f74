/** Errors over HTTP in the shape that all of Google's APIs share. */
import { INVALID_KEY, UNREGISTERED } from '../refusal.ts';

const STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  431: 'INVALID_ARGUMENT',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

export class RestError extends Error {
  /** The status of HTTP. */
  readonly code: number;
  readonly details: readonly object[];

  constructor(code: number, message: string, details: readonly object[] = []) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

export const badRequest = (message: string): RestError =>
  new RestError(400, message, [
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ description: message }],
    },
  ]);

export const notFound = (): RestError => new RestError(404, 'Requested entity was not found.');

export const unregistered = (): RestError => new RestError(403, UNREGISTERED);

export const invalidKey = (): RestError =>
  new RestError(400, INVALID_KEY, [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'API_KEY_INVALID',
      domain: 'googleapis.com',
      metadata: { service: 'generativelanguage.googleapis.com' },
    },
  ]);

export const unauthenticated = (): RestError =>
  new RestError(
    401,
    'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid ' +
      'authentication credential.',
  );

export const internalError = (): RestError => new RestError(500, 'Internal error encountered.');

export function errorBody({ code, message, details }: RestError): object {
  const status = STATUS[code] ?? 'UNKNOWN';
  return { error: { code, message, status, ...(details.length > 0 && { details }) } };
}

/** As the service writes it: two spaces, a newline at the end. */
export const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
