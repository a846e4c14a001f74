/** The players that are tested one by one, and what to test them with. */
import { PLAYERS } from '../../src/audio/backends/players.ts';
import type { PlayerProgram } from '../../src/audio/sinks/playerProgram.ts';
import { noise } from './noise.ts';
import { childrenNamed, hasProgram } from './programs.ts';

export const TESTED_PLAYERS = ['pacat', 'aplay', 'speaker'];

export function playerNamed(name: string): PlayerProgram {
  const program = PLAYERS.find((one) => one.name === name);
  if (program === undefined) throw new Error(`no player ${name}`);
  return program;
}

/** Its program is installed; its native module is installed and built. */
export function canPlay(name: string): boolean {
  const program = playerNamed(name);
  return program.framed ? program.missing?.() === undefined : hasProgram(program.command);
}

/** Its living processes, oldest first; of a native one the spare is among them. */
export const processesOf = (name: string): number[] =>
  childrenNamed(playerNamed(name).framed ? `gemlive-${name}` : name).sort((a, b) => a - b);

/** 24 kHz mono. */
export const sound = (ms: number, seed: number): Uint8Array => noise(ms, 24_000, seed);

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
