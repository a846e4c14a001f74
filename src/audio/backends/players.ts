/** The player programs, best first, with the arguments whose latency was measured (docs/architecture.md). */
import type { PlayerProgram } from '../sinks/playerProgram.ts';
import { decibri, speaker } from './nativePlayers.ts';
import { ranked } from './ranking.ts';
import { soxDevice } from './soxDevice.cjs';

/** `Time: 0.156 sec; Latency: 15855 usec.`, every 50 ms with -v. */
const PACAT_TIME = /^Time: (-?[\d.]+) sec; Latency: (-?\d+) usec/;
/**
 * `Connected to device X (index: 0, suspended: no).`; `Stream moved to device X (2, not suspended).` when it was taken
 * away, or the default has changed.
 */
const PACAT_DEVICE = /^(?:Connected|Stream moved) to device (.+) \((.*)\)/;
/** At the end of what stands in those parentheses. */
export const PULSE_SUSPENDED = /suspended: yes$|, suspended$/;
const PACAT_BUFFER = /^Buffer metrics: .*tlength=(\d+)/;

export const pacat: PlayerProgram = {
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
    if (line.startsWith('Stream started')) return { type: 'started' };
    if (line.startsWith('Stream underrun')) return { type: 'underrun' };
    const device = PACAT_DEVICE.exec(line);
    if (device !== null) {
      const [, name = '', state = ''] = device;
      return { type: 'device', name, suspended: PULSE_SUSPENDED.test(state) };
    }
    if (line.startsWith('Stream device suspended')) return { type: 'suspended' };
    if (line.startsWith('Stream device resumed')) return { type: 'resumed' };
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

/** Newer ones take `-` for a file format unless told otherwise; older ones do not know the word. */
const PW_CAT =
  'case $(pw-cat --help 2>&1) in *--raw*) exec pw-cat --raw "$@";; esac; exec pw-cat "$@"';

const pwCat: PlayerProgram = {
  name: 'pw-cat',
  command: '/bin/sh',
  args: (format, device) => [
    '-c',
    PW_CAT,
    'pw-cat',
    '--playback',
    '--format=s16',
    `--rate=${format.sampleRateHz}`,
    `--channels=${format.channels}`,
    '--latency=20ms',
    ...(device === undefined ? [] : [`--target=${device}`]),
    '-',
  ],
  // What it says goes to its stdout, when a block of it is full.
  parse: () => undefined,
  plays: async (pid, environment) => {
    const { hasRunningStream } = await import('../devices/pipewire.ts');
    return hasRunningStream(pid, environment);
  },
  reports: false,
  // More than it needs on an idle machine: it is no realtime process, and a kill clears it all.
  aheadMs: 220,
  latencyMs: 40,
  padWhenLeftMs: 60,
  padMs: 60,
};

const sox: PlayerProgram = {
  name: 'sox',
  command: 'sox',
  args: (format, device) => [
    '-V3',
    '--no-show-progress',
    '--no-dither',
    // 20 ms: left to itself it holds a third of a second.
    '--buffer=960',
    '--type=raw',
    `--rate=${format.sampleRateHz}`,
    `--channels=${format.channels}`,
    '--encoding=signed-integer',
    '--bits=16',
    '-',
    ...soxDevice(device),
  ],
  parse: (line) => (line.startsWith('Output File') ? { type: 'ready' } : undefined),
  reports: false,
  aheadMs: 200,
  latencyMs: 100,
  padWhenLeftMs: 60,
  padMs: 60,
};

/** `   0.53 M-A: -0.000 …`: the position of what sounds, in seconds; `nan` before anything does. */
const FFPLAY_TIME = /^(\d+\.\d+) M-A:/;

const ffplay: PlayerProgram = {
  name: 'ffplay',
  command: 'ffplay',
  defaultDeviceOnly: true,
  args: ({ sampleRateHz, channels }) =>
    (
      '-nodisp -hide_banner -stats -loglevel warning -fflags nobuffer -flags low_delay -probesize 32 ' +
      `-analyzeduration 0 -f s16le -ar ${sampleRateHz} -ac ${channels} -i -`
    ).split(' '),
  parse: (line) => {
    const time = FFPLAY_TIME.exec(line);
    if (time === null) return line.startsWith('nan') ? { type: 'waiting' } : undefined;
    return { type: 'playing', playedMs: Number(time[1]) * 1000 };
  },
  reports: true,
  aheadMs: 320,
  latencyMs: 40,
  // It opens no device before it has read this much.
  primeMs: 200,
  padWhenLeftMs: 160,
  padMs: 150,
};

/** Any line for the shell that reads raw s16le mono of 24 kHz: over SSH, into a pipe, to a machine of its own. */
export function commandPlayer(command: string): PlayerProgram {
  return {
    name: 'speaker command',
    command,
    shell: true,
    args: () => [],
    parse: () => undefined,
    readyAfterMs: 150,
    endsByEof: true,
    reports: false,
    aheadMs: 300,
    latencyMs: 100,
    padWhenLeftMs: 60,
    // What it holds back is unknown; half a second is what players hold by default.
    padMs: 500,
  };
}

export const PLAYERS: readonly PlayerProgram[] = ranked(
  [pacat, pwCat, speaker, aplay, sox, decibri, ffplay],
  { darwin: [speaker, decibri, sox, ffplay], win32: [decibri, ffplay, sox] },
);
