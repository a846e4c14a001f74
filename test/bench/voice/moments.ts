/** The moments a user waits for: first sound, silence, and the microphone's way to the wire. */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

import { openPty } from '../../support/pty.ts';
import { noise } from '../../support/noise.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { until } from '../../support/until.ts';
import { SAMPLE_WAY } from '../subjects.ts';
import { quantile } from '../figures.ts';
import { Stage, type Running } from './stage.ts';
import { openTap } from './tap.ts';

const REPLY = noise(3000, 24_000, 71);
const CLICK = noise(100, 16_000, 72);
const QUIET_MS = 150;

export type Replies = { firstMs: number[]; silenceMs: number[] };

export const talk =
  (...args: string[]) =>
  async (url: string, environment: Record<string, string>): Promise<Running> => {
    const pty = openPty(['talk', '--base-url', url, ...args], { environment });
    return {
      esc: () => pty.send('\x1b'),
      end: async () => {
        pty.send('q');
        await Promise.race([pty.ended, pause(3000)]);
        await pty.close();
      },
    };
  };

export const sampleWay =
  (micFolder: string) =>
  (url: string, environment: Record<string, string>): Promise<Running> =>
    SAMPLE_WAY.start({ url, environment, micFolder });

/** Replies that are cut in the middle, by the server's word or by `Esc`, at any phase of the device's blocks. */
export async function measureReplies(
  sound: SoundServer,
  start: Parameters<typeof Stage.open>[1],
  { times, by }: { times: number; by: 'wire' | 'esc' },
): Promise<Replies> {
  const tap = await openTap(sound, 'speaker.monitor');
  const stage = await Stage.open(sound, start);
  const result: Replies = { firstMs: [], silenceMs: [] };
  try {
    await pause(500);
    for (let i = 0; i < times; i++) {
      const sentMs = performance.now();
      stage.reply(REPLY);
      await until('the reply is heard', () => tap.onset(sentMs) !== undefined);
      result.firstMs.push((tap.onset(sentMs) ?? Number.NaN) - sentMs);
      await pause(300 + ((i * 37) % 100));
      const cutMs = performance.now();
      if (by === 'wire') stage.interrupt();
      else stage.esc();
      await until(
        'it is silent',
        () => performance.now() - Math.max(cutMs, tap.lastMs()) > QUIET_MS,
      );
      result.silenceMs.push(Math.max(0, tap.lastMs() - cutMs));
      stage.turnComplete();
      await pause(50);
    }
  } finally {
    await stage.close();
    await tap.close();
  }
  return result;
}

/** Sound at the microphone → the first frame with it at the server. */
export async function measureMicrophone(
  sound: SoundServer,
  start: Parameters<typeof Stage.open>[1],
  times: number,
): Promise<number[]> {
  const tap = await openTap(sound, 'mic.monitor');
  const stage = await Stage.open(sound, start);
  const delays: number[] = [];
  try {
    await pause(800);
    for (let i = 0; i < times; i++) {
      const fromMs = performance.now();
      await sound.playIntoMic(CLICK);
      await pause(400 + ((i * 37) % 40));
      const there = tap.onset(fromMs);
      const onWire = stage.micSoundMs.find((atMs) => atMs >= (there ?? Infinity));
      if (there !== undefined && onWire !== undefined) delays.push(onWire - there);
    }
  } finally {
    await stage.close();
    await tap.close();
  }
  return delays;
}

/** While `work` goes on, another process burns a core. */
export async function besideABurner<T>(work: () => Promise<T>): Promise<T> {
  const burner = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    return await work();
  } finally {
    burner.kill('SIGKILL');
  }
}

/** `6 (18)`: median and 95th percentile. */
export function medianAndP95(values: readonly number[]): string {
  return `${quantile(values, 0.5).toFixed(0)} (${quantile(values, 0.95).toFixed(0)})`;
}
