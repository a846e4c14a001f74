/**
 * Text that comes in pieces, cut anywhere → sentences, each as soon as it is sure to be whole. Where the
 * pieces were cut makes no difference, and nothing is lost or added.
 */

/** A sentence that goes on for longer is cut, so that something can be heard. */
const MAX_CHARS = 200;
/** A comma before this makes too short a piece. */
const MIN_CUT_CHARS = 60;

/** What ends a sentence where a blank follows, with the quotes and brackets that close behind it. */
const END = /([.!?…।؟]+)(["'”’»)\]*_]*)\s/gu;
/** Chinese and Japanese need no blank. */
const WIDE_END = /[。！？]+["'”’」』）)]*(?=[^。！？"'”’」』）)])/u;
const NEWLINE = /\n/;

/** Never the end, since a name or a number follows. */
const BEFORE_NAMES =
  /^(?:dr|mrs?|ms|mx|prof|st|mt|rev|gen|sgt|capt|lt|gov|sen|rep|hon|vs|fig|nos?|vol|pp?|ca|cf|approx|e\.g|i\.e|z\.b|d\.h|bzw)$/i;
/** The end only where no small letter follows. */
const PERHAPS_LAST = /^(?:etc|inc|ltd|co|corp|jr|sr|a\.m|p\.m|ph\.d|al|dept|est|min|max|usw)$/i;
/** `J. Smith`, `U.S. Army`; but `So do I. Then`. */
const INITIALS = /^(?!I$)(?:\p{Lu}\.)*\p{L}$/u;
/** `1. First`, `(2) Second`, at the beginning. */
const LIST_NUMBER = /^\s*\(?\d{1,3}$/;

const WORD = /[\p{L}\p{N}]/u;

export class SentenceSplitter {
  #rest = '';

  /**
   * The sentences that are whole now, often none. The blank after a sentence belongs to it, more of them to
   * the next one. Joined, all that `push` and `end` gave is what was pushed.
   */
  push(text: string): string[] {
    this.#rest += text;
    return this.#take(false);
  }

  /** What is left, as if the text ended here. May be blank. */
  end(): string[] {
    const sentences = this.#take(true);
    if (this.#rest !== '') sentences.push(this.#rest);
    this.#rest = '';
    return sentences;
  }

  #take(isOver: boolean): string[] {
    const sentences: string[] = [];
    for (;;) {
      // One more than fits: it tells what follows the last place to cut.
      let window = this.#rest.slice(0, MAX_CHARS + 1);
      const isFull = window.length > MAX_CHARS;
      // Half a character says nothing yet.
      if (!isFull && !isOver) window = window.replace(/[\uD800-\uDBFF]$/, '');
      const at = endOfSentence(window, isFull || isOver) ?? (isFull ? placeToCut(window) : 0);
      if (at === 0) return sentences;
      sentences.push(this.#rest.slice(0, at));
      this.#rest = this.#rest.slice(at);
    }
  }
}

/** All at once. */
export function sentencesOf(text: string): string[] {
  const splitter = new SentenceSplitter();
  return [...splitter.push(text), ...splitter.end()];
}

/**
 * Where the first sentence ends: 0 when that is not known before more has come (`isWhole`: nothing more
 * counts), undefined when it does not end in `text`.
 */
function endOfSentence(text: string, isWhole: boolean): number | undefined {
  const newline = afterWord(text, NEWLINE);
  const wide = afterWord(text, WIDE_END);
  const limit = Math.min(newline ?? Infinity, wide ?? Infinity);
  for (const match of text.matchAll(END)) {
    const at = match.index + match[0].length;
    if (at > limit) break;
    if (match[0].endsWith('\n') || !WORD.test(text.slice(0, at))) continue;
    const verdict = isEnd(text.slice(0, match.index), match[1] ?? '', match[2] ?? '');
    if (verdict === 'yes') return at;
    if (verdict === 'no') continue;
    const next = /\S/u.exec(text.slice(at))?.[0];
    if (next === undefined && !isWhole) return 0;
    if (next === undefined || !/\p{Ll}/u.test(next)) return at;
  }
  return limit === Infinity ? undefined : limit;
}

/** The end of the first match that has a word before it. */
function afterWord(text: string, pattern: RegExp): number | undefined {
  const word = WORD.exec(text);
  if (!word) return undefined;
  const match = pattern.exec(text.slice(word.index));
  return match ? word.index + match.index + match[0].length : undefined;
}

function isEnd(before: string, mark: string, closers: string): 'yes' | 'no' | 'unless small' {
  if (mark === '.' && closers === '') {
    const word = /[^\s("'“‘«[*_]*$/u.exec(before)?.[0] ?? '';
    if (BEFORE_NAMES.test(word) || INITIALS.test(word) || LIST_NUMBER.test(before)) return 'no';
    return PERHAPS_LAST.test(word) ? 'unless small' : 'yes';
  }
  // `"Stop!" he said`, `Well... perhaps`
  return closers !== '' || /\.\.|…/.test(mark) ? 'unless small' : 'yes';
}

/** Of a sentence that is too long: after the last comma, else after the last word, else anywhere. */
function placeToCut(text: string): number {
  const room = text.slice(0, MAX_CHARS);
  const comma = /^.*[,;:–—]\s/su.exec(room)?.[0].length ?? 0;
  if (comma >= MIN_CUT_CHARS) return comma;
  const blank = /^.*\S\s/su.exec(room)?.[0].length ?? 0;
  if (blank >= MIN_CUT_CHARS) return blank;
  // Not between the halves of one character.
  return /[\uD800-\uDBFF]$/.test(room) ? MAX_CHARS - 1 : MAX_CHARS;
}
