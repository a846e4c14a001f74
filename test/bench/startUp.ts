/**
 * Start-up, round by round beside bare Node. What ends by itself is measured from start to exit, what talks
 * from start to the setup frame at the server, on the one clock of the machine.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { medianRatio, spread, table } from './figures.ts';
import { SILENT, SUBJECTS, type LiveServer } from './liveServer.ts';
import { BIN, startNode, type Place } from './subjects.ts';
import { nowMs } from './subjects/marks.mjs';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 20);

type Row = {
  name: string;
  goal?: number;
  /** Ms. */
  measure: () => Promise<number>;
  /** Name of the row it is compared with. */
  baseline: string;
};

/** From start to exit. Output is read and thrown away. */
function untilExit(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const startMs = nowMs();
    const child = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.resume();
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve(nowMs() - startMs);
      else reject(new Error(`${args.join(' ')} ended with ${code}`));
    });
  });
}

/** `util-linux' script` is a terminal: with it, the row has its own baseline. */
const inTerminal = (args: readonly string[]): string[] => [
  '-qec',
  `exec ${[process.execPath, ...args].join(' ')}`,
  '/dev/null',
];

export async function measureStartUp(server: LiveServer, place: Place): Promise<string> {
  const { url, environment } = place;
  const empty = join(SUBJECTS, 'empty.mjs');
  const exits = (args: readonly string[]) => (): Promise<number> =>
    untilExit(process.execPath, args, environment);
  const setsUp = (args: readonly string[]) => async (): Promise<number> => {
    const setUp = server.nextSetup();
    const closed = server.nextClose();
    const startMs = nowMs();
    const running = await startNode(args, environment);
    const atMs = await setUp;
    await running.end();
    await closed;
    return atMs - startMs;
  };
  const setsUpInTerminal = (args: readonly string[]) => async (): Promise<number> => {
    const setUp = server.nextSetup();
    const closed = server.nextClose();
    const startMs = nowMs();
    const child = spawn('script', inTerminal(args), {
      env: { ...environment, SHELL: '/bin/sh', TERM: 'xterm-256color' },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const atMs = await setUp;
    child.stdin.write('q');
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    await exited;
    clearTimeout(timer);
    await closed;
    return atMs - startMs;
  };
  const talk = [BIN, 'talk', '--base-url', url];
  const node = 'bare node: an empty `.mjs`';
  const eval0 = '`node -e 0`';
  const nodeInTerminal = 'bare node, in a terminal';
  const rows: Row[] = [
    { name: node, measure: exits([empty]), baseline: node },
    { name: eval0, measure: exits(['-e', '0']), baseline: node },
    { name: '`gemlive --version`', goal: 1.3, measure: exits([BIN, '--version']), baseline: node },
    {
      name: '`gemlive talk --help`',
      goal: 2,
      measure: exits([BIN, 'talk', '--help']),
      baseline: node,
    },
    {
      name: '`gemlive chat hi` → setup frame',
      goal: 2.5,
      measure: setsUp([BIN, 'chat', '--base-url', url, 'hi']),
      baseline: node,
    },
    { name: '`gemlive talk` → setup frame', goal: 2.5, measure: setsUp(talk), baseline: node },
    {
      name: nodeInTerminal,
      measure: () => untilExit('script', inTerminal([empty]), environment),
      baseline: nodeInTerminal,
    },
    {
      name: '`gemlive talk` → setup frame, in a terminal',
      goal: 2.5,
      measure: setsUpInTerminal(talk),
      baseline: nodeInTerminal,
    },
    {
      name: 'bare `ws` → setup frame',
      measure: setsUp([join(SUBJECTS, 'wsLoop.mjs'), url]),
      baseline: node,
    },
    {
      name: 'official SDK → setup frame',
      measure: setsUp([join(SUBJECTS, 'sdkLoop.mjs'), url]),
      baseline: node,
    },
  ];
  server.behave(SILENT);
  const times = new Map<string, number[]>(rows.map(({ name }) => [name, []]));
  // The first round only fills the file cache.
  for (let round = -1; round < ROUNDS; round++)
    for (const { name, measure } of rows) {
      const ms = await measure();
      if (round >= 0) times.get(name)?.push(ms);
    }
  const of = (name: string): number[] => times.get(name) ?? [];
  return [
    '### Start-up',
    '',
    `${ROUNDS} rounds, the rows taking turns. Milliseconds from start to exit, or to the setup frame at the server; median ` +
      '(quartiles); ratios round by round, their median. Bare Node, which the goals are held against, is an empty ES ' +
      'module, as gemlive is one; `node -e 0` saves the loader of such modules. `talk` opens a recorder and a player ' +
      '(parec, pacat) and connects meanwhile.',
    '',
    table(
      ['what', 'ms', 'fastest', 'to bare Node', 'to `node -e 0`', 'goal'],
      rows.map(({ name, goal, baseline }) => [
        name,
        spread(of(name)),
        Math.min(...of(name)).toFixed(1),
        asTimes(medianRatio(of(name), of(baseline))),
        baseline === node ? asTimes(medianRatio(of(name), of(eval0))) : '',
        goal === undefined ? '' : verdict(medianRatio(of(name), of(baseline)), goal),
      ]),
    ),
  ].join('\n');
}

const asTimes = (ratio: number): string => `${ratio.toFixed(2)}×`;

const verdict = (value: number, goal: number): string =>
  `≤ ${goal}×: ${value <= goal ? 'met' : 'missed'}`;
