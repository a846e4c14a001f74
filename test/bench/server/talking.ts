/** Everybody speaks and is answered: how soon, and what it costs. */
import { quantile, table } from '../figures.ts';
import { countCpu, memory, waitedMs } from '../processes.ts';
import { byDetection, byMarkers, type Rounds } from './rounds.ts';
import { serve, type Clients } from './subject.ts';

const GOAL_MS = 50;
const FRAME_MS = 40;
const WARM_UP_MS = 5000;

type Delays = { p50: number; p99: number; max: number };
export type Streamed = {
  answerMs: number[];
  interruptMs: number[];
  missed: number;
  unasked: number;
  turns: number;
  messages: number;
  bytes: number;
  ended: number;
  pingMs: number[];
  loopMs: Delays;
  lateMs: Delays;
};

type Run = Streamed & {
  way: string;
  seconds: number;
  cpuPercent: number;
  /** Of the time, it was ready and another process had the processor. */
  waitPercent: number;
  beforeMiB: number;
  afterMiB: number;
  faults: readonly string[];
};

export type TalkOptions = { sessions: number; seconds: number };

/** Sessions that stream for `seconds`, at a server that is there already. */
export function talkAt(
  clients: Clients,
  port: number,
  rounds: Rounds,
  { sessions, seconds }: TalkOptions,
  onProgress?: (progress: unknown) => void,
): Promise<Streamed> {
  const { setup, sound, roundMs } = rounds;
  const marks = rounds.marks(Math.ceil((seconds * 1000) / FRAME_MS));
  const warmUpMs = sessions === 1 ? 0 : WARM_UP_MS;
  const options = {
    port,
    sessions,
    seconds,
    warmUpMs,
    spreadMs: sessions === 1 ? 1 : roundMs,
    setup,
    sound,
    marks,
  };
  return clients.run('stream', options, onProgress);
}

async function run(
  way: string,
  rounds: Rounds,
  clients: Clients,
  options: TalkOptions,
): Promise<Run> {
  const server = await serve();
  try {
    // A first conversation loads what every later one shares.
    await talkAt(clients, server.port, rounds, { sessions: 1, seconds: 5 });
    const beforeMiB = memory(server.pid).mainMiB;
    let usage = countCpu(server.pid);
    let startMs = performance.now();
    let waited = waitedMs(server.pid);
    let figures = { cpuPercent: Number.NaN, waitPercent: Number.NaN, afterMiB: Number.NaN };
    const streamed = await talkAt(clients, server.port, rounds, options, (progress) => {
      if (progress === 'open') {
        usage = countCpu(server.pid);
        startMs = performance.now();
        waited = waitedMs(server.pid);
      } else {
        const { main } = usage();
        const cpuMs = main.userMs + main.systemMs;
        const ms = performance.now() - startMs;
        const cpuPercent = (cpuMs / ms) * 100;
        const waitPercent = ((waitedMs(server.pid) - waited) / ms) * 100;
        figures = { cpuPercent, waitPercent, afterMiB: memory(server.pid).mainMiB };
      }
    });
    const { seconds } = options;
    return { ...streamed, ...figures, way, seconds, beforeMiB, faults: server.faults };
  } finally {
    await server.stop();
  }
}

const figures = (values: readonly number[]): string =>
  [0.5, 0.95, 0.99].map((share) => quantile(values, share).toFixed(1)).join(' / ');
const delays = ({ p50, p99, max }: Delays): string =>
  [p50, p99, max].map((ms) => ms.toFixed(1)).join(' / ');

function verdict(values: readonly number[]): string {
  const p99 = quantile(values, 0.99);
  return p99 < GOAL_MS ? 'met' : 'missed';
}

/** What may not be, however fast it was. */
export const problems: string[] = [];

function check({ way, missed, unasked, ended, faults, answerMs, interruptMs }: Run): void {
  const wrong = [
    missed > 0 && `${missed} never came`,
    unasked > 0 && `${unasked} came unasked`,
    ended > 0 && `${ended} sessions were closed`,
    faults.length > 0 && `faults: ${faults.slice(0, 3).join('; ')}`,
    (answerMs.length === 0 || interruptMs.length === 0) && 'nothing was measured',
  ].filter((what) => what !== false);
  problems.push(...wrong.map((what) => `${way}: ${what}`));
}

export async function measureTalking(clients: Clients, options: TalkOptions): Promise<string> {
  const detection = await byDetection();
  const runs = [
    await run('client’s markers', byMarkers(), clients, options),
    await run('automatic detection', detection, clients, options),
  ];
  for (const one of runs) check(one);
  const { sessions, seconds } = options;
  return [
    '### Talking',
    '',
    `${sessions} sessions for ${seconds} s each, all of which send 40 ms of sound every 40 ms, at moments of their own; the first ${WARM_UP_MS / 1000} s are not counted. In each round a ` +
      'question is asked and answered (with its own sound: `--stt none --tts none`), and asked again over the answer. Counted from the ' +
      'frame with which the server can know: with markers that is `activityEnd` → first sound and `activityStart` → `interrupted`; with ' +
      'automatic detection the end of `silenceDurationMs` (800) → first sound and of `prefixPaddingMs` (100) after the onset → `interrupted`, ' +
      `where another detector, on the same sound in the bench, says so (onset at ${detection.onsetMs} ms; the recording has it at 500). ` +
      'Milliseconds: median / p95 / p99.',
    '',
    table(
      [
        'turns by',
        'answers',
        '→ first sound',
        `p99 < ${GOAL_MS}`,
        'interruptions',
        '→ `interrupted`',
        `p99 < ${GOAL_MS}`,
        'missed / unasked',
      ],
      runs.map((one) => [
        one.way,
        String(one.answerMs.length),
        figures(one.answerMs),
        verdict(one.answerMs),
        String(one.interruptMs.length),
        figures(one.interruptMs),
        verdict(one.interruptMs),
        `${one.missed} / ${one.unasked}`,
      ]),
    ),
    '',
    'The server: processor time in per cent of one core, how long it was ready and another process had the processor, memory (PSS) before and at the end, and what a WebSocket ping takes meanwhile. ' +
      'The clients: delay of their own event loop and lateness of their frames, which is in all of the figures above (median / p99 / longest).',
    '',
    table(
      [
        'turns by',
        'CPU',
        'waits',
        'memory',
        'per session',
        'ping p50 / p95 / p99',
        'sound out',
        'clients’ loop',
        'frames late',
      ],
      runs.map((one) => [
        one.way,
        `${one.cpuPercent.toFixed(0)} %`,
        `${one.waitPercent.toFixed(1)} %`,
        `${one.beforeMiB.toFixed(0)} → ${one.afterMiB.toFixed(0)} MiB`,
        `${(((one.afterMiB - one.beforeMiB) / sessions) * 1024).toFixed(0)} KiB`,
        figures(one.pingMs),
        `${(one.bytes / 2 ** 20 / seconds).toFixed(1)} MiB/s, ${one.messages} messages, ${one.turns} turns`,
        delays(one.loopMs),
        delays(one.lateMs),
      ]),
    ),
  ].join('\n');
}
