/**
 * How long sound takes through a subject: from the recorder's write to the frame at the server, and from
 * the server's send to the player's stdin. Sound carries the moment it was made (subjects/marks.mjs).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { quantile, table } from './figures.ts';
import { MARKED, SUBJECTS, type LiveServer } from './liveServer.ts';
import {
  GEMLIVE_IN_TERMINAL,
  GEMLIVE_PLAIN,
  SDK_LOOP,
  WS_LOOP,
  type Place,
  type Subject,
} from './subjects.ts';

const SLICE_S = 15;
const WARM_UP_MS = 3000;

type Delays = { toWire: number[]; first: number[]; next: number[] };

export async function measureLatency(
  server: LiveServer,
  place: Place,
  seconds: number,
): Promise<string> {
  const subjects = [WS_LOOP, GEMLIVE_IN_TERMINAL, GEMLIVE_PLAIN, SDK_LOOP];
  const delays = new Map<Subject, Delays>(
    subjects.map((subject) => [subject, { toWire: [], first: [], next: [] }]),
  );
  const folder = mkdtempSync(join(tmpdir(), 'gemlive-bench-'));
  server.behave(MARKED);
  const rounds = Math.max(1, Math.round(seconds / SLICE_S));
  const node = process.execPath;
  for (let round = 0; round < rounds; round++)
    for (const [i, subject] of subjects.entries()) {
      const heard = join(folder, `${round}-${i}`);
      const setUp = server.nextSetup();
      const running = await subject.start(place, {
        recorder: `${node} ${join(SUBJECTS, 'markedMic.mjs')}`,
        player: `${node} ${join(SUBJECTS, 'markedSpeaker.mjs')} ${heard}`,
      });
      await setUp;
      await pause(WARM_UP_MS);
      server.takeDelays();
      const skip = linesOf(heard).length;
      await pause((seconds / rounds) * 1000);
      const own = delays.get(subject);
      own?.toWire.push(...server.takeDelays());
      for (const line of linesOf(heard).slice(skip)) {
        const [ms, which] = line.split(' ');
        if (which === 'first') own?.first.push(Number(ms));
        else own?.next.push(Number(ms));
      }
      await running.end();
    }
  rmSync(folder, { recursive: true, force: true });
  const cells = (values: readonly number[]): string[] => [
    quantile(values, 0.5).toFixed(2),
    quantile(values, 0.99).toFixed(2),
    String(values.length),
  ];
  return [
    '### Latency',
    '',
    `${seconds} s of every subject in ${rounds} slice(s), taking turns; turns of 1.6 s with pauses, in real time. Recorder and player are ` +
      'small programs that mark what they write and read; milliseconds. gemlive holds the first 60 ms of a reply back, so that ' +
      'a late packet is not heard, and hands on at once afterwards: hence the first piece of a turn, which waits for the second.',
    '',
    table(
      [
        'subject',
        'recorder → wire p50',
        'p99',
        'frames',
        'wire → player p50',
        'p99',
        'pieces',
        'first piece of a turn p50',
        'p99',
        'turns',
      ],
      subjects.map((subject) => {
        const { toWire, first, next } = delays.get(subject) ?? { toWire: [], first: [], next: [] };
        return [subject.name, ...cells(toWire), ...cells(next), ...cells(first)];
      }),
    ),
  ].join('\n');
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n');
  } catch {
    return [];
  }
}
