/**
 * How pieces of a transcript become a line. Most services send deltas that carry their own blanks ("Hel", "lo", " you");
 * some send whole sentences without any. And after a connection was made again, a service may transcribe the same
 * words once more.
 */

/** Scripts that put no blanks between words, and their punctuation. */
const NO_BLANKS = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3001-\u303f\uff00-\uffef]`;
const ENDS_WITHOUT_BLANKS = new RegExp(`${NO_BLANKS}$`, 'u');
const BEGINS_WITHOUT_BLANKS = new RegExp(`^${NO_BLANKS}`, 'u');
const SENTENCE_END = /[.!?…।؟۔]["'”’»)\]]*$/u;
/** "J.", "e.g.": the dot ends no sentence. */
const INITIAL = /(?:^|[\s(.])\p{Lu}\.$|\.\p{L}\.$/u;
const BEGINS_SENTENCE = /^[\p{Lu}\p{Lt}\p{Lo}¿¡“«„]/u;
const ENDS_WORD = /[\p{L}\p{M}\p{N}.,;:!?…।؟۔%)\]”’»"]$/u;
const BEGINS_WORD = /^[\p{L}\p{N}\p{Sc}№#@¿¡“«„([]/u;

/** What goes between two pieces. `isNew`: the second belongs to another utterance, and cannot go on with a word. */
export function joint(before: string, piece: string, isNew = false): '' | ' ' {
  if (before === '' || piece === '' || /\s$/.test(before) || /^\s/.test(piece)) return '';
  if (ENDS_WITHOUT_BLANKS.test(before) || BEGINS_WITHOUT_BLANKS.test(piece)) return '';
  const isSentence =
    SENTENCE_END.test(before) && BEGINS_SENTENCE.test(piece) && !INITIAL.test(before);
  return isSentence || (isNew && ENDS_WORD.test(before) && BEGINS_WORD.test(piece)) ? ' ' : '';
}

/** A line, and what a service says of the same sound once more: one line with the words of both, each once. */
export function mergeTranscripts(said: string, again: string): string {
  const [old, young] = [wordsOf(said), wordsOf(again)];
  if (indexOf(old, young) >= 0) return said;
  if (indexOf(young, old) >= 0) {
    const more = young.slice(old.length);
    return isSame(young.slice(0, old.length), old) && isRepeated(old, more) ? said : again;
  }
  for (let count = Math.min(old.length, young.length); count >= MIN_OVERLAP; count -= 1) {
    if (!isSame(old.slice(-count), young.slice(0, count))) continue;
    if (isRepeated(old, young.slice(count))) return said;
    return said.trimEnd().replace(/\p{P}+$/u, '') + again.slice(young[count - 1]!.end);
  }
  const known = new Set(old.map(({ text }) => text));
  const repeated = young.filter(({ text }) => known.has(text)).length;
  // Heard a little differently, it is still the same.
  if (repeated * 2 >= Math.min(young.length, old.length)) {
    return young.length >= old.length ? again : said;
  }
  return `${said}${joint(said, again, true)}${again}`;
}

/** One word in common may be chance. */
const MIN_OVERLAP = 2;

type Word = { text: string; end: number };

/** Of a script without blanks each character. Marks and case do not count. */
function wordsOf(line: string): Word[] {
  const found = line.matchAll(
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{M}\p{N}'’])+/gu,
  );
  return [...found].map(({ 0: text, index }) => ({
    text: text.toLowerCase(),
    end: index + text.length,
  }));
}

const isSame = (a: readonly Word[], b: readonly Word[]): boolean =>
  a.length === b.length && a.every(({ text }, at) => text === b[at]!.text);

/** A sound with a pause in it may be transcribed in parts, each of them with the end of the line. */
const isRepeated = (old: readonly Word[], more: readonly Word[]): boolean =>
  more.length >= MIN_OVERLAP && indexOf(old, more) >= 0;

function indexOf(words: readonly Word[], part: readonly Word[]): number {
  for (let at = 0; at + part.length <= words.length; at += 1) {
    if (isSame(words.slice(at, at + part.length), part)) return at;
  }
  return -1;
}
