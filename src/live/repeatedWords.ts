/**
 * Words of the user that the server writes down again, because it was sent their sound again: the user's line stands
 * once. Letters and digits count; case, blanks and punctuation do not.
 */

/** Fewer letters may stand in other words by chance. */
const TELLING = 8;

export class RepeatedWords {
  /** Written down since the last answer began. */
  #heard = '';
  /** To be written down again. */
  #expected = '';
  /** The last transcription had nothing new. */
  #swallowed = false;

  /** A transcription: what is new of it. */
  fresh(text: string): string {
    const letters = squeezed(text);
    // Punctuation goes with the word before it.
    if (letters === '') return this.#swallowed ? '' : text;
    const { known, goesOn } = this.#knownOf(letters);
    this.#swallowed = known === letters.length;
    this.#heard += letters.slice(known);
    if (known === 0) return text;
    if (this.#swallowed) return '';
    const index = indexAfter(text, known);
    if (goesOn) return text.slice(index).replace(PUNCTUATION, '');
    return text.slice(Math.max(0, text.slice(0, index).search(LAST_WORD)));
  }

  /** How many of the letters were expected, and whether the others go on where those end. */
  #knownOf(letters: string): { known: number; goesOn: boolean } {
    const expected = this.#expected;
    if (expected === '') return { known: 0, goesOn: false };
    // The server may begin later than it did before.
    const at = letters.length < TELLING ? 0 : Math.max(0, expected.indexOf(letters));
    const rest = expected.slice(at);
    const known = commonLength(rest, letters);
    const goesOn = known === letters.length || known === rest.length;
    this.#expected = known === letters.length ? rest.slice(known) : '';
    return { known: goesOn || known >= TELLING ? known : 0, goesOn };
  }

  /** The speech that was written down goes to another session. */
  repeat(): void {
    this.#expected = this.#heard;
  }

  /** An answer has begun, or nobody waits for one any more. */
  over(): void {
    this.#heard = '';
    this.#expected = '';
    this.#swallowed = false;
  }
}

const PUNCTUATION = /^[^\p{L}\p{N}\s]+/u;
/** With the blank before it. */
const LAST_WORD = /\s*\S*$/u;
const UNCOUNTED = /[^\p{L}\p{N}]+/gu;

const squeezed = (text: string): string => text.toLowerCase().replaceAll(UNCOUNTED, '');

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

/** Where in `text` its first `count` letters end. */
function indexAfter(text: string, count: number): number {
  let index = 0;
  let left = count;
  for (const character of text) {
    if (left <= 0) break;
    left -= squeezed(character).length;
    index += character.length;
  }
  return index;
}
