/** The player programs, best first, with the arguments whose latency was measured (docs/architecture.md). */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import type { PlayerProgram } from '../sinks/playerRun.ts';

/** `Time: 0.156 sec; Latency: 15855 usec.`, every 50 ms with -v. */
const PACAT_TIME = /^Time: (-?[\d.]+) sec; Latency: (-?\d+) usec/;
const PACAT_BUFFER = /^Buffer metrics: .*tlength=(\d+)/;

const pacat: PlayerProgram = {
  name: 'pacat',
  command: 'pacat',
  args: (format, device) => [
    '--playback',
    '--raw',
    '--verbose',
    '--format=s16le',
    `--rate=${format.sampleRateHz}`,
    `--channels=${format.channels}`,
    // Left to itself it holds two seconds.
    '--latency-msec=20',
    '--process-time-msec=5',
    '--client-name=gemlive',
    '--stream-name=gemlive',
    ...(device === undefined ? [] : [`--device=${device}`]),
  ],
  parse: (line) => {
    const time = PACAT_TIME.exec(line);
    if (time !== null) {
      return {
        type: 'position',
        playedMs: Number(time[1]) * 1000,
        latencyMs: Math.max(0, Number(time[2]) / 1000),
      };
    }
    if (line.startsWith('Stream successfully created')) return { type: 'ready' };
    if (line.startsWith('Stream started')) return { type: 'started' };
    if (line.startsWith('Stream underrun')) return { type: 'underrun' };
    const buffer = PACAT_BUFFER.exec(line);
    return buffer === null ? undefined : { type: 'buffer', targetBytes: Number(buffer[1]) };
  },
  reports: true,
  aheadMs: 80,
  latencyMs: 20,
  padWhenLeftMs: 20,
  // More than its prebuffer: less than that after a pause would wait for ever.
  padMs: 40,
};

const aplay: PlayerProgram = {
  name: 'aplay',
  command: 'aplay',
  args: (format, device) => [
    '--verbose',
    '--file-type=raw',
    '--format=S16_LE',
    `--rate=${format.sampleRateHz}`,
    `--channels=${format.channels}`,
    '--buffer-time=80000',
    '--period-time=20000',
    // Plays from the first period on, instead of waiting for a full buffer.
    '--start-delay=1',
    ...(device === undefined ? [] : [`--device=${device}`]),
  ],
  parse: (line) => (line.startsWith('Its setup is') ? { type: 'ready' } : undefined),
  reports: false,
  // A period more than for pacat: an unfinished one stays with it.
  aheadMs: 100,
  latencyMs: 20,
  // It hands on whole periods of 20 ms only: the last one must be filled up before it is due.
  padWhenLeftMs: 60,
  padMs: 40,
};

const require = createRequire(import.meta.url);
const NATIVE_PLAYER = fileURLToPath(new URL('./nativePlayer.cjs', import.meta.url));

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

const speaker: PlayerProgram = {
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
};

export const PLAYERS: readonly PlayerProgram[] = [pacat, speaker, aplay];
