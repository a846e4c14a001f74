/** Who is measured, and how each is started: gemlive as a user runs it, and the others doing the same work. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { below, openPty } from '../support/pty.ts';
import { until } from '../support/until.ts';
import { SUBJECTS } from './liveServer.ts';

export const BIN = join(import.meta.dirname, '..', '..', 'bin', 'gemlive.js');

/** As gemlive calls them, without the reports it reads. */
export const PAREC =
  'parec --record --raw --format=s16le --rate=16000 --channels=1 --latency-msec=20 --process-time-msec=10';
export const PACAT =
  'pacat --playback --raw --format=s16le --rate=24000 --channels=1 --latency-msec=20 --process-time-msec=5';

/** Lines for the shell; without them gemlive takes its own choice, which is these programs. */
export type Devices = { recorder: string; player: string };

export type Started = {
  /** The process that holds the connection. */
  pid: number;
  /** Asks it to end, and kills it if it does not. */
  end(): Promise<void>;
};

export type Place = {
  url: string;
  /** Where the sound server is, and a key. */
  environment: Record<string, string>;
  /** The folder with the `mic` package. */
  micFolder: string;
};

export type Subject = {
  name: string;
  start(place: Place, devices?: Devices): Promise<Started>;
};

const talkArgs = (url: string, devices?: Devices): string[] => [
  'talk',
  '--base-url',
  url,
  ...(devices ? ['--mic-command', devices.recorder, '--speaker-command', devices.player] : []),
];

/** @throws Error when the program cannot be started. */
export function startNode(
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Started> {
  const child = spawn(process.execPath, args, {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () =>
      resolve({
        pid: child.pid ?? 0,
        end: async () => {
          child.kill('SIGTERM');
          const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
          await ended;
          clearTimeout(timer);
        },
      }),
    );
  });
}

/** In a terminal with its screen, as a user runs it. */
const inTerminal: Subject = {
  name: 'gemlive talk, in a terminal',
  start: async ({ url, environment }, devices) => {
    const pty = openPty(talkArgs(url, devices), { environment });
    const find = (): number | undefined =>
      below(process.pid).find(
        ({ pid, name }) => name.startsWith('node') && commandOf(pid).includes(BIN),
      )?.pid;
    await until('gemlive runs', () => find() !== undefined);
    return {
      pid: find() ?? 0,
      end: async () => {
        pty.send('q');
        await Promise.race([pty.ended, pause(3000)]);
        await pty.close();
      },
    };
  },
};

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

const plain: Subject = {
  name: 'gemlive talk, piped, --plain',
  start: ({ url, environment }, devices) =>
    startNode([BIN, ...talkArgs(url, devices), '--plain'], environment),
};

const script = (name: string, file: string): Subject => ({
  name,
  start: ({ url, environment }, devices = { recorder: PAREC, player: PACAT }) =>
    startNode([join(SUBJECTS, file), url, devices.recorder, devices.player], environment),
});

const sample: Subject = {
  name: "the official sample's way",
  start: ({ url, environment, micFolder }) =>
    startNode([join(SUBJECTS, 'sampleWay.mjs'), url, micFolder], environment),
};

export const GEMLIVE_IN_TERMINAL = inTerminal;
export const GEMLIVE_PLAIN = plain;
export const WS_LOOP = script('bare `ws` loop', 'wsLoop.mjs');
export const SDK_LOOP = script('official SDK', 'sdkLoop.mjs');
export const SAMPLE_WAY = sample;
