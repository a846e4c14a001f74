/** What `chat` and `file` leave with when an answer did not come, or came in part. */
import { EXIT, GemliveError } from '../errors.ts';
import { reasonInWords } from '../protocol/turnReasons.ts';

/** Nothing of an answer came. `reason`: of the turn's end. */
export function noAnswer(reason: string | undefined): GemliveError {
  return new GemliveError('the model gave no answer', {
    code: 'no_answer',
    exitCode: EXIT.server,
    why:
      reason === undefined
        ? 'it ended the turn without a word, or went silent'
        : reasonInWords(reason),
    hint: 'put the question differently, or try another model: -m',
  });
}

/** The answer began and was not finished; what came of it has been printed and written. */
export function brokenAnswer(reason: string): GemliveError {
  return new GemliveError('the answer is not complete', {
    code: 'cut_off',
    exitCode: EXIT.server,
    why: reasonInWords(reason),
    hint: 'run the command again; what came of the answer was kept',
  });
}
