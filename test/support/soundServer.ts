/**
 * A private PulseAudio for tests: its own folder and socket, a null sink `speaker` whose monitor is what
 * would be heard, and a null sink `mic` whose monitor is the default microphone.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, it } from 'vitest';

import { concatBytes } from '../../src/audio/pcm.ts';
import { startProcess } from '../../src/audio/subprocess.ts';
import type { Subprocess } from '../../src/audio/subprocess.ts';
import { parseWav } from '../../src/audio/wav.ts';
import { hasProgram } from './programs.ts';

const NEEDED = ['pulseaudio', 'pacat', 'parec'];

/** A `describe` for tests on the sound server: skipped by name where it is missing, a failure under CI. */
export function needsSound(name: string, tests: () => void): void {
  const missing = NEEDED.filter((program) => !hasProgram(program));
  if (missing.length === 0) describe(name, tests);
  else if (process.env['CI'] === 'true') {
    describe(name, () => {
      it('runs on a sound server', () => {
        throw new Error(
          `missing here: ${missing.join(', ')} (apt install pulseaudio pulseaudio-utils)`,
        );
      });
    });
  } else describe.skip(`${name} [skipped: no ${missing.join(', ')} here]`, tests);
}

/** Rates without any resampling on the way: what is recorded is what was written, sample by sample. */
const SPEAKER_RATE_HZ = 24_000;
const MIC_RATE_HZ = 16_000;

export type SpeakerRecording = {
  /** All that the speaker would have sounded, 24 kHz mono s16le, and when each piece of it came. */
  pcm: Uint8Array;
  chunks: { atMs: number; pcm: Uint8Array }[];
};

export type SoundServer = {
  /** For the processes that shall play and record here. */
  environment: Record<string, string>;
  pid: number;
  /** Speaks into the virtual microphone: a WAV or raw 16 kHz mono file, or samples. Settles when it has been said. */
  playIntoMic(sound: string | Uint8Array): Promise<void>;
  /** Settles when the recording runs; `performance.now()` times. */
  recordSpeaker(): Promise<{ soFar(): Uint8Array; stop(): Promise<SpeakerRecording> }>;
  /** As a crash: SIGKILL, and nothing is cleaned up. */
  crash: () => Promise<void>;
  /** After a crash: a new one at the same place. */
  restart: () => Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
};

export async function startSoundServer(): Promise<SoundServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gl-pa-'));
  const socket = join(folder, 'native');
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  // Without rewinds: a null sink that may take back what it has rendered shows sound before its time.
  const script = file(
    'default.pa',
    `load-module module-null-sink sink_name=speaker norewinds=1 format=s16le channels=1 rate=${SPEAKER_RATE_HZ}
load-module module-null-sink sink_name=mic norewinds=1 format=s16le channels=1 rate=${MIC_RATE_HZ}
set-default-sink speaker
set-default-source mic.monitor
load-module module-native-protocol-unix socket=${socket} auth-anonymous=1
`,
  );
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
    XDG_CONFIG_HOME: folder,
    PULSE_RUNTIME_PATH: folder,
    PULSE_STATE_PATH: folder,
    PULSE_SERVER: `unix:${socket}`,
    PULSE_CLIENTCONFIG: file('client.conf', 'autospawn = no\nenable-shm = no\n'),
    ALSA_CONFIG_PATH: file(
      'asoundrc',
      '</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\nctl.!default { type pulse }\n',
    ),
    DBUS_SESSION_BUS_ADDRESS: 'unix:path=/dev/null',
    LC_ALL: 'C.UTF-8',
  };
  const launch = (): Subprocess =>
    startProcess({
      command: 'pulseaudio',
      args: [
        '-n',
        '--daemonize=no',
        '--system=no',
        '--use-pid-file=no',
        '--exit-idle-time=-1',
        '--disable-shm=yes',
        '--log-target=stderr',
        `--file=${script}`,
      ],
      environment,
    });
  let server = launch();
  const crash = async (): Promise<void> => {
    server.kill();
    await server.exited;
  };
  const stop = async (): Promise<void> => {
    await crash();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(server, socket);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    environment,
    get pid() {
      return server.pid ?? 0;
    },
    crash,
    restart: async () => {
      rmSync(socket, { force: true });
      server = launch();
      await untilItAnswers(server, socket);
    },
    stop,
    playIntoMic: (sound) => playIntoMic(sound, environment),
    recordSpeaker: () => recordSpeaker(environment),
  };
}

async function untilItAnswers(server: Subprocess, socket: string): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline;) {
    if (!server.alive) break;
    const answers = await new Promise<boolean>((resolve) => {
      const client = connect(socket, () => {
        client.destroy();
        resolve(true);
      });
      client.on('error', () => resolve(false));
    });
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`pulseaudio does not answer:\n${server.stderrTail.join('\n')}`);
}

export async function playIntoMic(
  sound: string | Uint8Array,
  environment: Record<string, string>,
): Promise<void> {
  const bytes = typeof sound === 'string' ? new Uint8Array(readFileSync(sound)) : sound;
  const isWav = typeof sound === 'string' && sound.endsWith('.wav');
  const wav = isWav ? parseWav(bytes) : undefined;
  const player = startProcess({
    command: 'pacat',
    args: [
      '--playback',
      '--device=mic',
      '--format=s16le',
      `--rate=${wav?.format.sampleRateHz ?? MIC_RATE_HZ}`,
      `--channels=${wav?.format.channels ?? 1}`,
      '--latency-msec=50',
    ],
    stdin: 'pipe',
    environment,
  });
  player.stdin?.end(wav?.data ?? bytes);
  const { code } = await player.closed;
  if (code !== 0)
    throw new Error(`cannot speak into the microphone: ${player.stderrTail.join('; ')}`);
}

export async function recordSpeaker(environment: Record<string, string>) {
  const recorder = startProcess({
    command: 'parec',
    args: [
      '--device=speaker.monitor',
      '--format=s16le',
      `--rate=${SPEAKER_RATE_HZ}`,
      '--channels=1',
      '--latency-msec=5',
      '--process-time-msec=5',
    ],
    stdout: 'pipe',
    environment,
  });
  const chunks: SpeakerRecording['chunks'] = [];
  const { stdout } = recorder;
  if (stdout === null) throw new Error('parec could not be started');
  stdout.on('data', (pcm: Uint8Array) => chunks.push({ atMs: performance.now(), pcm }));
  await Promise.race([once(stdout, 'data'), recorder.closed]);
  if (!recorder.alive) throw new Error(`cannot record: ${recorder.stderrTail.join('; ')}`);
  const soFar = (): Uint8Array => concatBytes(chunks.map((chunk) => chunk.pcm));
  return {
    soFar,
    stop: async (): Promise<SpeakerRecording> => {
      recorder.kill();
      await recorder.closed;
      return { pcm: soFar(), chunks };
    },
  };
}
