/**
 * The built-in brain: a few things done right and nothing invented. It answers what it understands and
 * else says what it can do. Pure: what it knows of the world is passed in.
 */
import { calculate, formatNumber } from './arithmetic.ts';
import type { FunctionDeclaration } from '../../protocol/messages.ts';
import type { Brain } from './brain.ts';
import { digitsForWords } from './numbers.ts';
import { sayResult, toolUseFor, type ToolUse } from './toolUse.ts';

export type BrainInput = {
  text: string;
  /** What the user said before, the oldest first. */
  earlier: readonly string[];
  /** The answer before this one. */
  answered?: string | undefined;
  now: Date;
};

const ABILITIES =
  'I am the local server of gemlive. I can tell the time and the date, do arithmetic, repeat what you say, ' +
  'count for you, and remember what you said.';

const MAX_COUNT = 1000;

type Rule = {
  match: RegExp;
  answer(match: RegExpExecArray, input: BrainInput): string | undefined;
};

const RULES: readonly Rule[] = [
  {
    match:
      /^(?:please )?(?:(?:can|could|would) you )?(?:please )?(?:repeat|say) (?:that|it)(?: again)?$/,
    answer: (_match, { answered }) => answered ?? 'I have not said anything yet.',
  },
  {
    match:
      /^(?:please )?(?:(?:can|could|would) you )?(?:please )?(?:repeat(?: after me)?|say)\b[\s:,]*(.+)$/s,
    answer: (_match, { text }) => {
      const words = /\b(?:repeat(?: after me)?|say)\b[\s:,]*(.+)$/is.exec(text)?.[1]?.trim();
      return words && sentence(words);
    },
  },
  {
    match: /\bwhat (?:did i|have i) (?:just )?(?:say|said)\b/,
    answer: (_match, { earlier }) => {
      const last = earlier.at(-1);
      return last === undefined
        ? 'You have not said anything before this.'
        : `You said: ${sentence(last)}`;
    },
  },
  {
    match:
      /\b(?:what is|what's|do you know|who am i|tell me) ?(?:my name)?\b.*\bmy name\b|\bwho am i\b/,
    answer: (_match, { earlier }) => {
      const name = earlier.map(nameIn).findLast((found) => found !== undefined);
      return name === undefined ? 'You have not told me your name.' : `Your name is ${name}.`;
    },
  },
  {
    match: /\bmy name is\b/,
    answer: (_match, { text }) => {
      const name = nameIn(text);
      return name && `Nice to meet you, ${name}.`;
    },
  },
  { match: /\bcount\b/, answer: (_match, { text }) => count(text) },
  {
    match:
      /\b(?:what(?: is|'s)? (?:the )?time|time is it|tell me the time)\b(?:.*?\bin (?:the )?(.+))?/,
    answer: ([, place], { now }) =>
      place === undefined ? `It is ${clock(now)}.` : timeIn(place, now),
  },
  {
    match:
      /\b(?:what|which) (?:day|date)\b|\b(?:what(?: is|'s)?|which|tell me) (?:the |today's |tomorrow's )*(?:date|day)\b|\b(?:today|tomorrow)'s date\b/,
    answer: ({ input }, { now }) => {
      if (/\btomorrow\b/.test(input)) return `Tomorrow is ${calendar(now, 1)}.`;
      if (/\byesterday\b/.test(input)) return `Yesterday was ${calendar(now, -1)}.`;
      return `Today is ${calendar(now, 0)}.`;
    },
  },
  {
    match: /\bwhat (?:year|month) is it\b/,
    answer: (_match, { now }) =>
      `It is ${now.toLocaleDateString('en-GB', { month: 'long', year: 'numeric' })}.`,
  },
  {
    match: /./s,
    answer: (_match, { text }) => {
      const result = calculate(text.replace(/[?.\s]+$/, ''));
      if (!result) return undefined;
      if (!Number.isFinite(result.value)) return `${capital(result.expression)} has no value.`;
      return `${capital(result.expression)} is ${formatNumber(result.value)}.`;
    },
  },
  {
    match: /\b(?:what(?: is|'s) your name|who are you|what are you)\b/,
    answer: () => 'I am the local server of gemlive.',
  },
  { match: /\bhow are you\b/, answer: () => 'I am well, thank you. What can I do for you?' },
  { match: /\b(?:thank you|thanks)\b/, answer: () => 'You are welcome.' },
  { match: /\b(?:goodbye|good bye|bye)\b/, answer: () => 'Goodbye.' },
  { match: /^(?:please )?(?:stop|be quiet|never mind|enough)\b/, answer: () => 'All right.' },
  {
    match: /^(?:hello|hi|hey|good (?:morning|afternoon|evening))\b/,
    answer: () => 'Hello! What can I do for you?',
  },
  { match: /\b(?:help|what can you do|introduce yourself)\b/, answer: () => ABILITIES },
];

/** An answer in whole sentences, always. */
export function answer(input: BrainInput): string {
  const plain = input.text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/[?!.,;:]+(?=\s|$)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (plain === '') return ABILITIES;
  for (const rule of RULES) {
    const match = rule.match.exec(plain);
    const text = match && rule.answer(match, input);
    if (text) return text;
  }
  return `I have no answer to that. ${ABILITIES}`;
}

function clock(now: Date, timeZone?: string): string {
  return now
    .toLocaleTimeString('en-US', {
      hour: 'numeric',
      minute: '2-digit',
      ...(timeZone !== undefined && { timeZone }),
    })
    .replaceAll('\u202f', ' ');
}

/** Cities that stand for a time zone are known; of other places it says that they are not. */
function timeIn(place: string, now: Date): string {
  const city = place.replaceAll(' ', '_');
  const zone = Intl.supportedValuesOf('timeZone').find((name) =>
    name.toLowerCase().endsWith(`/${city}`),
  );
  const named = place.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
  return zone === undefined
    ? `I do not know the time in ${named}. Here it is ${clock(now)}.`
    : `In ${named} it is ${clock(now, zone)}.`;
}

function calendar(now: Date, daysAhead: number): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + daysAhead, 12);
  return day.toLocaleDateString('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
}

function nameIn(text: string): string | undefined {
  const name = /\bmy name is\s+(\p{L}[\p{L}'-]*)/iu.exec(text)?.[1];
  return name && capital(name);
}

function count(text: string): string | undefined {
  const plain = digitsForWords(text.toLowerCase().replace(/[?!.,]/g, ' '));
  const range = /\bfrom (\d+) (?:(?:up|down) )?to (\d+)\b/.exec(plain);
  // `count two ten` is what a recogniser makes of `count to ten`.
  const limit = /\b(?:to|til|till|until|count(?: up)? 2) (\d+)\b/.exec(plain)?.[1];
  const down = /\bdown\b/.test(plain);
  if ((plain.match(/\d+/g) ?? []).some((digits) => Number(digits) > MAX_COUNT)) {
    return `I count to ${MAX_COUNT} at most.`;
  }
  if (range) return numbers(Number(range[1]), Number(range[2]));
  const from = /\bfrom (\d+)\b/.exec(plain)?.[1];
  if (down && (from ?? limit) !== undefined)
    return numbers(
      Number(from ?? limit),
      limit === from || limit === undefined ? 1 : Number(limit),
    );
  return limit === undefined ? undefined : numbers(1, Number(limit));
}

/** Ten to a sentence, so that the first can be heard before the last is made. */
function numbers(from: number, to: number): string {
  const step = from <= to ? 1 : -1;
  const all = Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => from + index * step);
  const lines: string[] = [];
  for (let index = 0; index < all.length; index += 10) {
    lines.push(`${all.slice(index, index + 10).join(', ')}.`);
  }
  return lines.join(' ');
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const sentence = (text: string): string =>
  /[.!?]$/.test(text) ? capital(text) : `${capital(text)}.`;

/** Words to be repeated are no wish, whatever they are. */
const REPEATS = /^\W*(?:please\s+)?(?:repeat|say)\b/i;

/** The rules as a brain. */
export const BUILT_IN: Brain = {
  name: 'built-in',
  async *think({ turns, tools, now }) {
    const results = turns.slice(turns.findLastIndex((turn) => turn.role !== 'tool') + 1);
    if (results.length > 0) {
      const sentences = results.flatMap((turn) =>
        turn.role === 'tool' ? sayResult(turn, turn.response) : [],
      );
      yield { text: sentences.join(' ') };
      return;
    }
    const earlier = turns.flatMap((turn) => (turn.role === 'user' ? [turn.text] : []));
    const answered = turns.findLast((turn) => turn.role === 'model' && turn.text !== '');
    const text = earlier.pop() ?? '';
    const before = answered?.role === 'model' ? answered.text : undefined;
    const use = REPEATS.test(text) ? undefined : useFor(text, earlier.at(-1), before, tools);
    if (use && 'missing' in use) yield { text: use.missing };
    for (const call of use && 'calls' in use ? use.calls : []) yield { call };
    if (use) return;
    yield { text: answer({ text, earlier, answered: before, now }) };
  },
};

/** What was missing before may be what is said now. */
function useFor(
  text: string,
  earlier: string | undefined,
  answered: string | undefined,
  tools: readonly FunctionDeclaration[],
): ToolUse | undefined {
  const use = toolUseFor(text, tools);
  if (use || earlier === undefined) return use;
  const before = toolUseFor(earlier, tools);
  const wasAsked = before && 'missing' in before && before.missing === answered?.trim();
  return wasAsked ? toolUseFor(`${earlier} ${text}`, tools) : undefined;
}
