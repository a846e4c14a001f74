/** What goes wrong over HTTP, in the words and kinds of a Live connection that fails. */
import { EXIT } from '../errors.ts';
import { ConnectionError, serverWords, socketError } from '../live/networkErrors.ts';
import { classifyAnswer } from '../protocol/handshakes.ts';

/** `body`: of an answer that is no success, or the error in the midst of a stream. */
export function answerError(host: string, status: number, body: string): ConnectionError {
  const { kind, ...meaning } = classifyAnswer(status, errorText(body));
  const message = `${host} answered with HTTP ${status}${serverWords(body)}`;
  return new ConnectionError(message, kind, meaning);
}

/** Whatever may tell the cause: the message, the status and the reasons of Google's error JSON. */
function errorText(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: GoogleError };
    const reasons = (error?.details ?? []).map((detail) => detail?.reason);
    return [error?.message, error?.status, ...reasons].filter(isText).join(' ');
  } catch {
    // The page of a proxy may say anything: its status must do.
    return '';
  }
}

type GoogleError = {
  message?: unknown;
  status?: unknown;
  details?: readonly ({ reason?: unknown } | null)[];
};

const isText = (value: unknown): value is string => typeof value === 'string';

export function lateError(host: string, timeoutMs: number, begun: boolean): ConnectionError {
  const seconds = Math.round(timeoutMs / 100) / 10;
  return new ConnectionError(
    begun
      ? `${host} stopped in the middle of its answer, and said nothing more for ${seconds} s`
      : `${host} did not answer within ${seconds} s`,
    'server',
    {
      code: 'timeout',
      exitCode: EXIT.network,
      why: 'the network is slow, a firewall is in the way, or the service is overloaded',
      hint: 'try again in a moment, or check --base-url',
    },
  );
}

/** `error`: of the socket, or of the answer once it has `begun`. */
export function transportError(error: Error, host: string, begun: boolean): ConnectionError {
  if (error instanceof ConnectionError) return error;
  if (begun) {
    return new ConnectionError(`${host} broke off in the middle of its answer`, 'server', {
      code: 'connection_lost',
      exitCode: EXIT.network,
      why: error.message,
      hint: 'check the network and try again',
      cause: error,
    });
  }
  const { code = '' } = error as NodeJS.ErrnoException;
  return code.startsWith('HPE_') ? notTheApi(host, error.message) : socketError(error, host);
}

/** It answers, and not with what the API says: a captive portal, or something else altogether. */
export function notTheApi(host: string, why: string): ConnectionError {
  return new ConnectionError(`${host} does not speak the Gemini API`, 'refusal', {
    code: 'server_refused',
    exitCode: EXIT.server,
    why,
    hint: 'check --base-url, and whether this network wants you to log in',
  });
}
