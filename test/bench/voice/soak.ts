/** A long conversation on a sound server: what gemlive holds and uses, minute by minute. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { startLiveServer } from '../../../src/server/server.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { spoken } from '../../support/spoken.ts';
import { GEMLIVE_IN_TERMINAL } from '../subjects.ts';
import { countCpu, memory } from '../processes.ts';

export type SoakRow = {
  minute: number;
  mainMiB: number;
  treeMiB: number;
  /** Of one core, user and system. */
  idlePct: number;
  speakingPct: number;
  descriptors: number;
  children: number;
};

const IDLE_MS = 12_000;
const SPEAKING_MS = 15_000;
const QUESTIONS = [
  'what is twelve times twelve',
  'count to thirty',
  'what time is it',
  'count to fifty',
];

/** One row for each of `minutes`: a part of it idle, the rest questions, answers and interruptions. */
export async function soak(
  sound: SoundServer,
  minutes: number,
  onRow: (row: SoakRow) => void = () => {},
): Promise<SoakRow[]> {
  const live = await startLiveServer({ goAwaySeconds: 86_400 });
  await live.engines;
  const place = { url: live.url, environment: sound.environment, micFolder: '' };
  const running = await GEMLIVE_IN_TERMINAL.start(place);
  const rows: SoakRow[] = [];
  const questions = QUESTIONS.map((text) => spoken('rms', text));
  try {
    await pause(2000);
    for (let minute = 1; minute <= minutes; minute++) {
      const endMs = performance.now() + 60_000;
      const idlePct = await cpuPct(running.pid, () => pause(IDLE_MS));
      const speakingPct = await cpuPct(running.pid, async () => {
        await sound.playIntoMic(questions[minute % questions.length]!);
        await pause(SPEAKING_MS);
      });
      // Over the answer, if there is still one.
      for (let n = 0; performance.now() < endMs - 6000; n++) {
        await sound.playIntoMic(questions[(minute + n) % questions.length]!);
        await pause(2500);
      }
      await pause(Math.max(0, endMs - performance.now()));
      const row = { minute, idlePct, speakingPct, ...memory(running.pid), ...held(running.pid) };
      rows.push(row);
      onRow(row);
    }
  } finally {
    await running.end();
    await live.close();
  }
  return rows;
}

async function cpuPct(pid: number, work: () => Promise<void>): Promise<number> {
  const used = countCpu(pid);
  const startMs = performance.now();
  await work();
  const { main } = used();
  return (100 * (main.userMs + main.systemMs)) / (performance.now() - startMs);
}

function held(pid: number): Pick<SoakRow, 'descriptors' | 'children'> {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(/\s+/);
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, children: children.length };
}
