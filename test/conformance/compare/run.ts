/** Runs scenarios, probes and timing against one server or two, and tells what came of it line by line. */
import { OPEN_QUESTIONS } from '../../../src/protocol/openQuestions.ts';
import { differencesOf } from './differences.ts';
import { PROBES, setIdleProbe } from './probes.ts';
import { SCENARIOS, setFixtures, type Scenario } from './scenarios.ts';
import { Stage, type Endpoint } from './stage.ts';
import { timeSpokenTurns, timeTextTurns, timingLines } from './timing.ts';
import { orderOf, type Trace } from './trace.ts';

export type { Endpoint } from './stage.ts';

export type RunOptions = {
  /** What must do its part: `gemlive serve`. */
  local: Endpoint;
  /** What it is compared with. */
  other?: Endpoint | undefined;
  /** Names of scenarios and of questions, `probes`, `timing`; empty: all. */
  only: readonly string[];
  /** What takes minutes too. */
  long: boolean;
  /** Of the timing. */
  turns: number;
  /** Folder `audio-fixtures`. */
  fixtures: string;
  /** One scenario at most, ms. */
  limitMs: number;
  print: (line: string) => void;
};

/** `failed`: what the local server did not do. `differences`: between the two. */
export type Outcome = { scenarios: number; probes: number; failed: string[]; differences: number };

export const NAMES: readonly string[] = [
  'probes',
  'timing',
  ...SCENARIOS.map(({ name }) => name),
  ...OPEN_QUESTIONS.map(({ id }) => id),
];

const SETTLE_MS = 500;
const LONG_IDLE_MS = 240_000;
const LONG_LIMIT_MS = 660_000;

export async function run(options: RunOptions): Promise<Outcome> {
  const { only, print, fixtures, long } = options;
  setFixtures(fixtures);
  if (long) setIdleProbe(LONG_IDLE_MS);
  const outcome: Outcome = { scenarios: 0, probes: 0, failed: [], differences: 0 };
  const wants = (name: string, section?: string): boolean =>
    only.length === 0 || only.includes(name) || (section !== undefined && only.includes(section));
  for (const scenario of SCENARIOS) {
    if (!wants(scenario.name)) continue;
    if (scenario.long && !long) print(`${scenario.name}: takes minutes, skipped without --long`);
    else await runScenario(scenario, options, outcome);
  }
  for (const { id, question, assumed, confidence } of OPEN_QUESTIONS) {
    if (!wants(id, 'probes')) continue;
    outcome.probes += 1;
    print(`probe ${id} (${confidence}): ${question}`);
    print(`  assumed: ${assumed}`);
    const ask = async (endpoint: Endpoint): Promise<string> => {
      const answer = await within(options, endpoint, PROBES[id]).catch(
        (error: unknown) => `no answer: ${messageOf(error)}`,
      );
      print(`  ${endpoint.name}: ${answer}${answer === assumed ? '' : '   <- not as assumed'}`);
      return answer;
    };
    if ((await ask(options.local)) !== assumed) outcome.failed.push(id);
    if (options.other && (await ask(options.other)) !== assumed) outcome.differences += 1;
  }
  if (wants('timing')) await runTiming(options, outcome);
  return outcome;
}

/** Of one scenario or probe on a stage of its own. Rejects after the limit. */
async function within<T>(
  { limitMs, long }: RunOptions,
  endpoint: Endpoint,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const stage = new Stage(endpoint);
  const ms = long ? Math.max(limitMs, LONG_LIMIT_MS) : limitMs;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      act(stage),
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing more came in ${ms / 1000} s`)), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
    stage.close();
  }
}

type Played = { trace: Trace; failure: string | undefined };

async function play(scenario: Scenario, endpoint: Endpoint, options: RunOptions): Promise<Played> {
  let trace: Trace = [];
  try {
    await within(options, endpoint, async (stage) => {
      trace = stage.steps;
      await scenario.run(stage);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS)); // for what comes late
    });
    return { trace, failure: undefined };
  } catch (error) {
    return { trace, failure: messageOf(error) };
  }
}

async function runScenario(
  scenario: Scenario,
  options: RunOptions,
  outcome: Outcome,
): Promise<void> {
  const { local, other, print } = options;
  outcome.scenarios += 1;
  const [mine, theirs] = await Promise.all([
    play(scenario, local, options),
    other && play(scenario, other, options),
  ]);
  const { failure } = mine;
  print(`${scenario.name}: ${failure === undefined ? 'ok' : `FAILED: ${failure}`}`);
  print(`  ${orderOf(mine.trace).join(' | ')}`);
  if (failure !== undefined) outcome.failed.push(scenario.name);
  if (!theirs || !other) return;
  if (theirs.failure !== undefined) print(`  ${other.name} did not finish: ${theirs.failure}`);
  const differences = differencesOf(mine.trace, theirs.trace, [local.name, other.name]);
  outcome.differences += differences.length;
  for (const { kind, text } of differences) print(`  ${kind.padEnd(6)}  ${text}`);
  if (differences.length === 0 && theirs.failure === undefined) print(`  as ${other.name}`);
}

async function runTiming(options: RunOptions, outcome: Outcome): Promise<void> {
  const { local, other, turns, print } = options;
  const patient = { ...options, limitMs: Math.max(options.limitMs, turns * 20_000) };
  for (const endpoint of other ? [local, other] : [local]) {
    for (const [what, time] of [
      ['text', timeTextTurns],
      ['speech', timeSpokenTurns],
    ] as const) {
      try {
        const timings = await within(patient, endpoint, (stage) => time(stage, turns));
        for (const line of timingLines(`timing of ${endpoint.name}: ${what}`, timings)) print(line);
      } catch (error) {
        print(`timing of ${endpoint.name}: ${what}: ${messageOf(error)}`);
        if (endpoint === local) outcome.failed.push(`timing by ${what}`);
      }
    }
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
