/** Raw terminal input → keys. Escape sequences are known by arriving in one chunk. */

export type Key =
  | { key: 'escape' | 'enter' | 'backspace' | 'left' | 'right' | 'home' | 'end' | 'clear' }
  | { key: 'interrupt' | 'eof' }
  | { key: 'text'; text: string };

const SEQUENCES: Record<string, Key> = {
  '\x1b[D': { key: 'left' },
  '\x1b[C': { key: 'right' },
  '\x1bOD': { key: 'left' },
  '\x1bOC': { key: 'right' },
  '\x1b[H': { key: 'home' },
  '\x1b[F': { key: 'end' },
  '\x01': { key: 'home' },
  '\x05': { key: 'end' },
  '\x15': { key: 'clear' },
  '\x1b': { key: 'escape' },
  '\x03': { key: 'interrupt' },
  '\x04': { key: 'eof' },
  '\r': { key: 'enter' },
  '\n': { key: 'enter' },
  '\x7f': { key: 'backspace' },
  '\b': { key: 'backspace' },
};

/**
 * An ESC byte with nothing behind it in its chunk is the Esc key, at once; with something behind it, a
 * sequence, known or ignored.
 */
export function parseKeys(chunk: string): Key[] {
  const keys: Key[] = [];
  for (const [piece] of chunk.matchAll(
    /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+/gsu,
  )) {
    const known = SEQUENCES[piece];
    if (known) keys.push(known);
    else if (!/^[\x00-\x1f]/.test(piece)) keys.push({ key: 'text', text: piece });
  }
  return keys;
}
