/** Thousands who are silent, thousands who come and go, and bad neighbours. */
import { setTimeout as pause } from 'node:timers/promises';
import { quantile, table } from '../figures.ts';
import { countCpu, memory } from '../processes.ts';
import { byMarkers } from './rounds.ts';
import { serve, startClients, type Clients } from './subject.ts';
import { problems, talkAt, type Streamed } from './talking.ts';

const SETUP = { model: 'models/gemini-3.8-live' };
const HOLD_MS = 10_000;

export async function measureIdle(clients: Clients, sessions: number): Promise<string> {
  const server = await serve();
  try {
    await clients.run('holdIdle', { port: server.port, sessions: 10, holdMs: 100, setup: SETUP });
    const beforeMiB = memory(server.pid).mainMiB;
    let cpuPercent = Number.NaN;
    let openMiB = Number.NaN;
    const options = { port: server.port, sessions, holdMs: HOLD_MS, setup: SETUP };
    const { openMs, ended } = await clients.run<{ openMs: number; ended: number }>(
      'holdIdle',
      options,
      () => {
        const usage = countCpu(server.pid);
        const startMs = performance.now();
        setTimeout(() => {
          const { main } = usage();
          cpuPercent = ((main.userMs + main.systemMs) / (performance.now() - startMs)) * 100;
          openMiB = memory(server.pid).mainMiB;
        }, HOLD_MS * 0.9);
      },
    );
    await pause(2000);
    const afterMiB = memory(server.pid).mainMiB;
    if (ended > 0) problems.push(`${ended} silent sessions were closed`);
    problems.push(...server.faults.slice(0, 3));
    return [
      '### Silent sessions',
      '',
      `${sessions} sessions after setup that say nothing, for ${HOLD_MS / 1000} s.`,
      '',
      table(
        [
          'opened in',
          'ended by the server',
          'CPU',
          'memory before / with them / after',
          'per session',
        ],
        [
          [
            `${(openMs / 1000).toFixed(1)} s`,
            String(ended),
            `${cpuPercent.toFixed(1)} %`,
            [beforeMiB, openMiB, afterMiB].map((mib) => `${mib.toFixed(0)} MiB`).join(' / '),
            `${(((openMiB - beforeMiB) / sessions) * 1024).toFixed(1)} KiB`,
          ],
        ],
      ),
    ].join('\n');
  } finally {
    await server.stop();
  }
}

/** Rounds of sessions that come and go; what is left after each of them. */
export async function measureTurnover(clients: Clients, sessions: number): Promise<string> {
  const server = await serve();
  try {
    const rows: string[][] = [];
    const note = (what: string, rate: string): void =>
      void rows.push([
        what,
        rate,
        String(server.openFiles()),
        `${memory(server.pid).mainMiB.toFixed(0)} MiB`,
      ]);
    note('before', '');
    for (let round = 1; round <= 6; round++) {
      const options = { port: server.port, sessions, setup: SETUP };
      const { ms } = await clients.run<{ ms: number }>('openAndClose', options);
      await pause(1000);
      note(`after ${round * sessions}`, `${((sessions / ms) * 1000).toFixed(0)}/s`);
    }
    return [
      '### Coming and going',
      '',
      'Sessions that are opened, set up, asked something and left in the midst of the answer, 100 at a time; every third without a goodbye.',
      '',
      table(['sessions', 'rate', 'open files', 'memory'], rows),
    ].join('\n');
  } finally {
    await server.stop();
  }
}

const NEIGHBOURS = [
  ['nobody', undefined, 0, 0],
  ['20 who ask for long answers and do not read', 'deaf', 20, 100],
  ['frames of 16 MiB of sound, one a second', 'huge', 10, 1000],
  ['4 MiB that are no message, 5 a second', 'garbage', 50, 200],
] as const;

export async function measureNeighbours(clients: Clients): Promise<string> {
  const others = await startClients();
  const rows: string[][] = [];
  try {
    for (const [what, kind, times, everyMs] of NEIGHBOURS) {
      const server = await serve();
      try {
        const talking = talkAt(clients, server.port, byMarkers(), { sessions: 50, seconds: 16 });
        const options = { port: server.port, kind, times, everyMs, setup: SETUP };
        const misbehaving = kind === undefined ? undefined : others.run('misbehave', options);
        const [streamed] = await Promise.all([talking, misbehaving]);
        rows.push([what, ...row(streamed)]);
      } finally {
        await server.stop();
      }
    }
  } finally {
    others.stop();
  }
  return [
    '### Bad neighbours',
    '',
    '50 sessions that talk, by markers, beside clients that take more than their share. Milliseconds: median / p99 / longest.',
    '',
    table(['beside', '→ first sound', '→ `interrupted`', 'ping', 'missed'], rows),
  ].join('\n');
}

function row({ answerMs, interruptMs, pingMs, missed }: Streamed): string[] {
  const figures = (values: readonly number[]): string =>
    [0.5, 0.99, 1].map((share) => quantile(values, share).toFixed(1)).join(' / ');
  return [figures(answerMs), figures(interruptMs), figures(pingMs), String(missed)];
}
