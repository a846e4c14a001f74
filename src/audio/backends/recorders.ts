/** The recorder programs, best first. How each is called stands in its module, next to this file. */
import type { SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a recorder module gets, through node-record-lpcm16. */
export type RecorderOptions = {
  sampleRate: number;
  channels: number;
  device?: string;
  spawnOptions: SpawnOptions;
};

export type RecorderProgram = {
  name: string;
  /** The CommonJS module: node-record-lpcm16 takes an absolute path, and require()s it. */
  modulePath: string;
};

function recorder(name: string): RecorderProgram {
  return { name, modulePath: fileURLToPath(new URL(`./${name}.cjs`, import.meta.url)) };
}

export const RECORDERS: readonly RecorderProgram[] = [
  recorder('parec'),
  recorder('arecord'),
  recorder('sox'),
];
