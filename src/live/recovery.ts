/** What is done about a connection that is lost, by why it was lost. Pure. */
import type { ConnectionError } from './networkErrors.ts';

/** `resume`: with the handle. `fresh`: without, and the user is told. `end`: it cannot be helped. */
export type Recovery = 'resume' | 'fresh' | 'end';

/**
 * `mid`: the session was set up when it was lost. An argument that is refused then is a context that is full;
 * before that, it is refused again.
 */
export function recoveryFrom({ kind }: ConnectionError, { mid }: { mid: boolean }): Recovery {
  switch (kind) {
    case 'server':
    case 'quota':
      return 'resume';
    case 'toolGate':
      return mid ? 'resume' : 'end';
    case 'handle':
      return 'fresh';
    case 'refusal':
      return mid ? 'fresh' : 'end';
    case 'credential':
    case 'end':
      return 'end';
    default:
      return kind satisfies never;
  }
}
