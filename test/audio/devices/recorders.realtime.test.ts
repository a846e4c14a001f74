import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RECORDERS } from '../../../src/audio/backends/recorders.ts';
import { openRecorder } from '../../../src/audio/backends.ts';
import type { OpenDeviceOptions } from '../../../src/audio/backends.ts';
import { concatBytes } from '../../../src/audio/pcm.ts';
import { noise } from '../../support/noise.ts';
import { hasProgram } from '../../support/programs.ts';
import { needsPipewire, startPipewire } from '../../support/pipewireServer.ts';
import { matchBlocks } from '../../support/signal.ts';
import { needsSound, startSoundServer } from '../../support/soundServer.ts';
import type { SoundServer } from '../../support/soundServer.ts';

/** Its program or its native module is here. */
function canRecord(name: string): boolean {
  const recorder = RECORDERS.find((one) => one.name === name);
  return recorder?.isModule ? recorder.missing?.() === undefined : hasProgram(name);
}

function hears(name: string, server: () => SoundServer, more: Partial<OpenDeviceOptions> = {}) {
  it.skipIf(!canRecord(name))(
    'hears what is said, whole, in 20 ms frames',
    { retry: 1 },
    async () => {
      const { environment } = server();
      const source = await openRecorder({ environment, name, ...more });
      const stop = new AbortController();
      const said = noise(1500, 16_000, 41);
      const frames: Uint8Array[] = [];
      setTimeout(
        () =>
          void server()
            .playIntoMic(said)
            .then(() => setTimeout(() => stop.abort(), 500)),
        300,
      );
      for await (const frame of source.frames(stop.signal)) frames.push(frame);
      expect(frames.every((frame) => frame.byteLength === 640)).toBe(true);
      const blocks = matchBlocks(said, concatBytes(frames), { rateHz: 16_000 });
      const lags = blocks.map((block) => block.lagMs);
      const worst = Math.min(...blocks.map((block) => block.correlation));
      const spread = Math.max(...lags) - Math.min(...lags);
      console.log(
        `${source.label}: worst correlation ${worst.toFixed(4)}, lag spread ${spread.toFixed(2)} ms`,
      );
      expect(worst).toBeGreaterThan(0.9);
      expect(spread).toBeLessThan(2);
    },
  );
}

needsSound('further recorders on PulseAudio', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
  });
  afterAll(() => server.stop());

  describe.each(['ffmpeg', 'decibri'])('%s', (name) => hears(name, () => server));
  describe('a microphone command', () =>
    hears('parec', () => server, {
      command: 'parec --raw --format=s16le --rate=16000 --channels=1 --latency-msec=20 | cat',
    }));

  it('says what is wrong with a command', async () => {
    const { environment } = server;
    const opening = openRecorder({ environment, command: 'echo no such line >&2; exit 3' });
    await expect(opening).rejects.toMatchObject({
      message: 'the microphone command does not work',
      code: 'no_recorder',
      exitCode: 4,
      why: 'microphone command: no such line',
    });
    const missing = openRecorder({ environment, command: 'no-such-program-anywhere' });
    await expect(missing).rejects.toMatchObject({
      code: 'no_recorder',
      why: 'microphone command: not installed',
    });
  });
});

needsPipewire('recorders on PipeWire', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startPipewire();
  });
  afterAll(() => server.stop());

  describe.each(['pw-record', 'parec'])('%s', (name) => hears(name, () => server));
});
