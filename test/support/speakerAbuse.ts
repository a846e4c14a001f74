/** What `speaker` dies of. Each once; what is returned is the line that the user would read. */
import { setTimeout as pause } from 'node:timers/promises';

import { speaker } from '../../src/audio/backends/nativePlayers.ts';
import { openPlayer } from '../../src/audio/backends.ts';
import { OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { PlayerSink } from '../../src/audio/sinks/player.ts';
import { GemliveError } from '../../src/errors.ts';
import { noise } from './noise.ts';
import { startSoundServer } from './soundServer.ts';
import type { SoundServer } from './soundServer.ts';

const line = (error: unknown): string => {
  if (error instanceof GemliveError) return `${error.message}: ${error.why}`;
  throw error;
};

/** It aborts in `require()` where there is no device. */
export async function withoutDevice(): Promise<string> {
  const environment = { PATH: process.env['PATH'], PULSE_SERVER: 'unix:/nothing-listens-here' };
  return openPlayer({ name: 'speaker', environment }).then(() => 'it opened', line);
}

/** Write after write fails, and the next child has no device any more. */
export async function serverKilledMidWrite(): Promise<string> {
  const server = await startSoundServer();
  const { environment } = server;
  const sink = await PlayerSink.open({ program: speaker, format: OUTPUT_FORMAT, environment });
  const lost = new Promise<Error>((resolve) => {
    sink.onLost(resolve);
  });
  sink.write(noise(10_000, 24_000, 51));
  await pause(150 + Math.random() * 100);
  process.kill(server.pid, 'SIGKILL');
  const error = await lost;
  await sink.close();
  await server.stop();
  return line(error);
}

/** Its own close() aborts when a write is in flight; ours does not ask it. */
export async function closedDuringWrite(server: SoundServer): Promise<string> {
  const sink = await openPlayer({ name: 'speaker', environment: server.environment });
  sink.write(noise(5000, 24_000, 52));
  // In the middle of the first write, of a later one, or between two.
  await pause(Math.random() * 60);
  await sink.close();
  return 'closed';
}
