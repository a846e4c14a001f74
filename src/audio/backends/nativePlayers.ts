/** Players that are native modules: run in a child of our own, never loaded here. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import type { PlayerProgram } from '../sinks/playerProgram.ts';

const require = createRequire(import.meta.url);
const NATIVE_PLAYER = fileURLToPath(new URL('./nativePlayer.cjs', import.meta.url));

/** Why an optional package cannot be had. */
export function missingModule(name: string): string | undefined {
  return resolves(name) ? undefined : 'not installed';
}

/** Resolved, not loaded: that would open the device, in this process. */
function resolves(module: string): boolean {
  try {
    require.resolve(module);
    return true;
  } catch {
    return false;
  }
}

function native(
  name: string,
): Pick<PlayerProgram, 'name' | 'command' | 'framed' | 'args' | 'parse'> {
  return {
    name,
    command: process.execPath,
    framed: true,
    args: (format, device) => [
      NATIVE_PLAYER,
      name,
      String(format.sampleRateHz),
      String(format.channels),
      ...(device === undefined ? [] : [device]),
    ],
    parse: (line) => {
      const [word, bytes] = line.split(' ');
      if (word === 'written') return { type: 'accepted', bytes: Number(bytes) };
      return word === 'ready' || word === 'flushed' ? { type: word } : undefined;
    },
  };
}

export const speaker: PlayerProgram = {
  ...native('speaker'),
  missing: () => {
    // Only whole blocks of 1.37 s are played there.
    if (process.platform === 'win32') return 'not on Windows';
    if (!resolves('speaker')) return 'not installed';
    return resolves('speaker/build/Release/binding.node') ? undefined : 'not built';
  },
  reports: false,
  aheadMs: 80,
  latencyMs: 20,
  padWhenLeftMs: 20,
  padMs: 40,
  // It leaks some 400 bytes a write, 70 MB an hour: a quarter of an hour of sound.
  renewAfterWrites: 45_000,
};

export const decibri: PlayerProgram = {
  ...native('decibri'),
  missing: () => missingModule('decibri'),
  reports: false,
  aheadMs: 160,
  latencyMs: 60,
  padWhenLeftMs: 20,
  padMs: 40,
};
