/** What follows a connection that is lost or did not come about, by why. Pure. */
import type { ConnectionError } from './networkErrors.ts';

/** `resume`: with the handle. `fresh`: without, and the user hears of it. `end`: it cannot be helped. */
export type Recovery = 'resume' | 'fresh' | 'end';

/** When it happened: with a session that was ready, or in answer to a setup. */
export type Moment =
  | 'ready'
  | 'ready without a handle'
  /** The setup showed a handle. */
  | 'resuming'
  /** The server has closed a connection with that handle before. */
  | 'resuming again'
  /** No setup went out, or one without a handle. */
  | 'opening';

export function recoveryFrom(error: ConnectionError, moment: Moment): Recovery {
  switch (moment) {
    case 'ready':
    case 'ready without a handle':
      return recoveryOfSession(error, moment === 'ready');
    case 'resuming':
    case 'resuming again':
      return recoveryOfHandle(error, moment === 'resuming again');
    case 'opening':
      return error.kind === 'server' || error.kind === 'quota' ? 'resume' : 'end';
    default:
      return moment satisfies never;
  }
}

function recoveryOfSession({ kind }: ConnectionError, hasHandle: boolean): Recovery {
  switch (kind) {
    case 'server':
    case 'quota':
    case 'toolGate':
      return 'resume';
    case 'handle':
    // The context of the session may be full: the handle would bring it back.
    case 'refusal':
      return 'fresh';
    // The user has not ended the session, and the server can take it up again.
    case 'end':
      return hasHandle ? 'resume' : 'end';
    case 'credential':
      return 'end';
    default:
      return kind satisfies never;
  }
}

/** The words do not count: the service is not consistent about them. */
function recoveryOfHandle(error: ConnectionError, again: boolean): Recovery {
  if (error.kind === 'credential' || error.code === 'bad_model') return 'end';
  if (!isVerdict(error)) return 'resume';
  const isRefusal = error.closeCode === 1007 || error.closeCode === 1008;
  return isRefusal || again ? 'fresh' : 'resume';
}

/** A server that restarts or moves, and a network that breaks, say nothing about the session. */
const PASSING: ReadonlySet<number> = new Set([1001, 1006, 1012, 1013]);

/** The server itself closed the connection, because of the session or of what it was sent. */
export const isVerdict = ({ kind, closeCode }: ConnectionError): boolean =>
  closeCode !== undefined && !PASSING.has(closeCode) && kind !== 'quota' && kind !== 'credential';
