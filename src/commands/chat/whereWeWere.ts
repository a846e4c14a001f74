/** The last lines of a session that is taken up again, so that the user knows where it stands. */
import { harmless } from '../../ui/harmless.ts';
import { agoOf } from '../lastSession.ts';
import { textOf, type PastSession } from '../pastSession.ts';

/** Two questions and their answers. */
const LINES = 4;
const CHARACTERS = 500;

/** Lines for the terminal. */
export function whereWeWere(past: PastSession): string[] {
  const shown = past.lines.slice(-LINES).map((line) => {
    const text = harmless(textOf(line).trim());
    const end = text.length > CHARACTERS ? `…${text.slice(-CHARACTERS)}` : text;
    return line.role === 'model' ? end : `> ${end}`;
  });
  return [`going on with the session of ${agoOf(past)}:`, ...shown];
}
