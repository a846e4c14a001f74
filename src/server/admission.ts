/** With what a client is let in, and what its credential allows. */
import type { IncomingMessage } from 'node:http';
import type { Setup } from '../protocol/messages.ts';
import { credentialsOf, isSecret } from './credentials.ts';
import { INVALID_KEY, Refusal, UNREGISTERED } from './refusal.ts';

/** What the credential of one connection is worth. It is judged after setup, as the service does. */
export type Admission = {
  /** The setup that counts. @throws Refusal */
  admit(setup: Setup): Setup;
  /** When it ends in the midst of a session, on the clock of `Date`. */
  expiresAtMs?: number;
};

export type AdmissionRules = {
  /** Required of everybody where it is set. */
  key: string | undefined;
  /** What an ephemeral token is worth, by its name. */
  tokens: { admissionOf(name: string): Admission };
};

/** `constrained`: the door is the one that tokens open, and no other. */
export function admissionOf(
  request: IncomingMessage,
  constrained: boolean,
  { key, tokens }: AdmissionRules,
): Admission {
  const shown = credentialsOf(request);
  const token = shown.find(({ kind }) => kind === 'token');
  const other = shown.find(({ kind }) => kind !== 'token');
  if (token && constrained) return tokens.admissionOf(token.value);
  if (token && !other) return refused(new Refusal(1008, UNREGISTERED));
  if (key === undefined) return OPEN;
  if (!other) return refused(new Refusal(1008, UNREGISTERED));
  return isSecret(other.value, key) ? OPEN : refused(new Refusal(1007, INVALID_KEY));
}

const OPEN: Admission = { admit: (setup) => setup };

const refused = (refusal: Refusal): Admission => ({
  admit() {
    throw refusal;
  },
});
