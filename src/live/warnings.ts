/** What a user is told of a session that goes on. */
import type { Warning } from '../errors.ts';

/** `hasLines`: the new session gets the last lines of the conversation. */
export const memoryLost = (hasLines: boolean): Warning => ({
  code: 'memory_lost',
  message: hasLines
    ? 'the session could not be taken up again: a new one goes on, and knows only the last lines'
    : 'the session could not be taken up again: a new one goes on, and knows nothing of it',
});
/** The server closed each session that was sent it. */
export const utteranceDropped = (kind: 'speech' | 'text'): Warning => ({
  code: 'utterance_dropped',
  message: `what you ${kind === 'speech' ? 'said' : 'wrote'} last was not answered and was dropped`,
  hint: 'say it in other words: the server closed each session that got it',
});
export const NO_ANSWER_YET: Warning = {
  code: 'no_answer_yet',
  message: 'no answer; the model may have chosen to stay silent',
};
