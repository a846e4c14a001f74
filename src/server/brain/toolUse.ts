/**
 * How the built-in rules use functions: one is called when the words of its name are in what the user says,
 * with arguments out of the same sentence. Nothing is made up: what is missing is asked for.
 */
import type { FunctionDeclaration } from '../../protocol/messages.ts';
import { ArgumentReader } from './argumentReader.ts';
import type { BrainCall } from './brain.ts';

/** They say that something is done, not what. */
const VERBS = new Set(
  'get set find search book make do call look up show tell give fetch check query read list run the a an'.split(
    ' ',
  ),
);

export type ToolUse =
  | { calls: { name: string; args: Record<string, unknown> }[] }
  | { missing: string };

/** `getWeather_forecast` → `get weather forecast`. */
export const wordsOfName = (name: string): string[] =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

/** What a name is about: its words without verbs, or all of them where there are only verbs. */
function subjectOf(name: string): string[] {
  const words = wordsOfName(name);
  const subject = words.filter((word) => !VERBS.has(word));
  return subject.length > 0 ? subject : words;
}

/** `lights` is `light`. */
const stem = (word: string): string => (word.length > 3 ? word.replace(/s$/, '') : word);

const wordsIn = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** The calls that a sentence asks for; undefined where it asks for none. */
export function toolUseFor(
  text: string,
  tools: readonly FunctionDeclaration[],
): ToolUse | undefined {
  const said = new Set(wordsIn(text).map(stem));
  const named = tools
    .map((tool) => ({ tool, subject: subjectOf(tool.name) }))
    .filter(({ subject }) => subject.length > 0 && subject.every((word) => said.has(stem(word))));
  // `weather forecast` asks for get_weather_forecast, not for get_weather besides.
  const wanted = named.filter(
    ({ subject }) =>
      !named.some(
        (other) => other.subject.length > subject.length && includesAll(other.subject, subject),
      ),
  );
  if (wanted.length === 0) return undefined;
  const names = wanted.flatMap(({ tool }) => wordsOfName(tool.name));
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  for (const { tool } of wanted) {
    const reader = new ArgumentReader(text, new Set([...names, ...VERBS].map(stem)), stem);
    const args = reader.read(tool.parametersJsonSchema ?? tool.parameters);
    const [missing] = reader.missing;
    if (missing !== undefined) {
      const what = wordsOfName(missing).join(' ');
      return { missing: `For ${wordsOfName(tool.name).join(' ')} I need the ${what}.` };
    }
    calls.push({ name: tool.name, args });
  }
  return { calls };
}

const includesAll = (words: readonly string[], some: readonly string[]): boolean =>
  some.every((word) => words.map(stem).includes(stem(word)));

const MAX_SAID_CHARS = 600;

/** A result in a sentence: `get weather says: tempC is 4.` */
export function sayResult(
  { name }: Pick<BrainCall, 'name'>,
  response: Record<string, unknown>,
): string {
  const who = wordsOfName(name).join(' ');
  const error = response['error'];
  if (error !== undefined && error !== null) return `${who} failed: ${ended(said(error))}`;
  const keys = Object.keys(response);
  const alone = keys.length === 1 && /^(output|result|response)$/.test(keys[0] ?? '');
  const value = said(alone ? response[keys[0] ?? ''] : response);
  return value === '' ? `${who} is done.` : `${who} says: ${ended(value)}`;
}

function said(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(said).filter(Boolean).join(', ');
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([key, inner]) => `${key} is ${said(inner) || 'empty'}`)
      .join(', ');
  }
  return (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\s+/g, ' ').trim();
}

function ended(text: string): string {
  const short = text.length > MAX_SAID_CHARS ? `${text.slice(0, MAX_SAID_CHARS)}…` : text;
  return /[.!?…]$/.test(short) ? short : `${short}.`;
}
