/** Arithmetic in words and digits: `what is twelve times (3 plus 4)`. */
import { digitsForWords } from './numbers.ts';

type Token = number | '+' | '-' | '*' | '/' | '^' | '%' | '(' | ')';

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
  let text = digitsForWords(sentence.toLowerCase().replace(/(\d),(?=\d{3}\b)/g, '$1'));
  for (const [pattern, symbol] of WORDS) text = text.replace(pattern, symbol);
  const spans = text.match(/[-(]?\s*[\d.][\d\s.+\-*/^%()]*/g) ?? [];
  for (const span of spans.toSorted((a, b) => b.length - a.length)) {
    const tokens = tokenize(span);
    if (!tokens || !tokens.some((token) => typeof token === 'string' && /[-+*/^%]/.test(token))) {
      continue;
    }
    const value = evaluate(tokens);
    if (value !== undefined) return { expression: spoken(tokens), value };
  }
  return undefined;
}

function tokenize(span: string): Token[] | undefined {
  const tokens: Token[] = [];
  for (const [piece] of span.matchAll(/\d+(?:\.\d+)?|\.\d+|[-+*/^%()]/g)) {
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
};

const spoken = (tokens: readonly Token[]): string =>
  tokens
    .map((token) => (typeof token === 'number' ? String(token) : (SPOKEN[token] ?? token)))
    .join(' ')
    .replaceAll('( ', '(')
    .replaceAll(' )', ')');

/** At most six digits behind the point, and none that say nothing. */
export function formatNumber(value: number): string {
  return String(Number(value.toFixed(6)));
}
