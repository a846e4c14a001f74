/** The one mistake of a script that is told: of a choice between many shapes, the one that was meant. */
import type * as z from 'zod';
import type { PathInScript } from './loaded.ts';
import { short } from './match.ts';
import { FAULT_NAMES } from './schema.ts';

type Issue = z.core.$ZodIssue;
/** `key`: one that is there and has no business there. */
type Mistake = { path: PathInScript; words: string; key?: string };

const VERBS = 'expect send say reply audio text heard call wait close repeat fault'.split(' ');
/** Those that are no field of anything else. */
const SOLE_VERBS = new Set(VERBS.filter((verb) => verb !== 'text' && verb !== 'close'));

/** `sessions[0].steps[2].send`. */
export const asPath = (path: PathInScript): string =>
  path.length === 0
    ? 'the script'
    : path
        .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
        .join('')
        .replace(/^\./, '');

const FAULTS = FAULT_NAMES.join(', ');

export function mistakeIn(issues: readonly Issue[], value: unknown): Mistake {
  const issue = leading(issues);
  return issue ? explain(issue, [], value) : { path: [], words: 'it is no script' };
}

/** A misspelt key says more than that the right one is missing. */
const leading = (issues: readonly Issue[]): Issue | undefined =>
  issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];

function explain(issue: Issue, before: PathInScript, root: unknown): Mistake {
  const path = [...before, ...issue.path] as (string | number)[];
  const found = at(root, path);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    return { path, words: `"${key}" has no place here${expectedKeys(path)}`, key };
  }
  if (issue.code === 'invalid_union') return explainChoice(issue, path, root);
  if (found === undefined) return { path: path.slice(0, -1), words: missing(path) };
  const words = issue.message.replace(/^Invalid (input|option): /, '');
  return { path, words: `${words.replace(/, received .*$/, '')}, got ${short(found)}` };
}

const missing = (path: PathInScript): string => `"${String(path.at(-1))}" is missing`;

type Choice = Extract<Issue, { code: 'invalid_union' }>;

function explainChoice(issue: Choice, path: (string | number)[], root: unknown): Mistake {
  const found = at(root, path);
  const branch = meant(issue.errors, found);
  if (branch) return explain(branch, path, root);
  if (path.at(-1) === 'fault') return { path, words: `expected ${FAULTS}, got ${short(found)}` };
  if (path.at(-2) !== 'steps') {
    const choices = choicesIn(issue) || 'something else';
    return { path, words: `expected ${choices}, got ${short(found)}` };
  }
  const fault = at(found, ['fault']);
  const verbs = VERBS.filter((verb) => at(found, [verb]) !== undefined);
  return fault !== undefined && verbs.length === 1
    ? { path: [...path, 'fault'], words: `expected ${FAULTS}, got ${short(fault)}` }
    : { path, words: `a step has one of ${VERBS.join(', ')}; got ${short(found)}` };
}

/** The first issue of the shape that the user meant: all it needs is there, and it fails deepest. */
function meant(errors: readonly (readonly Issue[])[], found: unknown): Issue | undefined {
  const isThere = ({ path }: Issue): boolean =>
    path.length === 0 || at(found, path.slice(0, 1)) !== undefined;
  const candidates = errors.flatMap((issues) => {
    const issue = leading(issues);
    if (!issue || !issues.every(isThere)) return [];
    const isOther =
      issue.path.length === 0
        ? issue.code !== 'unrecognized_keys' || issue.keys.some((key) => SOLE_VERBS.has(key))
        : issue.path.length === 1 && issue.path[0] === 'fault';
    return isOther ? [] : [issue];
  });
  return candidates.toSorted((a, b) => b.path.length - a.path.length)[0];
}

function expectedKeys(path: PathInScript): string {
  const isSession = path.length === 2 && path[0] === 'sessions';
  if (path.length > 0 && !isSession) return '';
  return `: expected steps, faults, loose, within${isSession ? '' : ', sessions'}`;
}

/** What would have been right, one of each shape. */
function choicesIn(issue: Choice): string {
  const words = issue.errors.flatMap(([first]) => {
    if (first?.code === 'invalid_value') return first.values.map(String).join(', ');
    if (first?.code === 'invalid_type') {
      return first.path.length === 0 ? first.expected : `{${String(first.path[0])}: …}`;
    }
    return first && first.code !== 'unrecognized_keys' ? first.message : [];
  });
  return [...new Set(words)].join(', or ');
}

function at(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
