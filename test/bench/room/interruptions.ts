/** Who stops a reply in a room with an open loudspeaker: the user shall; the reply itself and noises shall not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { floatFromS16, levelDbfs } from '../../../src/audio/pcm.ts';
import { burst, BURST_KINDS } from '../../support/bursts.ts';
import type { LiveRoomOptions } from '../../support/liveRoom.ts';
import { plainText } from '../../support/pty.ts';
import { framesIn } from '../../support/recordingProxy.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { spoken } from '../../support/spoken.ts';
import { until } from '../../support/until.ts';
import { music } from '../echo/room.ts';
import { missingSyllable } from '../firstSyllable.ts';
import { atLevel, powerOf, RATE } from '../echo/signal.ts';
import { RoomStage, type TalkOptions } from './stage.ts';

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
const ECHO_WARNING = 'still hears the loudspeaker';
/** Of the help panel. */
const ECHO_LINE = /echo {9}([^\r\n]*[^\s│|])/;
const FIRST_SOUND = 1e-5;
const AUDIBLE = 1e-7;
const BLOCK = RATE / 200;
/** What stopped an answer went over the wire within that time before. */
const CAUSE_MS = 800;

/** Everything that was said over a reply, or nothing. */
export type Spoken = {
  said: number;
  stopped: number;
  /** From the first sound of the user at the microphone to the last of the reply at the loudspeaker. */
  toSilenceMs: number[];
  /** Utterances whose first syllable was on the wire. */
  whole: number;
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
  talk?: TalkOptions,
): Promise<Spoken> {
  const stage = await RoomStage.open(sound, options, talk);
  const result: Spoken = {
    said: 0,
    stopped: 0,
    toSilenceMs: [],
    whole: 0,
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
  const pcm = spoken(voice, text);
  const word = floatFromS16(pcm);
  const before = stage.interruptions;
  const from = stage.proxy.fromServer.length;
  const fromFrame = stage.proxy.fromClient.length;
  const at = stage.room.say(word) + word.findIndex((sample) => sample ** 2 > FIRST_SOUND);
  const isStopped = (): boolean => stage.interruptions > before;
  await until('it is interrupted', isStopped, 4000).catch(() => {});
  result.said++;
  await pause(600);
  if (isStopped()) {
    result.stopped++;
    result.toSilenceMs.push(silentAfter(stage.room.speakerFrom(at)));
  }
  const frames = framesIn(stage.proxy.fromClient.slice(fromFrame)).map(({ pcm: frame }) => frame);
  const missing = missingSyllable(pcm, frames, 'room');
  if (missing === undefined) result.whole++;
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
  const onWire = missing === undefined ? '' : `, not on the wire as it was said (${missing})`;
  process.stderr.write(`${result.said} ${voice}: ${text}: ${silence}${onWire}\n`);
}

/** Milliseconds to the end of what sounds at the beginning. */
function silentAfter(speaker: Float32Array): number {
  let last = 0;
  for (let i = 0; i + BLOCK <= speaker.length && i - last < RATE / 2; i += BLOCK) {
    if (powerOf(speaker, i, i + BLOCK) > AUDIBLE) last = i + BLOCK;
  }
  return (last / RATE) * 1000;
}

/**
 * `ms` of replies that nobody speaks over: how often one stopped. What the canceller was given then is kept, for whoever
 * wants to know why.
 */
export async function listen(
  sound: SoundServer,
  options: LiveRoomOptions,
  ms: number,
): Promise<{ heardMs: number; byItself: number }> {
  const recording = mkdtempSync(join(tmpdir(), 'bench-alone-'));
  const stage = await RoomStage.open(sound, options, {
    environment: { GEMLIVE_ECHO_DUMP: recording },
  });
  let byItself = 0;
  try {
    while (stage.room.playedMs < ms) {
      await stage.makeItCount();
      const before = stage.interruptions;
      const over = (): boolean => !stage.room.playing || stage.interruptions > before;
      await until('the end of the answer', over, 240_000);
      if (stage.interruptions === before) continue;
      byItself++;
      process.stderr.write(`stopped by itself at ${whyStopped(stage)}\n`);
    }
    return { heardMs: stage.room.playedMs, byItself };
  } finally {
    await stage.close();
    if (byItself === 0) rmSync(recording, { recursive: true });
    else process.stderr.write(`what the canceller was given: ${recording}\n`);
  }
}

/**
 * `ms` of answers on headphones (`options` without an echo, the canceller on), with a person who speaks over most of them: how often `talk`
 * warned of an echo, and what `?` says of it at the end.
 */
export async function speakOnHeadphones(
  sound: SoundServer,
  options: LiveRoomOptions,
  ms: number,
): Promise<{ heardMs: number; said: number; warnings: number; line: string }> {
  const stage = await RoomStage.open(sound, options, { args: ['--no-interrupt'] });
  const { room, terminal } = stage;
  let said = 0;
  try {
    while (room.playedMs < ms) {
      if (!room.playing) await stage.makeItCount(0);
      const text = WORDS[said % WORDS.length]!;
      const word = floatFromS16(spoken(VOICES[said % VOICES.length]!, `${text}. ${text}.`));
      room.say(word);
      said++;
      await pause((word.length / RATE) * 1000 + ((said * 379) % 900));
    }
    terminal.mark();
    terminal.send('?');
    await terminal.until(ECHO_LINE);
    const text = plainText(terminal.output());
    const warnings = text.split(ECHO_WARNING).length - 1;
    return { heardMs: room.playedMs, said, warnings, line: ECHO_LINE.exec(text)![1]! };
  } finally {
    await stage.close();
  }
}

/** When it was, and how loud it was on the wire shortly before: as loud as the room, it is the server that heard somebody. */
function whyStopped({ proxy, room }: RoomStage): string {
  const stop = proxy.fromServer.findLast(({ message }) => message.serverContent?.interrupted)!;
  const levels = framesIn(proxy.fromClient)
    .filter(({ atMs }) => atMs <= stop.atMs && atMs > stop.atMs - CAUSE_MS)
    .map(({ pcm }) => levelDbfs(pcm));
  const at = (room.samplesAt(stop.atMs) / RATE).toFixed(1);
  return `${at} s: at most ${Math.max(...levels).toFixed(0)} dBFS went out in the ${CAUSE_MS} ms before`;
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
