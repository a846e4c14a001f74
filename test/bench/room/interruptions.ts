/** Who stops a reply in a room with an open loudspeaker: the user shall; the reply itself and noises shall not. */
import { setTimeout as pause } from 'node:timers/promises';

import { floatFromS16 } from '../../../src/audio/pcm.ts';
import { burst, BURST_KINDS } from '../../support/bursts.ts';
import type { LiveRoomOptions } from '../../support/liveRoom.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { spoken } from '../../support/spoken.ts';
import { until } from '../../support/until.ts';
import { music } from '../echo/room.ts';
import { atLevel, powerOf, RATE } from '../echo/signal.ts';
import { RoomStage } from './stage.ts';

const VOICES = ['rms', 'slt', 'awb'];
const WORDS = [
  'stop',
  'wait a moment',
  'no thank you',
  'hold on please',
  'six seven eight',
  'shut up',
  'what is that',
  'how much is a ticket',
];
const FIRST_SOUND = 1e-5;
const AUDIBLE = 1e-7;
const BLOCK = RATE / 200;

/** Everything that was said over a reply, or nothing. */
export type Spoken = {
  said: number;
  stopped: number;
  /** From the first sound of the user at the microphone to the last of the reply at the loudspeaker. */
  toSilenceMs: number[];
  /** Words said, and those of them that the local recogniser understood. */
  words: number;
  understood: number;
  /** Replies that stopped before anybody spoke. */
  byItself: number;
};

export async function speakOver(
  sound: SoundServer,
  options: LiveRoomOptions,
  times: number,
  args: readonly string[] = [],
): Promise<Spoken> {
  const stage = await RoomStage.open(sound, options, args);
  const result: Spoken = {
    said: 0,
    stopped: 0,
    toSilenceMs: [],
    words: 0,
    understood: 0,
    byItself: 0,
  };
  try {
    while (result.said < times && result.byItself < times) {
      await stage.makeItCount();
      const before = stage.interruptions;
      await pause(700 + ((result.said * 379) % 1500));
      if (stage.interruptions > before) {
        result.byItself++;
        process.stderr.write('stopped by itself\n');
      } else await say(stage, result);
    }
  } finally {
    await stage.close();
  }
  return result;
}

async function say(stage: RoomStage, result: Spoken): Promise<void> {
  const text = WORDS[result.said % WORDS.length]!;
  const voice = VOICES[result.said % VOICES.length]!;
  const word = floatFromS16(spoken(voice, text));
  const before = stage.interruptions;
  const from = stage.proxy.fromServer.length;
  const at = stage.room.say(word) + word.findIndex((sample) => sample ** 2 > FIRST_SOUND);
  const isStopped = (): boolean => stage.interruptions > before;
  await until('it is interrupted', isStopped, 4000).catch(() => {});
  result.said++;
  await pause(600);
  if (isStopped()) {
    result.stopped++;
    result.toSilenceMs.push(silentAfter(stage.room.heard().speaker, at));
  }
  await until('it is understood', () => stage.transcript(from) !== '', 6000).catch(() => {});
  await pause(300);
  const heard = stage
    .transcript(from)
    .toLowerCase()
    .split(/[^a-z']+/);
  const words = text.split(' ');
  result.words += words.length;
  result.understood += words.filter((one) => heard.includes(one)).length;
  const silence = isStopped() ? `${result.toSilenceMs.at(-1)} ms` : 'not stopped';
  process.stderr.write(`${result.said} ${voice}: ${text}: ${silence}\n`);
}

/** Milliseconds from sample `at` to the end of what sounded there. */
function silentAfter(speaker: Float32Array, at: number): number {
  let last = at;
  for (let i = at; i + BLOCK <= speaker.length && i - last < RATE / 2; i += BLOCK) {
    if (powerOf(speaker, i, i + BLOCK) > AUDIBLE) last = i + BLOCK;
  }
  return ((last - at) / RATE) * 1000;
}

/** `ms` of replies that nobody speaks over: how often one stopped. */
export async function listen(
  sound: SoundServer,
  options: LiveRoomOptions,
  ms: number,
): Promise<{ heardMs: number; byItself: number }> {
  const stage = await RoomStage.open(sound, options);
  let byItself = 0;
  const heardMs = (): number =>
    (stage.room.heard().speaker.filter((sample) => sample !== 0).length / RATE) * 1000;
  try {
    while (heardMs() < ms) {
      await stage.makeItCount();
      const before = stage.interruptions;
      const over = (): boolean => !stage.room.playing || stage.interruptions > before;
      await until('the end of the answer', over, 240_000);
      byItself += stage.interruptions - before;
    }
    return { heardMs: heardMs(), byItself };
  } finally {
    await stage.close();
  }
}

export type Disturbance = { name: string; times: number; stopped: number };

/** Noises over replies: how many of them stopped one. */
export async function disturb(
  sound: SoundServer,
  options: LiveRoomOptions,
  times: number,
): Promise<Disturbance[]> {
  const stage = await RoomStage.open(sound, options);
  const noises: { name: string; make: (i: number) => Float32Array; lastsMs: number }[] = [
    ...BURST_KINDS.map((kind) => ({
      name: kind,
      make: (i: number) => floatFromS16(burst(kind, i)),
      lastsMs: 600,
    })),
    { name: 'music, 5 s', make: (i) => atLevel(music(5, i + 1), -32), lastsMs: 5500 },
  ];
  const results: Disturbance[] = [];
  try {
    await stage.makeItCount();
    for (const { name, make, lastsMs } of noises) {
      let stopped = 0;
      for (let i = 0; i < times; i++) {
        if (!stage.room.playing) await stage.makeItCount();
        const before = stage.interruptions;
        stage.room.say(make(i));
        await pause(lastsMs);
        if (stage.interruptions === before) continue;
        stopped++;
        await stage.makeItCount();
      }
      results.push({ name, times, stopped });
    }
  } finally {
    await stage.close();
  }
  return results;
}
