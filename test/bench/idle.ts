/** Connected and nobody speaks: zeros from the microphone, not a word from the server. */
import { setTimeout as pause } from 'node:timers/promises';

import { ratioAndRange, spread, table } from './figures.ts';
import { SILENT, type LiveServer } from './liveServer.ts';
import { countCpu } from './processes.ts';
import {
  GEMLIVE_IN_TERMINAL,
  GEMLIVE_PLAIN,
  SDK_LOOP,
  WS_LOOP,
  type Place,
  type Subject,
} from './subjects.ts';

const ROUNDS = 3;
const SLICE_MS = 10_000;
const WARM_UP_MS = 3000;

export async function measureIdle(server: LiveServer, place: Place): Promise<string> {
  const subjects = [WS_LOOP, GEMLIVE_IN_TERMINAL, GEMLIVE_PLAIN, SDK_LOOP];
  const main = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
  const tree = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
  server.behave(SILENT);
  for (let round = 0; round < ROUNDS; round++)
    for (const subject of subjects) {
      const setUp = server.nextSetup();
      const running = await subject.start(place);
      await setUp;
      await pause(WARM_UP_MS);
      const startMs = performance.now();
      const used = countCpu(running.pid);
      await pause(SLICE_MS);
      const usage = used();
      const percent = (ms: number): number => (100 * ms) / (performance.now() - startMs);
      main.get(subject)?.push(percent(usage.main.userMs + usage.main.systemMs));
      tree.get(subject)?.push(percent(usage.treeMs));
      await running.end();
    }
  const of = (what: Map<Subject, number[]>, subject: Subject): number[] => what.get(subject) ?? [];
  return [
    '### Idle',
    '',
    `${(ROUNDS * SLICE_MS) / 1000} s of every subject in ${ROUNDS} slices, taking turns: zeros from the microphone are sent as ` +
      'ever, nothing comes back. Percent of one core, median (quartiles).',
    '',
    table(
      ['subject', 'main process', 'to the bare loop', 'tree'],
      subjects.map((subject) => [
        subject.name,
        spread(of(main, subject), 2),
        ratioAndRange(of(main, subject), of(main, WS_LOOP)),
        spread(of(tree, subject), 2),
      ]),
    ),
  ].join('\n');
}
