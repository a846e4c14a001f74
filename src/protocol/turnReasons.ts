/**
 * Why a turn ended before its answer was whole: what the service says as `turnCompleteReason`, and gemlive's own
 * reasons, in words for the user.
 */
import type { Warning } from '../errors.ts';

/** Nothing more of an answer came, though the connection lives. */
export const CUT_OFF = 'CUT_OFF';
/** The connection broke in the midst of an answer. */
export const CONNECTION_LOST = 'CONNECTION_LOST';
/** The server closed each session that was sent what the user said, and gemlive does not send it again. */
export const DROPPED = 'DROPPED';
/** The answer is whole, and the model asks for more. */
const NEED_MORE_INPUT = 'NEED_MORE_INPUT';

const DIFFERENTLY = 'put the question differently, or try another model: -m';
const AGAIN = 'ask again, or try another model: -m';

/** `what` completes "the answer …". */
const REASONS: Readonly<Record<string, { what: string; hint: string }>> = {
  [CUT_OFF]: { what: 'stopped half-way: nothing more of it came', hint: 'ask again' },
  [DROPPED]: { what: 'did not come: the server closed each session', hint: DIFFERENTLY },
  [CONNECTION_LOST]: { what: 'stopped half-way: the connection broke', hint: 'ask again' },
  RESPONSE_REJECTED: { what: 'was rejected by the service', hint: DIFFERENTLY },
  MALFORMED_FUNCTION_CALL: { what: 'was a call that cannot be read', hint: AGAIN },
  PROHIBITED_INPUT_CONTENT: {
    what: 'was refused: the service does not allow what was said or written',
    hint: DIFFERENTLY,
  },
  INPUT_TEXT_CONTAIN_PROMINENT_PERSON_PROHIBITED: {
    what: 'was refused: a well-known person was named',
    hint: DIFFERENTLY,
  },
  INPUT_IP_PROHIBITED: {
    what: 'was refused: somebody holds rights in what was said or written',
    hint: DIFFERENTLY,
  },
  INPUT_OTHER: { what: 'was refused because of what was said or written', hint: DIFFERENTLY },
  BLOCKLIST: { what: 'has a word that the service blocks', hint: DIFFERENTLY },
  UNSAFE_PROMPT_FOR_IMAGE_GENERATION: { what: 'would be an unsafe picture', hint: DIFFERENTLY },
  GENERATED_AUDIO_SAFETY: { what: "was stopped by the service's safety rules", hint: DIFFERENTLY },
  GENERATED_CONTENT_SAFETY: {
    what: "was stopped by the service's safety rules",
    hint: DIFFERENTLY,
  },
  GENERATED_CONTENT_BLOCKLIST: { what: 'has a word that the service blocks', hint: DIFFERENTLY },
  GENERATED_CONTENT_PROHIBITED: {
    what: 'was stopped: the service does not allow what it says',
    hint: DIFFERENTLY,
  },
  GENERATED_OTHER: { what: 'was stopped by the service', hint: AGAIN },
  MAX_REGENERATION_REACHED: { what: 'failed as often as the service tries', hint: AGAIN },
};

const meaningOf = (reason: string): { what: string; hint: string } =>
  REASONS[reason] ?? { what: 'was ended by the service', hint: DIFFERENTLY };

/** gemlive has ended the turn, and not the service. */
export const isOwnReason = (reason: string | undefined): boolean =>
  reason === CUT_OFF || reason === CONNECTION_LOST || reason === DROPPED;

/** The user has asked for an end there (`--max-output-tokens`); only the models behind `--fallback` say so. */
const MAX_TOKENS = 'MAX_TOKENS';

/** The answer lacks its end, or all of it, and nobody asked for that. */
export const isBroken = (reason: string | undefined): reason is string =>
  reason !== undefined && reason !== NEED_MORE_INPUT && reason !== MAX_TOKENS;

/** "the answer was rejected by the service (RESPONSE_REJECTED)" */
export const reasonInWords = (reason: string): string =>
  `the answer ${meaningOf(reason).what} (${reason})`;

export const EMPTY_TURN: Warning = {
  code: 'answer_empty',
  message: 'the model ended its turn without an answer; it may have chosen to stay silent',
};

/** From this many refused answers in a row on, other advice helps more. */
const MANY = 3;
const NEW_SESSION =
  'the service rejects every answer: begin a new session, or try another model: -m';

/** What the user reads in a conversation that goes on. `inARow`: broken answers so far, with this one. */
export function reasonWarning(reason: string, inARow: number): Warning | undefined {
  // The session tells of these itself.
  if (reason === CONNECTION_LOST || reason === DROPPED) return undefined;
  if (reason === NEED_MORE_INPUT) {
    return { code: 'more_input', message: `the model waits for more input (${reason})` };
  }
  const code = reason === CUT_OFF ? 'answer_cut_off' : 'answer_refused';
  const isMany = code === 'answer_refused' && inARow >= MANY;
  const hint = isMany ? NEW_SESSION : meaningOf(reason).hint;
  return { code, message: reasonInWords(reason), hint };
}
