/**
 * `npm run bench:echo [-- ROOM... --no-words]`: what is left of the echo, and of the user, in rooms on files, with
 * each of the ways there are. All of it goes to stdout and into docs/echo.md; some rooms, or without words, only to
 * stdout.
 */
import { setImmediate } from 'node:timers/promises';

import { it } from 'vitest';

import { measure, type Figures } from './echo/measure.ts';
import { aec3, gate, off, ours, type Method } from './echo/methods.ts';
import { PLANS, roomOf, type Plan } from './echo/plans.ts';
import { understood, wordsIn } from './echo/voices.ts';
import { table } from './figures.ts';
import { machine } from './machine.ts';
import { replaceSection } from './report.ts';

const METHODS = { off, gate, 'AEC3 alone': aec3, ours } satisfies Record<string, Method>;
type MethodName = keyof typeof METHODS;

type Row = Figures & {
  plan: Plan;
  method: MethodName;
  /** NaN: nobody listened. */
  words: number;
  cpu: number;
  delay: number;
};

const named = (process.env.GL_BENCH_ROOMS ?? '').split('\n').filter(Boolean);
const withWords = process.env.GL_BENCH_WORDS !== 'no';
const plans = PLANS.filter(
  ({ name }) => named.length === 0 || named.some((part) => name.includes(part)),
);

/** Either will do. */
const reachesGoal = (row: Row): boolean => row.overNoiseDb <= 3 || row.settled >= 35;

async function benchRoom(plan: Plan): Promise<Promise<Row>[]> {
  const room = roomOf(plan);
  const wanted = withWords ? wordsIn(room.near.map((sample, i) => sample + room.noise[i]!)) : [];
  const rows: Promise<Row>[] = [];
  for (const [method, process] of Object.entries(METHODS)) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time: their CPU is measured
    const { result, cpuShare, delayMs } = await process(room);
    // oxlint-disable-next-line no-await-in-loop -- recognisers that have ended make room for others
    await setImmediate();
    const known = { ...measure(room, result), plan, method: method as MethodName };
    rows.push(
      understoodIn(result, wanted).then((words) => ({
        ...known,
        words,
        cpu: cpuShare,
        delay: delayMs,
      })),
    );
  }
  return rows;
}

const understoodIn = async (
  result: Float32Array,
  wanted: Promise<string[]> | string[],
): Promise<number> =>
  withWords ? understood(await wanted, await wordsIn(result)) : Promise.resolve(Number.NaN);

const db = (value: number): string => value.toFixed(0);
const percent = (value: number): string => (Number.isNaN(value) ? '' : (100 * value).toFixed(0));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function perRoom(rows: readonly Row[]): string {
  const head = [
    'room',
    'way',
    'first 2 s',
    'settled',
    'over the noise',
    '2 s after a change',
    'settled again',
    'near speech kept, %',
    'SI-SDR',
    'gained',
    'words, %',
    'holes, %',
  ];
  return table(
    head,
    rows.map((row) => [
      row.method === 'off' ? row.plan.name : '',
      row.method,
      db(row.first2s),
      db(row.settled),
      db(row.overNoiseDb),
      Number.isFinite(row.changed) ? db(row.changed) : '',
      Number.isFinite(row.changed) ? db(row.settledAgain) : '',
      percent(row.kept),
      db(row.siSdr),
      db(row.siSdrGain),
      percent(row.words),
      percent(row.holes),
    ]),
  );
}

function summary(rows: readonly Row[]): string {
  const head = [
    'way',
    'rooms that reach the goal',
    'first 2 s, worst',
    'near speech kept, mean %',
    'worst %',
    'SI-SDR gained, mean',
    'words, mean %',
    'CPU, % of a core',
    'delay, ms',
  ];
  return table(
    head,
    Object.keys(METHODS).map((method) => {
      const own = rows.filter((row) => row.method === method);
      return [
        method,
        `${own.filter(reachesGoal).length} of ${own.length}`,
        db(Math.min(...own.map((row) => row.first2s))),
        percent(mean(own.map((row) => row.kept))),
        percent(Math.min(...own.map((row) => row.kept))),
        db(mean(own.map((row) => row.siSdrGain))),
        percent(mean(own.map((row) => row.words))),
        (100 * mean(own.map((row) => row.cpu))).toFixed(1),
        (own[0]?.delay ?? 0).toFixed(0),
      ];
    }),
  );
}

it('rooms on files', { timeout: 1_200_000 }, async () => {
  if (plans.length === 0) throw new Error(`no room is called ${named.join(' or ')}`);
  const waiting: Promise<Row>[] = [];
  for (const plan of plans) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time: their CPU is measured
    waiting.push(...(await benchRoom(plan)));
    console.log(plan.name);
  }
  const rows = await Promise.all(waiting);
  const text = `${machine()}; ${new Date().toISOString().slice(0, 10)}.\n\n${summary(rows)}\n\n${perRoom(rows)}`;
  console.log(text);
  if (plans.length === PLANS.length && withWords)
    replaceSection('echo.md', 'rooms', 'npm run bench:echo', text);
});
