/** The recorder programs, best first. How each is called stands in its module, next to this file. */
import type { SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { missingModule } from './nativePlayers.ts';
import { PULSE_SUSPENDED } from './players.ts';
import { ranked } from './ranking.ts';

/** A program of ours: see there. */
export const NATIVE_DEVICES = fileURLToPath(new URL('./nativeDevices.cjs', import.meta.url));

/** What a recorder module gets, through node-record-lpcm16. */
export type RecorderOptions = {
  sampleRate: number;
  channels: number;
  device?: string;
  driver?: string;
  command?: string;
  spawnOptions: SpawnOptions;
};

/** `suspended`: the sound server has suspended the device, at somebody's wish. */
export type RecorderReport = { device?: string; suspended?: boolean };

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
  /** A line on its stderr that tells how it goes, and from which device; undefined: these are its last words. */
  report?: (line: string) => RecorderReport | undefined;
};

function recorder(name: string, more: Partial<RecorderProgram> = {}): RecorderProgram {
  return { name, modulePath: fileURLToPath(new URL(`./${name}.cjs`, import.meta.url)), ...more };
}

/** `Connected to device X (index: 1, …).`, `Stream moved to device X (2, …).`: by default it follows the default. */
const PAREC_DEVICE = /^(?:Connected|Stream moved) to device (\S+) \((.*)\)/;
const PAREC_REPORT =
  /^(Time:|Opening a|Connection established|Stream (success|moved|started|buffer|over|under)|Connected|Using sample|Buffer metrics)/;
const PAREC_STATE = /^Stream device (suspended|resumed)/;

const parec = recorder('parec', {
  report: (line) => {
    const [, device, about = ''] = PAREC_DEVICE.exec(line) ?? [];
    if (device !== undefined) return { device, suspended: PULSE_SUSPENDED.test(about) };
    const state = PAREC_STATE.exec(line)?.[1];
    if (state !== undefined) return { suspended: state === 'suspended' };
    return PAREC_REPORT.test(line) ? {} : undefined;
  },
});
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
