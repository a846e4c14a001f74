/** Arithmetic in words and digits: `what is twelve times (3 plus 4)`. */
import { digitsForWords } from './numbers.ts';

type Token = number | '+' | '-' | '*' | '/' | '^' | '%' | '√' | '(' | ')';

/** What pocketsphinx makes of short number words; beside an operator nothing else can be meant. */
const MISHEARD: Record<string, string> = {
  to: 'two',
  too: 'two',
  for: 'four',
  ate: 'eight',
  age: 'eight',
  mine: 'nine',
  won: 'one',
};
const MISHEARD_WORD = `(?:${Object.keys(MISHEARD).join('|')})`;
const OPERATOR_WORD = '(?:times?|plus|minus|divided by|multiplied by|over)';
const MISHEARD_OPERAND = new RegExp(
  String.raw`(?<=\b${OPERATOR_WORD} )${MISHEARD_WORD}\b|\b${MISHEARD_WORD}(?= ${OPERATOR_WORD}\b)`,
  'g',
);
const NUMBER = String.raw`(-?\d+(?:\.\d+)?)`;
const between = (before: string, middle: string): RegExp =>
  new RegExp(String.raw`\b${before} ${NUMBER} (?:${middle}) ${NUMBER}`, 'g');

/** Said in another order than it is written; numbers are digits here. */
const PHRASES: [RegExp, string][] = [
  [/\b(?:negative|minus) (?=\d)/g, ' -'],
  [between('subtract', 'from'), '$2 - $1'],
  [between('(?:add|sum of)', 'to|and|with'), '$1 + $2'],
  [between('(?:multiply|product of)', 'by|with|and'), '$1 * $2'],
  [between('(?:divide)', 'by'), '$1 / $2'],
  [between('(?:difference between|difference of)', 'and'), '$1 - $2'],
  [/\bsquare root of\b/g, ' √ '],
  [/\bhalf of (?=-?\d)/g, ' 0.5 * '],
  [/\b(?:double|twice) (?=-?\d)/g, ' 2 * '],
  [/(\d) ?x ?(?=\d)/g, '$1 * '],
];

/** A calculation beside one of these is only part of what was asked: no answer is better than a wrong one. */
const NOT_UNDERSTOOD =
  /\b(?:hundred|thousand|million|billion|point|half|quarters?|thirds?|dozen|root|factorial|double|twice|triple|negative|per ?cent|log\w*|sine?|cosine?|tangent|mod(?:ulo)?|subtract\w*|divided?|multipl\w+|average|difference|product)\b/;

const WORDS: [RegExp, string][] = [
  [/\b(multiplied by|times|time|x)\b|[×·]/g, ' * '],
  [/\b(divided by|over)\b|÷/g, ' / '],
  [/\b(plus|added to|and)\b/g, ' + '],
  [/\b(minus|less|take away)\b|−/g, ' - '],
  [/\b(to the power of|raised to)\b|\*\*/g, ' ^ '],
  [/\bsquared\b/g, ' ^ 2 '],
  [/\bcubed\b/g, ' ^ 3 '],
  [/\bper ?cent of\b|% of\b/g, ' % '],
];

/**
 * The calculation in a sentence and its value, or undefined where there is none. A number alone is no
 * calculation.
 */
