/**
 * Two-way audio in real time: processor time and memory. The subjects take turns in slices on the same
 * sound server and the same Live server, each alone, while somebody speaks into the microphone.
 */
import { setTimeout as pause } from 'node:timers/promises';

import type { SoundServer } from '../support/soundServer.ts';
import { median, ratioAndRange, spread, table } from './figures.ts';
import { TALKATIVE, type LiveServer } from './liveServer.ts';
import { countCpu, memory } from './processes.ts';
import {
  GEMLIVE_IN_TERMINAL,
  GEMLIVE_PLAIN,
  SAMPLE_WAY,
  SDK_LOOP,
  WS_LOOP,
  type Place,
  type Subject,
} from './subjects.ts';

const SLICE_S = 60;
/** From the setup frame on: devices open, code is compiled. Not counted. */
const WARM_UP_MS = 3000;
/** Frames of 20 ms a second; a subject that sent fewer than this share of them did not do the work. */
const FRAMES_PER_S = 50;
const ENOUGH = 0.95;

/** Percent of one core. */
type Slice = {
  userPct: number;
  systemPct: number;
  treePct: number;
  children: Map<string, number>;
  mainMiB: number;
  treeMiB: number;
};

async function slice(
  subject: Subject,
  server: LiveServer,
  place: Place,
  seconds: number,
): Promise<Slice> {
  server.behave(TALKATIVE);
  const setUp = server.nextSetup();
  const running = await subject.start(place);
  await setUp;
  await pause(WARM_UP_MS);
  const startMs = performance.now();
  const used = countCpu(running.pid);
  await pause(seconds * 1000);
  const { main, children, treeMs } = used();
  const percent = (ms: number): number => (100 * ms) / (performance.now() - startMs);
  const result = {
    userPct: percent(main.userMs),
    systemPct: percent(main.systemMs),
    treePct: percent(treeMs),
    children: new Map([...children].map(([name, ms]) => [name, percent(ms)])),
    ...memory(running.pid),
  };
  const closed = server.nextClose();
  await running.end();
  const frames = await closed;
  const wanted = seconds * FRAMES_PER_S * ENOUGH;
  if (subject !== SAMPLE_WAY && frames < wanted)
    throw new Error(`${subject.name} sent ${frames} frames in ${seconds} s`);
  return result;
}

/** Speech with its pauses, over and over. The result stops it, within one recording's length. */
function keepSpeaking(sound: SoundServer, recording: string): () => Promise<void> {
  const stop = new AbortController();
  const speaking = (async () => {
    while (!stop.signal.aborted) {
      await sound.playIntoMic(recording);
      await pause(700);
    }
  })();
  return () => {
    stop.abort();
    return speaking;
  };
}

/** `seconds`: of every subject, in slices of a minute at most. */
export async function measureTwoWay(
  { server, sound, place }: { server: LiveServer; sound: SoundServer; place: Place },
  { seconds, recording }: { seconds: number; recording: string },
): Promise<string> {
  const subjects = [WS_LOOP, GEMLIVE_IN_TERMINAL, GEMLIVE_PLAIN, SDK_LOOP, SAMPLE_WAY];
  const rounds = Math.max(1, Math.round(seconds / SLICE_S));
  const slices = new Map<Subject, Slice[]>(subjects.map((subject) => [subject, []]));
  const stopSpeaking = keepSpeaking(sound, recording);
  for (let round = 0; round < rounds; round++)
    for (const subject of subjects) {
      const one = await slice(subject, server, place, seconds / rounds);
      slices.get(subject)?.push(one);
      const cpu = (one.userPct + one.systemPct).toFixed(2);
      process.stderr.write(`${subject.name}: ${cpu} % of a core, ${one.mainMiB.toFixed(0)} MiB\n`);
    }
  await stopSpeaking();

  const main = (subject: Subject): number[] =>
    (slices.get(subject) ?? []).map(({ userPct, systemPct }) => userPct + systemPct);
  const cpuRows = subjects.map((subject) => {
    const own = slices.get(subject) ?? [];
    const names = new Set(own.flatMap(({ children }) => [...children.keys()]));
    const children = [...names].map(
      (name) => `${name} ${median(own.map((one) => one.children.get(name) ?? 0)).toFixed(2)}`,
    );
    return [
      subject.name,
      spread(main(subject), 2),
      median(own.map(({ userPct }) => userPct)).toFixed(2),
      median(own.map(({ systemPct }) => systemPct)).toFixed(2),
      ratioAndRange(main(subject), main(WS_LOOP)),
      ratioAndRange(main(subject), main(SDK_LOOP)),
      children.join(', '),
      median(own.map(({ treePct }) => treePct)).toFixed(2),
    ];
  });
  const memoryRows = subjects.map((subject) => {
    const own = slices.get(subject) ?? [];
    return [
      subject.name,
      spread(own.map(({ mainMiB }) => mainMiB)),
      spread(own.map(({ treeMiB }) => treeMiB)),
    ];
  });
  return [
    '### Two-way audio: processor time',
    '',
    `${seconds} s of every subject in ${rounds} slice(s), taking turns: speech in the microphone, 20 ms frames out; ` +
      '24 kHz sound in pieces of 40 ms back, without an end. Percent of one core, median of the slices (quartiles); ' +
      'ratios of slices of the same round, median (min–max). Children are beside the main process, the tree is all.',
    '',
    table(
      [
        'subject',
        'main process',
        'user',
        'system',
        'to the bare loop',
        'to the SDK',
        'children',
        'tree',
      ],
      cpuRows,
    ),
    '',
    '### Two-way audio: memory',
    '',
    `PSS at the end of the same slices (${(seconds / rounds).toFixed(0)} s), MiB.`,
    '',
    table(['subject', 'main process', 'tree'], memoryRows),
  ].join('\n');
}
