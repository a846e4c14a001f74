/** A second ear at the microphone: what the user's sound was when it came out of the sound server. */
import { once } from 'node:events';

import { INPUT_FORMAT } from '../../../src/audio/format.ts';
import { concatBytes, SampleAligner } from '../../../src/audio/pcm.ts';
import { startProcess } from '../../../src/audio/subprocess.ts';
import type { SoundServer } from '../../support/soundServer.ts';

export type MicEar = {
  /** All that came since the last call. */
  take(): Uint8Array;
  close(): Promise<void>;
};

export async function openMicEar(sound: SoundServer): Promise<MicEar> {
  const recorder = startProcess({
    command: 'parec',
    args: [
      '--device=mic.monitor',
      '--format=s16le',
      `--rate=${INPUT_FORMAT.sampleRateHz}`,
      '--channels=1',
      '--latency-msec=5',
      '--process-time-msec=5',
    ],
    stdout: 'pipe',
    environment: sound.environment,
  });
  const { stdout } = recorder;
  if (!stdout) throw new Error('parec could not be started');
  const aligner = new SampleAligner();
  let chunks: Uint8Array[] = [];
  stdout.on('data', (pcm: Uint8Array) => chunks.push(aligner.push(pcm)));
  await Promise.race([once(stdout, 'data'), recorder.closed]);
  if (!recorder.alive) throw new Error(`cannot listen: ${recorder.stderrTail.join('; ')}`);
  return {
    take: () => {
      const heard = concatBytes(chunks);
      chunks = [];
      return heard;
    },
    close: async () => {
      recorder.kill();
      await recorder.closed;
    },
  };
}
