/**
 * The one translation from what sockets, TLS and the service say to what the user reads. Reasons come
 * from protocol/closeReasons; this adds the errors that never reach the protocol.
 */
import { EXIT, GemliveError, type ErrorCode, type ExitCode } from '../errors.ts';
import {
  classifyClose,
  classifyHandshake,
  EXIT_OF_KIND,
  type CloseKind,
  type CloseMeaning,
} from '../protocol/closeReasons.ts';

/** Why a connection did not come about or ended, and whether trying again can help. */
export class ConnectionError extends GemliveError {
  readonly kind: CloseKind;

  constructor(
    message: string,
    kind: CloseKind,
    details: { code: ErrorCode; exitCode: ExitCode; why?: string; hint?: string; cause?: unknown },
  ) {
    super(message, details);
    this.kind = kind;
  }
}

export function closeError(code: number, reason: string): ConnectionError {
  const meaning = classifyClose(code, reason);
  const words =
    reason === ''
      ? `the connection was closed (code ${code})`
      : `the server closed the session: ${reason} (code ${code})`;
  return fromMeaning(words, meaning);
}

export function handshakeError(status: number, body: string): ConnectionError {
  return fromMeaning(
    `the server answered the handshake with HTTP ${status}${serverWords(body)}`,
    classifyHandshake(status, body),
  );
}

function fromMeaning(message: string, { kind, code, why, hint }: CloseMeaning): ConnectionError {
  return new ConnectionError(message, kind, { code, exitCode: EXIT_OF_KIND[kind], why, hint });
}

/** The `error.message` of a Google JSON error, else the first line of a short text. */
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

const NAME_LOOKUP = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);

export function socketError(error: Error & { code?: string }, host: string): ConnectionError {
  const code = error.code ?? '';
  if (isTlsError(error)) {
    return new ConnectionError(`no secure connection to ${host}: ${error.message}`, 'refusal', {
      code: 'tls',
      exitCode: EXIT.network,
      why: /wrong version number|packet length/i.test(error.message)
        ? 'there is no TLS on that port'
        : 'the certificate is not trusted; a proxy may be in the way',
      hint: /wrong version number|packet length/i.test(error.message)
        ? 'use http:// or ws:// in --base-url for a server on this machine'
        : "set NODE_EXTRA_CA_CERTS to your proxy's certificate file",
      cause: error,
    });
  }
  const details = {
    code: 'unreachable',
    exitCode: EXIT.network,
    cause: error,
  } as const;
  if (code === 'ECONNREFUSED') {
    return new ConnectionError(`${host} refuses the connection`, 'server', {
      ...details,
      why: 'nothing listens on that port',
      hint: 'start a server there (gemlive serve), or check --base-url',
    });
  }
  if (NAME_LOOKUP.has(code)) {
    return new ConnectionError(`the name ${host} could not be looked up (${code})`, 'server', {
      ...details,
      why: 'no network, no DNS, or a mistyped name',
      hint: 'check the network, or talk without one: --local',
    });
  }
  // Node's HTTP parser, and ws about the headers of the upgrade: trying again would not help.
  if (code.startsWith('HPE_') || /Sec-WebSocket|Upgrade header|subprotocol/i.test(error.message)) {
    return new ConnectionError(`${host} does not speak WebSocket: ${error.message}`, 'refusal', {
      ...details,
      why: 'what listens there is no Live server',
      hint: 'check --base-url',
    });
  }
  return new ConnectionError(`no connection to ${host}: ${error.message || code}`, 'server', {
    ...details,
    hint: 'check the network and try again',
  });
}

function isTlsError(error: Error & { code?: string }): boolean {
  return (
    /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|EPROTO|HOSTNAME_MISMATCH)/.test(
      error.code ?? '',
    ) || /certificate|SSL routines/i.test(error.message)
  );
}
