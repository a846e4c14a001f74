/** What a user is told of a session that goes on. */
import type { Warning } from '../errors.ts';

export const MEMORY_LOST: Warning = {
  code: 'memory_lost',
  message: 'the session could not be taken up again: a new one knows its last lines only',
};
export const NO_ANSWER_YET: Warning = {
  code: 'no_answer_yet',
  message: 'no answer; the model may have chosen to stay silent',
};
