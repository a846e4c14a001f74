/**
 * The one error type of gemlive. Everything that can go wrong is thrown as a {@link GemliveError} and
 * printed in one place (cli.ts); anything else that reaches it is a bug and exits with 1.
 */

/** Exit codes: the contract of the command line. */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  credential: 3,
  audio: 4,
  network: 5,
  server: 6,
  quota: 7,
  input: 8,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Stable codes, the `code` of an `error` or `warning` event. A code is never renamed. */
export type ErrorCode =
  | 'usage'
  | 'refused_setting'
  | 'no_key'
  | 'bad_key'
  | 'no_permission'
  | 'no_recorder'
  | 'no_player'
  | 'no_device'
  | 'recorder_lost'
  | 'player_lost'
  | 'unreachable'
  | 'tls'
  | 'timeout'
  | 'connection_lost'
  | 'bad_model'
  | 'bad_argument'
  | 'server_refused'
  | 'server_closed'
  | 'no_answer'
  | 'cut_off'
  | 'bad_frames'
  | 'session_expired'
  | 'quota'
  | 'max_cost'
  | 'max_duration'
  | 'input_missing'
  | 'input_unreadable'
  | 'input_empty'
  | 'input_not_audio'
  | 'output_failed'
  | 'port_in_use';

export type GemliveErrorOptions = {
  code: ErrorCode;
  exitCode: ExitCode;
  /** Why it happened, where that is known. One line. */
  why?: string;
  /** What to do next: the exact command or setting. One line. */
  hint?: string;
  cause?: unknown;
};

export class GemliveError extends Error {
  readonly code: ErrorCode;
  readonly exitCode: ExitCode;
  readonly why: string | undefined;
  readonly hint: string | undefined;

  constructor(message: string, { code, exitCode, why, hint, cause }: GemliveErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GemliveError';
    this.code = code;
    this.exitCode = exitCode;
    this.why = why;
    this.hint = hint;
  }
}

/** A mistake in how gemlive was called: exit 2. */
export function usageError(message: string, hint?: string): GemliveError {
  return new GemliveError(message, {
    code: 'usage',
    exitCode: EXIT.usage,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Something said to the user that ends nothing. */
export type Warning = { code: string; message: string; hint?: string };
