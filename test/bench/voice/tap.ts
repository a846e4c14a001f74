/** A second ear at a device of the sound server: when there was sound, to a few milliseconds. */
import { once } from 'node:events';

import { startProcess } from '../../../src/audio/subprocess.ts';
import { loudest } from '../../support/signal.ts';
import type { SoundServer } from '../../support/soundServer.ts';

const AUDIBLE = 0.005;
const RATE_HZ = 24_000;

export type Tap = {
  /** The first sound from `fromMs` on (`performance.now()`), if any yet. */
  onset(fromMs: number): number | undefined;
  /** The last sound so far. */
  lastMs(): number;
  close(): Promise<void>;
};

/** `speaker.monitor` for what is heard, `mic` for what is said. */
export async function openTap(sound: SoundServer, device: string): Promise<Tap> {
  const recorder = startProcess({
    command: 'parec',
    args: [
      `--device=${device}`,
      '--format=s16le',
      `--rate=${RATE_HZ}`,
      '--channels=1',
      '--latency-msec=5',
      '--process-time-msec=5',
    ],
    stdout: 'pipe',
    environment: sound.environment,
  });
  const loud: number[] = [];
  const { stdout } = recorder;
  if (!stdout) throw new Error('parec could not be started');
  stdout.on('data', (pcm: Uint8Array) => {
    if (loudest(pcm, RATE_HZ) > AUDIBLE) loud.push(performance.now());
  });
  await Promise.race([once(stdout, 'data'), recorder.closed]);
  if (!recorder.alive) throw new Error(`cannot listen: ${recorder.stderrTail.join('; ')}`);
  return {
    onset: (fromMs) => loud.find((atMs) => atMs >= fromMs),
    lastMs: () => loud.at(-1) ?? Number.NEGATIVE_INFINITY,
    close: async () => {
      recorder.kill();
      await recorder.closed;
    },
  };
}
