/**
 * `npm run bench:room`: the built `talk` in live rooms, on a sound server of its own. The tables go to stdout and, when
 * they shall be kept, into docs/echo.md.
 */
import { it } from 'vitest';

import type { LiveRoomOptions } from '../support/liveRoom.ts';
import { startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { median, quantile, table } from './figures.ts';
import { machine } from './machine.ts';
import { replaceSection } from './report.ts';
import { measureCost } from './room/cost.ts';
import {
  disturb,
  listen,
  speakOnHeadphones,
  speakOver,
  type Spoken,
} from './room/interruptions.ts';
import { measureSettled } from './room/settled.ts';
import type { TalkOptions } from './room/stage.ts';
import { onSystemCanceller } from './room/system.ts';

const TIMES = Number(process.env['BENCH_TIMES'] ?? 50);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 600);
const PARTS = (
  process.env['BENCH_PARTS'] ?? 'settled,alone,interruptions,headphones,noises,system,cost'
).split(',');
const SAVES = process.env['BENCH_SAVE'] === '1';

const ROOMS: readonly (LiveRoomOptions & { name: string })[] = [
  { name: 'a laptop: 20 ms, −9 dB', delayMs: 20, couplingDb: -9, seed: 1 },
  {
    name: 'loud: 40 ms, −6 dB, 400 ms of reverberation',
    delayMs: 40,
    couplingDb: -6,
    reverberationMs: 400,
    seed: 2,
  },
  {
    name: 'far: 150 ms, −15 dB, noise at −56 dBFS',
    delayMs: 150,
    couplingDb: -15,
    noiseDbfs: -56,
    seed: 3,
  },
];
const LAPTOP = ROOMS[0]!;
const { couplingDb: _, ...NO_ECHO } = LAPTOP;
const SETTLED_S = 60;

const whole = (value: number): string => value.toFixed(0);

async function settled(sound: SoundServer): Promise<string> {
  const rows: string[][] = [];
  for (const room of ROOMS) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time, as a user has it
    const { live, onFiles, ...reply } = await measureSettled(sound, room, SETTLED_S);
    rows.push([
      room.name,
      `${whole(live.first2s)} / ${whole(onFiles.first2s)}`,
      `${whole(live.settled)} / ${whole(onFiles.settled)}`,
      `${whole(live.leftDbfs)} / ${whole(onFiles.leftDbfs)}`,
      `${reply.whole} of ${reply.blocks}`,
      reply.lagSpreadMs.toFixed(1),
    ]);
  }
  const head = ['room', 'first 2 s', 'settled', 'left, dBFS', 'blocks heard', 'place, ms'];
  return table(head, rows);
}

async function alone(sound: SoundServer): Promise<string> {
  const { heardMs, byItself } = await listen(sound, LAPTOP, SECONDS * 1000);
  return `${whole(heardMs / 1000)} s of answers in "${LAPTOP.name}", nobody speaks: ${byItself} interruptions.`;
}

async function interruptions(sound: SoundServer): Promise<string> {
  const rows: [string, Spoken][] = [
    [LAPTOP.name, await speakOver(sound, LAPTOP, TIMES)],
    ['no echo, --headphones', await speakOver(sound, NO_ECHO, TIMES, { args: ['--headphones'] })],
  ];
  const head = [
    'room',
    'said',
    'stopped',
    'first syllable on the wire',
    'to silence, ms (p95)',
    'words understood',
    'by itself',
  ];
  return table(
    head,
    rows.map(([name, one]) => [
      name,
      String(one.said),
      String(one.stopped),
      String(one.whole),
      `${whole(median(one.toSilenceMs))} (${whole(quantile(one.toSilenceMs, 0.95))})`,
      `${one.understood} of ${one.words} (${whole((100 * one.understood) / one.words)} %)`,
      String(one.byItself),
    ]),
  );
}

async function headphones(sound: SoundServer): Promise<string> {
  const one = await speakOnHeadphones(sound, NO_ECHO, SECONDS * 1000);
  return [
    `${whole(one.heardMs / 1000)} s of answers on headphones, the canceller on; somebody speaks over them ${one.said} times: ${one.warnings} warnings of an`,
    `echo. At the end \`?\` says \`${one.line}\`.`,
  ].join('\n');
}

async function noises(sound: SoundServer): Promise<string> {
  const rows = await disturb(sound, LAPTOP, Math.ceil(TIMES / 5));
  return table(
    ['over answers', 'times', 'stopped one'],
    rows.map(({ name, times, stopped }) => [name, String(times), String(stopped)]),
  );
}

async function system(sound: SoundServer): Promise<string> {
  const rows: string[][] = [];
  const ways: [string, TalkOptions][] = [
    ['ours', {}],
    ["the sound server's", onSystemCanceller(sound)],
  ];
  for (const [name, talk] of ways) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time: they are compared
    const { live } = await measureSettled(sound, LAPTOP, SETTLED_S / 2, talk);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const one = await speakOver(sound, LAPTOP, Math.ceil(TIMES / 5), talk);
    rows.push([
      name,
      whole(live.first2s),
      whole(live.settled),
      `${one.stopped} of ${one.said}`,
      `${one.understood} of ${one.words}`,
      String(one.byItself),
    ]);
  }
  const head = [
    'canceller',
    'first 2 s',
    'settled',
    'words that stopped',
    'understood',
    'by itself',
  ];
  return table(head, rows);
}

async function cost(sound: SoundServer): Promise<string> {
  const rows: string[][] = [];
  for (const echo of ['off', 'aec'] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time: they are compared
    const one = await measureCost(sound, LAPTOP, echo, SETTLED_S);
    const late = `${one.lateP999Ms.toFixed(1)} (${one.lateMaxMs.toFixed(1)})`;
    rows.push([`--echo ${echo}`, one.cpuPct.toFixed(1), one.mainMiB.toFixed(0), late]);
  }
  const head = ['', 'CPU, % of a core', 'memory (PSS), MiB', 'main thread late, p99.9 (most), ms'];
  return table(head, rows);
}

const ALL = { settled, alone, interruptions, headphones, noises, system, cost };

it('live rooms', { timeout: 3_600_000 }, async () => {
  const sound = await startSoundServer();
  try {
    for (const part of PARTS) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time: they share a sound server
      const text = await ALL[part as keyof typeof ALL](sound);
      console.log(`${part}\n${text}`);
      const when = `${machine()}; ${new Date().toISOString().slice(0, 10)}.`;
      if (SAVES) replaceSection('echo.md', part, 'npm run bench:room', `${when}\n\n${text}`);
    }
  } finally {
    await sound.stop();
  }
});
