import { existsSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PLAYERS } from '../../src/audio/backends/players.ts';
import { openPlayer } from '../../src/audio/backends.ts';
import { bytesOfMs, msOfBytes, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import type { AudioSink } from '../../src/audio/ports.ts';

import { canPlay, pause, sound, TESTED_PLAYERS } from '../support/players.ts';
import { loudest, matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';
import type { SoundServer } from '../support/soundServer.ts';

/** As the Live API sends it: in pieces, faster than it can be played. */
async function writeFast(sink: AudioSink, pcm: Uint8Array): Promise<void> {
  const step = bytesOfMs(OUTPUT_FORMAT, 40);
  for (let at = 0; at < pcm.byteLength; at += step) {
    sink.write(pcm.subarray(at, at + step));
    await pause(8);
  }
  sink.flush();
}

/** Where the last sound before `ms` ends, in milliseconds. */
function lastSoundBefore(pcm: Uint8Array, ms: number): number {
  const step = bytesOfMs(OUTPUT_FORMAT, 5);
  for (let at = Math.floor(bytesOfMs(OUTPUT_FORMAT, ms) / step) * step; at >= step; at -= step) {
    if (loudest(pcm.subarray(at - step, at), 24_000) > 0.005) return msOfBytes(OUTPUT_FORMAT, at);
  }
  return 0;
}

/** Chosen by `npm run test:nodes`: the packages were installed where nothing could be compiled. */
const withoutSpeaker = process.env['GL_TEST_WITHOUT_SPEAKER'] === '1';
const missingSpeaker = (): string | undefined =>
  PLAYERS.find(({ name }) => name === 'speaker')?.missing?.();

if (withoutSpeaker) {
  it('speaker is not there in a run without it', () => {
    expect(missingSpeaker()).toBe('not installed');
  });
} else {
  describe.skipIf(!existsSync('/usr/include/alsa/asoundlib.h'))(
    "speaker, where ALSA's headers are",
    () => {
      it('is built', () => {
        expect(missingSpeaker()).toBeUndefined();
      });
      needsSound('and a sound server', () => {
        it('is loaded, and plays', async () => {
          const server = await startSoundServer();
          try {
            const sink = await openPlayer({ name: 'speaker', environment: server.environment });
            sink.write(sound(300, 3));
            await sink.drain();
            expect(sink.position().playedMs).toBeCloseTo(300, 1);
            await sink.close();
          } finally {
            await server.stop();
          }
        });
      });
    },
  );
}

needsSound('players on a sound server', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
  });
  afterAll(() => server.stop());

  const open = (name: string): Promise<AudioSink> =>
    openPlayer({ name, environment: server.environment });

  describe.each(TESTED_PLAYERS)('%s', (name) => {
    const run = canPlay(name) ? it : it.skip;

    run('is heard whole and in order, at one constant lag, to the last sample', async () => {
      const sink = await open(name);
      const recording = await server.recordSpeaker();
      const sent = sound(3010, 1);
      await writeFast(sink, sent);
      expect(sink.position().queuedMs).toBeGreaterThan(1000);
      await sink.drain();
      const end = sink.position();
      expect(end.playedMs).toBeCloseTo(3010, 1);
      expect(end).toMatchObject({ queuedMs: 0, underruns: 0, estimated: name !== 'pacat' });
      await pause(150);
      const { pcm } = await recording.stop();
      await sink.close();
      const blocks = matchBlocks(sent, pcm, { rateHz: 24_000, blockMs: 70 });
      expect(blocks.length).toBe(43);
      const lags = blocks.map((block) => block.lagMs);
      const worst = Math.min(...blocks.map((block) => block.correlation));
      console.log(
        `${name}: worst correlation ${worst.toFixed(4)}, lag spread ${(Math.max(...lags) - Math.min(...lags)).toFixed(2)} ms`,
      );
      expect(worst).toBeGreaterThan(0.99);
      expect(Math.max(...lags) - Math.min(...lags)).toBeLessThan(2);
    });

    run('has no gap when our own timers are late', async () => {
      const sink = await open(name);
      const recording = await server.recordSpeaker();
      const sent = sound(2000, 12);
      sink.write(sent);
      sink.flush();
      while (sink.position().queuedMs > 0) {
        // Nothing else runs meanwhile: as with a large JSON message, or a busy core.
        for (const until = performance.now() + 25; performance.now() < until;);
        await pause(15);
      }
      await sink.drain();
      await pause(150);
      const { pcm } = await recording.stop();
      await sink.close();
      const blocks = matchBlocks(sent, pcm, { rateHz: 24_000 });
      const lags = blocks.map((block) => block.lagMs);
      expect(Math.min(...blocks.map((block) => block.correlation))).toBeGreaterThan(0.9);
      expect(Math.max(...lags) - Math.min(...lags)).toBeLessThan(2);
      expect(sink.position().underruns).toBe(0);
    });

    run('is silent after clear(), never sounds the rest, and takes new sound', async () => {
      const sink = await open(name);
      const recording = await server.recordSpeaker();
      const dead = sound(4000, 2);
      await writeFast(sink, dead);
      await pause(300);
      const heardSoFar = msOfBytes(OUTPUT_FORMAT, recording.soFar().byteLength);
      const cleared = sink.clear();
      expect(cleared.playedMs).toBeGreaterThan(500);
      expect(cleared.playedMs + cleared.droppedMs).toBeCloseTo(4000, 1);
      expect(sink.position().queuedMs).toBe(0);
      const { silenceMs } = await cleared.silenced;
      await pause(400);
      const next = sound(700, 3);
      sink.write(next);
      sink.flush();
      await sink.drain();
      await pause(150);
      const { pcm } = await recording.stop();
      await sink.close();
      // The rest of the dead sound is nowhere: after it comes silence, and then the new sound alone.
      const [start] = matchBlocks(next, pcm, { rateHz: 24_000 });
      expect(start?.correlation).toBeGreaterThan(0.9);
      const last = lastSoundBefore(pcm, (start?.lagMs ?? 0) - 20);
      console.log(
        `${name}: clear() at ${heardSoFar.toFixed(0)} ms of the recording, last sound at ${last.toFixed(0)} ms, ` +
          `gone after ${silenceMs.toFixed(1)} ms; new sound at ${start?.lagMs.toFixed(0)} ms`,
      );
      expect(last - heardSoFar).toBeLessThan(150);
      const blocks = matchBlocks(next, pcm, { rateHz: 24_000 });
      expect(Math.min(...blocks.map((block) => block.correlation))).toBeGreaterThan(0.9);
      expect(sink.position().playedMs).toBeCloseTo(cleared.playedMs + 700, 1);
    });

    run('knows its position: what it says is what the speaker has sounded', async () => {
      const sink = await open(name);
      const recording = await server.recordSpeaker();
      const sent = sound(1500, 4);
      sink.write(sent);
      sink.flush();
      const said: { atMs: number; playedMs: number }[] = [];
      while (sink.position().queuedMs > 0) {
        said.push({ atMs: performance.now(), playedMs: sink.position().playedMs });
        await pause(20);
      }
      await pause(100);
      const { pcm, chunks } = await recording.stop();
      await sink.close();
      const [start] = matchBlocks(sent, pcm, { rateHz: 24_000 });
      // The recorder's own chunks tell when each millisecond of it was there.
      const errors = said
        .filter(({ playedMs }) => playedMs > 0)
        .map(({ atMs, playedMs }) => {
          const heard = chunks
            .filter((chunk) => chunk.atMs <= atMs)
            .reduce((sum, chunk) => sum + msOfBytes(OUTPUT_FORMAT, chunk.pcm.byteLength), 0);
          return playedMs - (heard - (start?.lagMs ?? 0));
        })
        .sort((a, b) => a - b);
      const median = errors[Math.floor(errors.length / 2)] ?? 999;
      console.log(
        `${name}: position minus recording: median ${median.toFixed(1)}, ` +
          `${errors[0]?.toFixed(1)} to ${errors.at(-1)?.toFixed(1)} ms`,
      );
      expect(said.every((one, i) => one.playedMs >= (said[i - 1]?.playedMs ?? 0))).toBe(true);
      expect(Math.abs(median)).toBeLessThan(100);
    });

    run('plays a sound that is shorter than any buffer', async () => {
      const sink = await open(name);
      const recording = await server.recordSpeaker();
      const blip = sound(12, 5);
      sink.write(blip);
      sink.flush();
      await sink.drain();
      await pause(200);
      const { pcm } = await recording.stop();
      await sink.close();
      const [match] = matchBlocks(blip, pcm, { rateHz: 24_000, blockMs: 12 });
      expect(match?.correlation).toBeGreaterThan(0.9);
    });

    run(
      'waits for more after running dry, counts it, and stops counting at the end of a reply',
      async () => {
        const sink = await open(name);
        sink.write(sound(200, 6));
        await pause(500);
        expect(sink.position().underruns).toBe(0);
        sink.write(sound(200, 7));
        expect(sink.position().underruns).toBe(1);
        await sink.drain();
        sink.write(sound(100, 8));
        sink.flush();
        await sink.drain();
        expect(sink.position()).toMatchObject({ queuedMs: 0, underruns: 1 });
        await sink.close();
      },
    );
  });
});
