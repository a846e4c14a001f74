/** A private PipeWire with its Pulse face, on a message bus of its own; the same null sinks as the PulseAudio one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe } from 'vitest';

import { startProcess } from '../../src/audio/subprocess.ts';
import type { Subprocess } from '../../src/audio/subprocess.ts';
import { hasProgram } from './programs.ts';
import { playIntoMic, recordSpeaker } from './soundServer.ts';
import type { SoundServer } from './soundServer.ts';

const NEEDED = ['dbus-run-session', 'pipewire', 'pipewire-pulse', 'wireplumber', 'pw-cat', 'pactl'];

const FLOWS_WITHIN_MS = 5000;

/** A `describe` for tests on PipeWire: skipped by name where it is missing. */
export function needsPipewire(name: string, tests: () => void): void {
  const missing = NEEDED.filter((program) => !hasProgram(program));
  if (missing.length === 0) describe(name, tests);
  else describe.skip(`${name} [skipped: no ${missing.join(', ')} here]`, tests);
}

export async function startPipewire(): Promise<SoundServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gl-pw-'));
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
    XDG_CONFIG_HOME: folder,
    XDG_STATE_HOME: folder,
    PULSE_SERVER: `unix:${join(folder, 'pulse', 'native')}`,
    LC_ALL: 'C.UTF-8',
  };
  const launch = (): Subprocess =>
    startProcess({
      command: 'dbus-run-session',
      // The session manager gives up where there is nothing to connect to yet.
      args: [
        'sh',
        '-c',
        'pipewire & until [ -S "$XDG_RUNTIME_DIR/pipewire-0" ]; do sleep 0.02; done; wireplumber & pipewire-pulse & wait',
      ],
      environment,
    });
  const pactl = async (...args: string[]): Promise<boolean> => {
    const { code } = await startProcess({ command: 'pactl', args, environment }).closed;
    return code === 0;
  };
  const nullSink = (name: string, rateHz: number): Promise<boolean> =>
    pactl('load-module', 'module-null-sink', `sink_name=${name}`, `rate=${rateHz}`, 'channels=1');
  const untilItPlays = async (): Promise<void> => {
    for (const deadline = Date.now() + 15_000; !(await nullSink('speaker', 24_000));) {
      if (Date.now() > deadline || !server.alive) throw new Error('PipeWire does not answer');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await nullSink('mic', 16_000);
    await pactl('set-default-sink', 'speaker');
    await pactl('set-default-source', 'mic.monitor');
  };
  /** Sound flows: streams are linked, which is the session manager's work. */
  const flows = async (): Promise<boolean> => {
    const recorder = startProcess({
      command: 'parec',
      args: ['--device=mic.monitor'],
      stdout: 'pipe',
      environment,
    });
    const gaveSound = await Promise.race([
      new Promise((resolve) => recorder.stdout?.once('data', () => resolve(true))),
      new Promise((resolve) => setTimeout(() => resolve(false), FLOWS_WITHIN_MS)),
    ]);
    recorder.kill();
    await recorder.closed;
    return gaveSound === true;
  };
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
    await untilItPlays();
    for (let attempt = 1; !(await flows()); attempt++) {
      if (attempt === 3) throw new Error('PipeWire links no streams');
      await crash();
      server = launch();
      await untilItPlays();
    }
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
      server = launch();
      await untilItPlays();
    },
    stop,
    playIntoMic: (sound) => playIntoMic(sound, environment),
    recordSpeaker: () => recordSpeaker(environment),
  };
}
