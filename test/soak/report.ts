/** What a soak has shown, as the section of a page. */
import { quantile, table } from '../bench/figures.ts';
import type { Kind } from './faults.ts';
import type { Soaked, Struck } from './soak.ts';

const ORDER: Kind[] = [
  'drop',
  'lost, then dropped',
  '1011',
  'away',
  'stale handle',
  'goAway',
  'half-open',
  'held writes',
];

const WHAT: Record<Kind, string> = {
  drop: 'dropped',
  'lost, then dropped': 'lets nothing through for 0.5 to 3 s, then dropped',
  '1011': 'closed by the server, 1011',
  away: 'dropped, and nobody there for 0.3 to 1.5 s',
  'stale handle': 'dropped, and the handle is refused',
  goAway: 'goAway: moved',
  'half-open': 'open, and lets nothing through, both ways or one',
  'held writes': 'held for 0.5 to 3 s, one way',
  none: 'nothing',
};

const BACKS_OFF = new Set<Kind>(['drop', 'lost, then dropped', '1011', 'away', 'stale handle']);

/** Each with what is told of it. */
const CASES: [string, (struck: Struck) => boolean][] = [
  ['', ({ kind, slow, again }) => !slow && !(again && BACKS_OFF.has(kind))],
  ['; again within 5 s', ({ kind, slow, again }) => !slow && again && BACKS_OFF.has(kind)],
  ['; 300 ms of delay each way', ({ slow }) => slow === true],
];

const figures = (values: readonly number[]): string =>
  values.length === 0
    ? '–'
    : `${Math.round(quantile(values, 0.5))} (${Math.round(quantile(values, 0.95))})`;

/** Of what is dropped on loopback without delay, from the drop to the first sound on the next connection. */
export const fastGaps = (struck: readonly Struck[], which: 'gapMs' | 'soundAfterMs'): number[] =>
  struck.flatMap(({ kind, slow, again, ...times }) => {
    const isFast =
      !slow && !again && (kind === 'drop' || kind === 'lost, then dropped' || kind === '1011');
    return isFast ? (times[which] ?? []) : [];
  });

export function report(soaked: Soaked, machine: string): string {
  const { struck, minutes, utterances, well, answers, faults, resources } = soaked;
  const rows = CASES.flatMap(([suffix, isCase]) =>
    ORDER.flatMap((kind) => {
      const these = struck.filter((one) => one.kind === kind && isCase(one));
      if (these.length === 0) return [];
      // A move loses nothing, whenever the next sound comes.
      const soundAfter = kind === 'goAway' ? [] : these.flatMap((one) => one.soundAfterMs ?? []);
      const gaps = these.flatMap((one) => one.gapMs ?? []);
      return [[`${WHAT[kind]}${suffix}`, String(these.length), figures(gaps), figures(soundAfter)]];
    }),
  );
  const held = [0, 1, 2, 3, 4].map((part) => {
    const at = Math.min(resources.length - 1, Math.round((part / 4) * (resources.length - 1)));
    const one = resources[at]!;
    return [
      ((minutes * at) / resources.length).toFixed(0),
      one.rssMiB.toFixed(1),
      one.heapMiB.toFixed(1),
      String(one.functions),
      String(one.timers),
      String(one.files),
    ];
  });
  return [
    '### A network that fails',
    '',
    `\`talk\` as it is built, ${minutes.toFixed(0)} minutes in real time, through a proxy that breaks the connection ${struck.length} times: while somebody speaks, before the answer, in it and after it. ` +
      `The server remembers for each handle the turns that were over when it gave it out, and nothing else. No sample of any sound is like another.`,
    '',
    `- Utterances in an answered turn, whole, once: ${well} of ${utterances}.`,
    `- Answers that sounded: ${answers.whole} whole, ${answers.cut} cut with their connection, ${answers.softer} softer at first.`,
    `- Sound that came twice, out of order, changed or not at all, and whatever else was wrong: ${faults.length === 0 ? 'none' : faults.join('; ')}.`,
    `- From the loss to the next connection, of connections that were cut on loopback after more than 5 s: median ${figures(fastGaps(struck, 'gapMs')).replace(' (', ' ms (p95 ')}; by the proxy's clock, to the first sound on it: ${figures(fastGaps(struck, 'soundAfterMs')).replace(' (', ' ms (p95 ')}.`,
    '',
    'Milliseconds, median (p95): the gap as `session` tells it (`gapMs`), and from the moment the network broke to the first sound on the next connection. A connection that is open and dead is looked after 10 s after somebody spoke, and given up 30 s later. Back-off goes on where a connection does not live for 5 s.',
    '',
    table(['what happens', 'times', 'gap', 'broken → sound'], rows),
    '',
    'What the process holds, after a full collection; each listener is a function:',
    '',
    table(['minute', 'memory, MiB', 'of it JavaScript', 'functions', 'timers', 'open files'], held),
    '',
    `Measured on ${machine}.`,
  ].join('\n');
}

/** Nothing that grows: the last third beside the second one. What is wrong with it, for each. */
export function leaks(resources: Soaked['resources']): string[] {
  const third = Math.floor(resources.length / 3);
  const [middle, last] = [resources.slice(third, 2 * third), resources.slice(2 * third)];
  const grown = (what: keyof Soaked['resources'][number], by: number): string[] => {
    const [from, to] = [middle, last].map((part) =>
      quantile(
        part.map((one) => one[what]),
        0.5,
      ),
    );
    return to! - from! > by ? [`${what} grew from ${from} to ${to}`] : [];
  };
  return [
    ...grown('heapMiB', 1),
    ...grown('rssMiB', 8),
    ...grown('functions', 30),
    ...grown('timers', 1),
    ...grown('files', 1),
  ];
}
