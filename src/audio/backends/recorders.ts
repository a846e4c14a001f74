/** The recorder programs, best first. How each is called stands in its module, next to this file. */
import type { SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { missingModule } from './nativePlayers.ts';
import { ranked } from './ranking.ts';

/** What a recorder module gets, through node-record-lpcm16. */
export type RecorderOptions = {
  sampleRate: number;
  channels: number;
  device?: string;
  driver?: string;
  command?: string;
  spawnOptions: SpawnOptions;
};

export type RecorderProgram = {
  name: string;
  /** The CommonJS module: node-record-lpcm16 takes an absolute path, and require()s it. */
  modulePath: string;
  /** Of a program that knows several kinds of devices. */
  driver?: string;
  /** A line for the shell, of the user. */
  command?: string;
  /** Why it cannot be had on this machine, where that is known without starting it. */
  missing?: () => string | undefined;
  isModule?: true;
};

function recorder(name: string, more: Partial<RecorderProgram> = {}): RecorderProgram {
  return { name, modulePath: fileURLToPath(new URL(`./${name}.cjs`, import.meta.url)), ...more };
}

const parec = recorder('parec');
const pwRecord = recorder('pw-record');
const arecord = recorder('arecord');
const sox = recorder('sox');
const decibri = recorder('decibri', { isModule: true, missing: () => missingModule('decibri') });
const pulse = recorder('ffmpeg', { driver: 'pulse' });
const alsa = recorder('ffmpeg', { driver: 'alsa' });
const avfoundation = recorder('ffmpeg', { driver: 'avfoundation' });
const dshow = recorder('ffmpeg', { driver: 'dshow' });

export const RECORDERS: readonly RecorderProgram[] = ranked(
  [parec, pwRecord, arecord, sox, decibri, pulse, alsa],
  { darwin: [decibri, sox, avfoundation], win32: [decibri, dshow, sox] },
);

export function commandRecorder(command: string): RecorderProgram {
  return { ...recorder('command'), name: 'microphone command', command };
}
