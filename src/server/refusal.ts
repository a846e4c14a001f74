/** A session that the server ends, with the service's own code and words. */

import { ASSUMED } from '../protocol/openQuestions.ts';

/** A close frame has room for 123 bytes of reason. */
const MAX_REASON_BYTES = 123;

export class Refusal extends Error {
  readonly closeCode: number;

  constructor(closeCode: number, reason: string) {
    super(reason);
    this.closeCode = closeCode;
  }
}

/** Cut to what a close frame holds, never within a character. */
export function closeReason(reason: string): string {
  const bytes = Buffer.from(reason, 'utf8');
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  let end = MAX_REASON_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

export const INVALID_ARGUMENT = 'Request contains an invalid argument.';

export const internalError = (): Refusal => new Refusal(1011, 'Internal error encountered.');

/** A second setup, a marker or a text where it is not allowed: the service says no more than this. */
export const invalidArgument = (): Refusal => new Refusal(1007, INVALID_ARGUMENT);

/** `at`: the path of the message that it stands in; empty for the frame itself. */
export const unknownName = (name: string, at: string): Refusal =>
  new Refusal(
    1007,
    `Invalid JSON payload received. Unknown name "${name}"${at === '' ? '' : ` at '${at}'`}: Cannot find field.`,
  );

/** A credential is missing, or is a token where only keys count. */
export const UNREGISTERED =
  "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other " +
  'form of API consumer identity to call this API.';
export const INVALID_KEY = 'API key not valid. Please pass a valid API key.';

export const misplacedMarker = (): Refusal =>
  new Refusal(ASSUMED.markersUnderAutoVad.code, ASSUMED.markersUnderAutoVad.reason);
