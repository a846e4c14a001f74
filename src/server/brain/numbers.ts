/** English number words ↔ numbers, as a recogniser writes them: `one hundred and forty four`. */

const SMALL: Record<string, number> = Object.fromEntries(
  (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen ' +
    'sixteen seventeen eighteen nineteen'
  )
    .split(' ')
    .map((word, index) => [word, index]),
);
const TENS: Record<string, number> = Object.fromEntries(
  'twenty thirty forty fifty sixty seventy eighty ninety'
    .split(' ')
    .map((word, index) => [word, (index + 2) * 10]),
);
const SCALES: Record<string, number> = { thousand: 1e3, million: 1e6, billion: 1e9 };

export function isNumberWord(word: string): boolean {
  return (
    Object.hasOwn(SMALL, word) ||
    Object.hasOwn(TENS, word) ||
    Object.hasOwn(SCALES, word) ||
    word === 'hundred'
  );
}

/** Words of one number → its value; undefined when they are not one number (`one two`). */
export function valueOfWords(words: readonly string[]): number | undefined {
  let total = 0;
  let group = 0;
  let lastScale = Infinity;
  /** What the next small word must stay below: after `twenty` ten, after `hundred` a hundred. */
  let room = 100;
  let seen = false;
  for (const word of words) {
    if (word === 'and') {
      if (!seen) return undefined;
      continue;
    }
    const small = SMALL[word];
    const tens = TENS[word];
    const scale = SCALES[word];
    if (small !== undefined) {
      if (small >= room) return undefined;
      group += small;
      room = 0;
    } else if (tens !== undefined) {
      if (room < 100) return undefined;
      group += tens;
      room = 10;
    } else if (word === 'hundred') {
      if (group === 0 || group > 99) return undefined; // twelve hundred
      group *= 100;
      room = 100;
    } else if (scale !== undefined) {
      if (group === 0 || scale >= lastScale) return undefined;
      total += group * scale;
      group = 0;
      room = 100;
      lastScale = scale;
    } else {
      return undefined;
    }
    seen = true;
  }
  return seen ? total + group : undefined;
}

/**
 * Replaces runs of number words by digits: `twelve times one hundred and two` → `12 times 102`. A run that
 * is not one number is split where it stops being one: `one two` → `1 2`.
 */
export function digitsForWords(text: string): string {
  const out: string[] = [];
  let run: string[] = [];
  const flush = (): void => {
    const trailing: string[] = [];
    while (run.at(-1) === 'and') trailing.push(run.pop() ?? '');
    if (run.length > 0) out.push(String(valueOfWords(run)));
    out.push(...trailing);
    run = [];
  };
  for (const word of text.replace(/([a-z])-(?=[a-z])/g, '$1 ').split(/\s+/)) {
    const belongs = isNumberWord(word) || (word === 'and' && run.length > 0);
    if (!belongs) {
      flush();
      out.push(word);
      continue;
    }
    if (word !== 'and' && valueOfWords([...run, word]) === undefined) flush();
    if (valueOfWords([...run, word]) === undefined && word !== 'and') out.push(word);
    else run.push(word);
  }
  flush();
  return out.join(' ');
}
