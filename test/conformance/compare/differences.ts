/** What differs between two servers that went through the same scenario. */
import { fieldsOf, orderOf, timingOf, type Trace } from './trace.ts';

export type Difference = { kind: 'frames' | 'order' | 'timing'; text: string };

/** Below both, a difference in time says nothing. */
const SAME_MS = 100;
const SAME_SHARE = 0.25;

/** `names`: of the two, for the text. */
export function differencesOf(
  one: Trace,
  other: Trace,
  names: readonly [string, string],
): Difference[] {
  return [...frames(one, other, names), ...order(one, other, names), ...timing(one, other, names)];
}

function frames(one: Trace, other: Trace, [here, there]: readonly [string, string]): Difference[] {
  const mine = fieldsOf(one);
  const theirs = fieldsOf(other);
  const only = (who: string, fields: readonly string[]): Difference[] =>
    fields.length === 0 ? [] : [{ kind: 'frames', text: `only ${who}: ${fields.join(', ')}` }];
  return [
    ...only(
      here,
      mine.filter((field) => !theirs.includes(field)),
    ),
    ...only(
      there,
      theirs.filter((field) => !mine.includes(field)),
    ),
  ];
}

function order(one: Trace, other: Trace, [here, there]: readonly [string, string]): Difference[] {
  const mine = orderOf(one).join(' | ');
  const theirs = orderOf(other).join(' | ');
  if (mine === theirs) return [];
  return [
    { kind: 'order', text: `${here}: ${mine}` },
    { kind: 'order', text: `${there}: ${theirs}` },
  ];
}

function timing(one: Trace, other: Trace, [here, there]: readonly [string, string]): Difference[] {
  const mine = timingOf(one);
  const theirs = timingOf(other);
  const figures = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
  return figures.flatMap((figure) => {
    const a = mine[figure];
    const b = theirs[figure];
    const apart = Math.abs((a ?? Infinity) - (b ?? Infinity));
    if (apart <= Math.max(SAME_MS, SAME_SHARE * Math.abs(b ?? 0))) return [];
    const ms = (value: number | undefined): string =>
      value === undefined ? 'never' : `${Math.round(value)} ms`;
    return [{ kind: 'timing' as const, text: `${figure}: ${here} ${ms(a)}, ${there} ${ms(b)}` }];
  });
}
