/**
 * The one translation from what sockets, TLS and the service say to what the user reads. What closes and
 * statuses mean is in protocol/; what never reaches the protocol is in socketErrors.
 */
import { EXIT, GemliveError, type ErrorCode, type ExitCode } from '../errors.ts';
import {
  classifyClose,
  EXIT_OF_KIND,
  meaningOf,
  type CloseKind,
} from '../protocol/closeReasons.ts';
import type { ServerError } from '../protocol/codec.ts';
import { classifyAnswer, classifyHandshake } from '../protocol/handshakes.ts';
import { meaningOfSocketError } from './socketErrors.ts';

/** Why a connection did not come about or ended, and whether trying again can help. */
export class ConnectionError extends GemliveError {
  readonly kind: CloseKind;
  /** Of the WebSocket close, where there was one: 1006 for a network that broke. */
  readonly closeCode: number | undefined;

  constructor(
    message: string,
    kind: CloseKind,
    details: {
      code: ErrorCode;
      exitCode: ExitCode;
      why?: string;
      hint?: string;
      cause?: unknown;
      closeCode?: number;
    },
  ) {
    super(message, details);
    this.kind = kind;
    this.closeCode = details.closeCode;
  }
}

export function closeError(code: number, reason: string): ConnectionError {
  const { kind, ...meaning } = classifyClose(code, reason);
  const words =
    reason === ''
      ? `the connection was closed (code ${code})`
      : `the server closed the session: ${reason} (code ${code})`;
  const exitCode = EXIT_OF_KIND[kind];
  return new ConnectionError(words, kind, { ...meaning, exitCode, closeCode: code });
}

/** A frame that holds an error. Its words tell more than its status, as with a close. */
export function frameError({ code, status, message }: ServerError): ConnectionError {
  const said = meaningOf(`${message} ${status}`);
  const { kind, exitCode, ...meaning } = said
    ? { ...said, exitCode: EXIT_OF_KIND[said.kind] }
    : classifyAnswer(code ?? SERVER_FAULT, '');
  const marks = [status, code === undefined ? '' : `code ${code}`].filter((mark) => mark !== '');
  // The close that the service sends for such an error elsewhere: it decides what follows.
  const closeCode = kind === 'server' ? 1011 : 1007;
  const what = ['the server sent an error', message].filter((words) => words !== '').join(': ');
  const words = marks.length === 0 ? what : `${what} (${marks.join(', ')})`;
  return new ConnectionError(words, kind, { ...meaning, exitCode, closeCode });
}

const SERVER_FAULT = 500;

/** `location`: where a redirect leads. */
export function handshakeError(status: number, body: string, location?: string): ConnectionError {
  const { kind, ...meaning } = classifyHandshake(status, body);
  const elsewhere = location !== undefined && URL.canParse(location) ? new URL(location).host : '';
  const to = elsewhere === '' ? '' : `, which leads to ${elsewhere}`;
  return new ConnectionError(
    `the server answered the handshake with HTTP ${status}${to}${serverWords(body)}`,
    kind,
    meaning,
  );
}

/** The `error.message` of a Google JSON error, else the one line of a short text. */
export function serverWords(body: string): string {
  try {
    const parsed = JSON.parse(body) as { error?: { message?: unknown } } | null;
    const message = parsed?.error?.message;
    if (typeof message === 'string') return `: ${message}`;
  } catch {
    // Not JSON: an HTML page of a proxy, most often. Its first line would only confuse.
  }
  return /^[^<\n]{1,200}$/.test(body.trim()) ? `: ${body.trim()}` : '';
}

export function timeoutError(host: string, timeoutMs: number, opened: boolean): ConnectionError {
  const seconds = Math.round(timeoutMs / 100) / 10;
  return new ConnectionError(
    opened
      ? `${host} did not answer the setup message within ${seconds} s`
      : `no connection to ${host} within ${seconds} s`,
    'server',
    {
      code: 'timeout',
      exitCode: EXIT.network,
      why: opened
        ? 'something listens there, but it may not be a Live server'
        : 'the network is slow, a firewall is in the way, or what listens there is no Live server',
      hint: 'check --base-url, or allow more time with --timeout SECONDS',
    },
  );
}

/** Whoever was asked for what has to be shown to the service failed, in words of their own. */
export function loginError(error: unknown): ConnectionError {
  const words = error instanceof Error ? error.message : String(error);
  return new ConnectionError(`there are no credentials to connect with: ${words}`, 'credential', {
    code: 'no_key',
    exitCode: EXIT.credential,
    cause: error,
  });
}

/** What has to be shown to the service could not be got in time. */
export function loginTimeoutError(timeoutMs: number): ConnectionError {
  const seconds = Math.round(timeoutMs / 100) / 10;
  return new ConnectionError(`the login took longer than ${seconds} s`, 'server', {
    code: 'timeout',
    exitCode: EXIT.network,
    why: 'the server that gives the credentials is slow, or a firewall is in the way',
    hint: 'try again, or allow more time with --timeout SECONDS',
  });
}

/** Open, and not a word for half a minute. */
export function silentError(): ConnectionError {
  return new ConnectionError('the connection is open, but nothing comes through it', 'server', {
    code: 'connection_lost',
    exitCode: EXIT.network,
    why: 'a network that has changed or gone often does not say so',
    hint: 'check the network and try again',
  });
}

/** `frames`: in a row. */
export function unreadableError(frames: number): GemliveError {
  return new GemliveError(`${frames} unreadable frames in a row`, {
    code: 'bad_frames',
    exitCode: EXIT.server,
    why: 'what answers there does not speak the Live API',
    hint: 'check --base-url and --api-version',
  });
}

/** `error`: what ws found wrong with a frame after the handshake. */
export function violationError(error: Error, host: string): ConnectionError {
  return new ConnectionError(`${host} broke the WebSocket protocol: ${error.message}`, 'server', {
    code: 'connection_lost',
    exitCode: EXIT.network,
    why: 'what answers there, or a proxy on the way, garbles the connection',
    hint: 'try again, and check --base-url',
    cause: error,
  });
}

/** What Node, OpenSSL or ws say before a connection is open. */
export function socketError(error: Error & { code?: string }, host: string): ConnectionError {
  const { what, kind, code, why, hint } = meaningOfSocketError(error);
  return new ConnectionError(what(host), kind, {
    code,
    exitCode: EXIT.network,
    why,
    hint,
    cause: error,
  });
}
