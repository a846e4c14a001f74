import { existsSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { speaker } from '../../src/audio/backends/nativePlayers.ts';
import { PLAYERS } from '../../src/audio/backends/players.ts';
import { openPlayer } from '../../src/audio/backends.ts';
import { systemClock } from '../../src/audio/clock.ts';
import type { Clock } from '../../src/audio/clock.ts';
import { bytesOfMs, msOfBytes, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes } from '../../src/audio/pcm.ts';
import type { AudioSink } from '../../src/audio/ports.ts';
import { PlayerSink } from '../../src/audio/sinks/player.ts';
import type { PlayerSinkOptions } from '../../src/audio/sinks/player.ts';
import type { GemliveError } from '../../src/errors.ts';

import { noise } from '../support/noise.ts';
import { childrenNamed, hasProgram } from '../support/programs.ts';
import { loudest, matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';
import type { SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const sound = (ms: number, seed: number): Uint8Array => noise(ms, 24_000, seed);

const NATIVE = new Set(['speaker']);
const TESTED = ['pacat', 'aplay', ...NATIVE];

/** Its program is installed; its native module is installed and built. */
function canPlay(name: string): boolean {
  const program = PLAYERS.find((one) => one.name === name);
  if (program === undefined) throw new Error(`no player ${name}`);
  return NATIVE.has(name) ? program.missing?.() === undefined : hasProgram(program.command);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

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

  describe.each(TESTED)('%s', (name) => {
    const run = canPlay(name) ? it : it.skip;
    const children = (): number[] => childrenNamed(NATIVE.has(name) ? `gemlive-${name}` : name);
    /** Without the recovery that openPlayer adds. */
    const openAlone = (
      { environment }: SoundServer,
      more: Partial<PlayerSinkOptions> = {},
    ): Promise<PlayerSink> => {
      const program = PLAYERS.find((one) => one.name === name);
      if (program === undefined) throw new Error(`no player ${name}`);
      return PlayerSink.open({ program, format: OUTPUT_FORMAT, environment, ...more });
    };

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

    run('goes on where it was when the program is killed', async () => {
      const sink = await open(name);
      const recording = await server.recordSpeaker();
      const sent = sound(2000, 9);
      sink.write(sent);
      sink.flush();
      await pause(700);
      // The oldest: the other one, if any, is the spare.
      process.kill(Math.min(...children()), 'SIGKILL');
      await sink.drain();
      await pause(150);
      const { pcm } = await recording.stop();
      expect(sink.position().playedMs).toBeCloseTo(2000, 1);
      await sink.close();
      const whole = matchBlocks(sent, pcm, { rateHz: 24_000 });
      const good = whole.filter((block) => block.correlation > 0.9).length;
      console.log(`${name}: ${good} of ${whole.length} blocks whole across the death`);
      expect(good).toBeGreaterThanOrEqual(whole.length - 3);
    });

    run('needs no timer when there is nothing to play', async () => {
      let waiting = 0;
      const clock: Clock = {
        nowMs: () => systemClock.nowMs(),
        after: (delayMs, work) => {
          waiting++;
          let open = true;
          const end = (): void => {
            if (open) waiting--;
            open = false;
          };
          const cancel = systemClock.after(delayMs, () => {
            end();
            work();
          });
          return () => {
            end();
            cancel();
          };
        },
      };
      const sink = await openAlone(server, { clock });
      expect(waiting).toBe(0);
      sink.write(sound(200, 13));
      expect(waiting).toBe(1);
      await sink.drain();
      expect(waiting).toBe(0);
      sink.write(sound(500, 14));
      await pause(200);
      await sink.clear().silenced;
      expect(waiting).toBe(0);
      await sink.close();
    });

    run('tells what it renders, and plays it as loud as it is told to', async () => {
      const sink = await open(name);
      const recording = await server.recordSpeaker();
      const sent = sound(1500, 17);
      const told: { pcm: Uint8Array; atMs: number }[] = [];
      sink.write(sent);
      await pause(200);
      const { playedMs } = sink.position();
      const stop = sink.onRender((pcm, atMs) => told.push({ pcm, atMs }));
      await pause(200);
      sink.setGain(0.25);
      sink.flush();
      await sink.drain();
      await pause(200);
      const { pcm: heard } = await recording.stop();
      stop();
      // From the moment of listening on, every sample once, in order, as it was heard.
      const rendered = concatBytes(told.map(({ pcm }) => pcm));
      const whole = bytesOfMs(OUTPUT_FORMAT, 1500);
      const from = whole - rendered.byteLength;
      expect(Math.abs(msOfBytes(OUTPUT_FORMAT, from) - playedMs)).toBeLessThan(60);
      const blocks = matchBlocks(rendered, heard, { rateHz: 24_000, blockMs: 70 });
      expect(Math.min(...blocks.map((block) => block.correlation))).toBeGreaterThan(0.9);
      const loudness = (pcm: Uint8Array, atMs: number): number =>
        loudest(pcm.subarray(bytesOfMs(OUTPUT_FORMAT, atMs)), 24_000);
      const ratio =
        loudness(rendered, 800) /
        loudness(sent, 1500 - (msOfBytes(OUTPUT_FORMAT, rendered.byteLength) - 800));
      expect(ratio).toBeCloseTo(0.25, 1);
      expect(sink.position()).toMatchObject({ queuedMs: 0 });
      expect(sink.position().playedMs).toBeCloseTo(1500, 1);
      expect(told.every((one, i) => i === 0 || one.atMs > (told[i - 1]?.atMs ?? 0))).toBe(true);
      await sink.close();
    });

    run('is lost when the sound server goes, with the reason', async () => {
      const other = await startSoundServer();
      const sink = await openAlone(other);
      const lost = new Promise<Error>((resolve) => {
        sink.onLost(resolve);
      });
      sink.write(sound(5000, 15));
      await pause(300);
      await other.stop();
      // aplay does not notice while nothing is written; it is written to here.
      const error = await lost;
      expect(error).toMatchObject({ code: 'player_lost', exitCode: 4 });
      expect((error as GemliveError).why).toMatch(
        new RegExp(`^${name} does not stay alive: no (sound server|such sound device)`),
      );
      await sink.close();
    });

    run('is lost when it does not stay alive, and says so once', async () => {
      const sink = await openAlone(server);
      const lost: Error[] = [];
      sink.onLost((error) => lost.push(error));
      sink.write(sound(3000, 10));
      const drained = sink.drain().catch((error: unknown) => error);
      for (let i = 0; i < 40 && lost.length === 0; i++) {
        for (const pid of children()) process.kill(pid, 'SIGKILL');
        await pause(100);
      }
      expect(lost).toHaveLength(1);
      expect(lost[0]).toMatchObject({ code: 'player_lost', exitCode: 4 });
      expect(await drained).toBe(lost[0]);
      await expect(sink.drain()).rejects.toBe(lost[0]);
      sink.write(sound(20, 1));
      sink.clear();
      await sink.close();
      await sink.close();
    });
  });

  const run = canPlay('speaker') ? it : it.skip;
  run('speaker makes room for its spare between replies, because it leaks', async () => {
    const { environment } = server;
    const program = { ...speaker, renewAfterWrites: 20 };
    const sink = await PlayerSink.open({ program, format: OUTPUT_FORMAT, environment });
    const children = (): number[] => childrenNamed('gemlive-speaker').sort((a, b) => a - b);
    await until('spare', () => children().length === 2);
    const [first, spare] = children();
    const recording = await server.recordSpeaker();
    const sent = sound(1400, 18);
    sink.write(sent.subarray(0, bytesOfMs(OUTPUT_FORMAT, 700)));
    await sink.drain();
    await until('first one gone', () => !children().includes(first ?? 0));
    expect(children()).toContain(spare);
    sink.write(sent.subarray(bytesOfMs(OUTPUT_FORMAT, 700)));
    await sink.drain();
    expect(sink.position()).toMatchObject({ playedMs: 1400, queuedMs: 0, underruns: 0 });
    await pause(200);
    const { pcm } = await recording.stop();
    const second = matchBlocks(sent.subarray(bytesOfMs(OUTPUT_FORMAT, 700)), pcm, {
      rateHz: 24_000,
    });
    expect(Math.min(...second.map((block) => block.correlation))).toBeGreaterThan(0.9);
    await sink.close();
  });
});
