import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PLAYERS } from '../../../src/audio/backends/players.ts';
import { openPlayer } from '../../../src/audio/backends.ts';
import type { OpenDeviceOptions } from '../../../src/audio/backends.ts';
import { OUTPUT_FORMAT, bytesOfMs } from '../../../src/audio/format.ts';
import { hasProgram } from '../../support/programs.ts';
import { needsPipewire, startPipewire } from '../../support/pipewireServer.ts';
import { loudest, matchBlocks } from '../../support/signal.ts';
import { needsSound, startSoundServer } from '../../support/soundServer.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { noise } from '../../support/noise.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Its program or its native module is here. */
function canPlay(name: string): boolean {
  const program = PLAYERS.find((one) => one.name === name);
  if (program === undefined) return true;
  return program.missing?.() === undefined && (program.framed ?? hasProgram(name));
}

/** What a player must do, in one go: sound whole, be silent at once, take new sound. */
function behaves(name: string, server: () => SoundServer, more: Partial<OpenDeviceOptions> = {}) {
  it.skipIf(!canPlay(name))(
    'is heard whole, is silent after clear(), takes new sound',
    { retry: 1 },
    async () => {
      const { environment } = server();
      const sink = await openPlayer({ environment, ...(canBeNamed(name) && { name }), ...more });
      const recording = await server().recordSpeaker();
      const first = noise(1200, 24_000, 31);
      sink.write(first);
      sink.flush();
      await sink.drain();
      expect(sink.position()).toMatchObject({ playedMs: 1200, queuedMs: 0, underruns: 0 });
      await pause(700);
      const heard = recording.soFar();
      const blocks = matchBlocks(first, heard, { rateHz: 24_000 });
      const lags = blocks.map((block) => block.lagMs);
      const worst = Math.min(...blocks.map((block) => block.correlation));
      const spread = Math.max(...lags) - Math.min(...lags);

      sink.write(noise(4000, 24_000, 32));
      await pause(900);
      expect(loudest(recording.soFar().subarray(heard.byteLength), 24_000)).toBeGreaterThan(0.01);
      const { silenced, playedMs } = sink.clear();
      expect(playedMs).toBeGreaterThan(1200 + 300);
      const { silenceMs } = await silenced;
      await pause(300);
      const clearedAt = recording.soFar().byteLength;
      await pause(200);
      const afterwards = recording.soFar().subarray(clearedAt);
      expect(afterwards.byteLength).toBeGreaterThan(bytesOfMs(OUTPUT_FORMAT, 100));
      expect(loudest(afterwards, 24_000)).toBeLessThan(0.001);

      const next = noise(500, 24_000, 33);
      sink.write(next);
      sink.flush();
      await sink.drain();
      await pause(400);
      const [start] = matchBlocks(next, (await recording.stop()).pcm, { rateHz: 24_000 });
      await sink.close();
      console.log(
        `${sink.label}: worst correlation ${worst.toFixed(4)}, lag spread ${spread.toFixed(2)} ms, ` +
          `gone after ${silenceMs.toFixed(0)} ms`,
      );
      expect(worst).toBeGreaterThan(0.9);
      expect(spread).toBeLessThan(2);
      expect(start?.correlation).toBeGreaterThan(0.9);
    },
  );
}

const canBeNamed = (name: string): boolean => PLAYERS.some((player) => player.name === name);

needsSound('further players on PulseAudio', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
  });
  afterAll(() => server.stop());

  describe('sox', () => behaves('sox', () => server, { device: 'pulseaudio:default' }));
  describe.each(['decibri', 'ffplay'])('%s', (name) => behaves(name, () => server));
  describe('a speaker command', () =>
    behaves('a command', () => server, {
      command: 'pacat --raw --format=s16le --rate=24000 --channels=1 --latency-msec=50',
    }));
});

needsPipewire('players on PipeWire', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startPipewire();
  });
  afterAll(() => server.stop());

  describe.each(['pw-cat', 'pacat'])('%s', (name) => behaves(name, () => server));
});