export function calculate(sentence: string): { expression: string; value: number } | undefined {
  let text = sentence
    .toLowerCase()
    .replace(/(\d),(?=\d{3}\b)/g, '$1')
    .replace(/\ban? (?=(?:hundred|thousand|million|billion)\b)/g, 'one ')
    .replace(MISHEARD_OPERAND, (word) => MISHEARD[word] ?? word);
  text = digitsForWords(text).replace(
    /\b(\d+ )?point ((?:\d+ ?)+)/g, // `3 point 1 4`
    (_all, whole: string | undefined, digits: string) =>
      `${whole?.trim() ?? '0'}.${digits.replaceAll(' ', '')} `,
  );
  for (const [pattern, symbol] of [...PHRASES, ...WORDS]) text = text.replace(pattern, symbol);
  const spans = text.match(/[-(√\s]*[\d.][\d\s.+\-*/^%()√]*/g) ?? [];
  for (const span of spans.toSorted((a, b) => b.length - a.length)) {
    const tokens = tokenize(span);
    if (!tokens || !tokens.some((token) => typeof token === 'string' && /[-+*/^%√]/.test(token))) {
      continue;
    }
    if (NOT_UNDERSTOOD.test(text.replace(span, ' '))) return undefined;
    const value = evaluate(tokens);
    if (value !== undefined) return { expression: spoken(tokens), value };
  }
  return undefined;
}

function tokenize(span: string): Token[] | undefined {
  const tokens: Token[] = [];
  for (const [piece] of span.matchAll(/\d+(?:\.\d+)?|\.\d+|[-+*/^%()√]/g)) {
    tokens.push(/\d/.test(piece) ? Number(piece) : (piece as Token));
  }
  // An operator that is left over belonged to the sentence: `12 and` of `12 and then`.
  while (typeof tokens.at(-1) === 'string' && tokens.at(-1) !== ')') tokens.pop();
  return tokens.length > 1 ? tokens : undefined;
}

/** Recursive descent: sums of products of powers. Undefined for what is not well formed. */
function evaluate(tokens: readonly Token[]): number | undefined {
  let at = 0;
  const fail = Symbol('not well formed');
  const take = (...wanted: Token[]): Token | undefined => {
    const token = tokens[at];
    if (token === undefined || !wanted.includes(token)) return undefined;
    at += 1;
    return token;
  };
  const sum = (): number => {
    let value = product();
    for (let sign = take('+', '-'); sign !== undefined; sign = take('+', '-')) {
      value = sign === '+' ? value + product() : value - product();
    }
    return value;
  };
  const product = (): number => {
    let value = power();
    for (let sign = take('*', '/', '%'); sign !== undefined; sign = take('*', '/', '%')) {
      const right = power();
      if (sign === '*') value *= right;
      else if (sign === '/') value /= right;
      else value = (value * right) / 100;
    }
    return value;
  };
  const power = (): number => {
    const base = atom();
    return take('^') === undefined ? base : base ** power();
  };
  const atom = (): number => {
    if (take('-') !== undefined) return -atom();
    if (take('√') !== undefined) return Math.sqrt(atom());
    if (take('(') !== undefined) {
      const value = sum();
      if (take(')') === undefined) throw fail;
      return value;
    }
    const token = tokens[at];
    if (typeof token !== 'number') throw fail;
    at += 1;
    return token;
  };
  try {
    const value = sum();
    return at === tokens.length ? value : undefined;
  } catch (error) {
    if (error === fail) return undefined;
    throw error;
  }
}

const SPOKEN: Record<string, string> = {
  '+': 'plus',
  '-': 'minus',
  '*': 'times',
  '/': 'divided by',
  '^': 'to the power of',
  '%': 'percent of',
  '√': 'the square root of',
};

const spoken = (tokens: readonly Token[]): string =>
  tokens
    .map((token) => (typeof token === 'number' ? String(token) : (SPOKEN[token] ?? token)))
    .join(' ')
    .replaceAll('( ', '(')
    .replaceAll(' )', ')');

/** At most six digits, `about` where there are more; never a figure that floating point has made up. */
export function formatNumber(value: number): string {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    const [factor, exponent] = value.toExponential(2).split('e+');
    return `about ${factor} times 10 to the power of ${exponent}`;
  }
  if (value !== 0 && Math.abs(value) < 1e-12) return 'about 0';
  const isTiny = value !== 0 && Math.abs(value) < 0.001;
  const rounded = Number(isTiny ? value.toPrecision(3) : value.toFixed(6));
  const isExact = Math.abs(rounded - value) <= 1e-12 * Math.max(1e-3, Math.abs(value));
  const figure = isTiny
    ? rounded.toFixed(20).replace(/0+$/, '')
    : String(Object.is(rounded, -0) ? 0 : rounded);
  return isExact ? figure : `about ${figure}`;
}
