/** Players that are killed, renewed, turned down and listened to, on a sound server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { speaker } from '../../src/audio/backends/nativePlayers.ts';
import { openPlayer } from '../../src/audio/backends.ts';
import { systemClock } from '../../src/audio/clock.ts';
import type { Clock } from '../../src/audio/clock.ts';
import { bytesOfMs, msOfBytes, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes } from '../../src/audio/pcm.ts';
import type { AudioSink } from '../../src/audio/ports.ts';
import { PlayerSink } from '../../src/audio/sinks/player.ts';
import type { PlayerSinkOptions } from '../../src/audio/sinks/player.ts';
import type { GemliveError } from '../../src/errors.ts';

import {
  canPlay,
  pause,
  playerNamed,
  processesOf,
  sound,
  TESTED_PLAYERS,
} from '../support/players.ts';
import { loudest, matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';
import type { SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

needsSound('the life of players', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
  });
  afterAll(() => server.stop());

  const open = (name: string): Promise<AudioSink> =>
    openPlayer({ name, environment: server.environment });

  describe.each(TESTED_PLAYERS)('%s', (name) => {
    const run = canPlay(name) ? it : it.skip;
    /** Without the recovery that openPlayer adds. */
    const openAlone = (
      { environment }: SoundServer,
      more: Partial<PlayerSinkOptions> = {},
    ): Promise<PlayerSink> => {
      const program = playerNamed(name);
      return PlayerSink.open({ program, format: OUTPUT_FORMAT, environment, ...more });
    };

    run('goes on where it was when the program is killed', async () => {
      const sink = await open(name);
      const recording = await server.recordSpeaker();
      const sent = sound(2000, 9);
      sink.setGain(0.5);
      sink.write(sent);
      sink.flush();
      await pause(700);
      // The oldest: the other one, if any, is the spare.
      process.kill(processesOf(name)[0] ?? 0, 'SIGKILL');
      await sink.drain();
      await pause(150);
      const { pcm } = await recording.stop();
      expect(sink.position().playedMs).toBeCloseTo(2000, 1);
      await sink.close();
      const whole = matchBlocks(sent, pcm, { rateHz: 24_000 });
      const good = whole.filter((block) => block.correlation > 0.9).length;
      console.log(`${name}: ${good} of ${whole.length} blocks whole across the death`);
      expect(good).toBeGreaterThanOrEqual(whole.length - 3);
      // What it was given again is not made softer twice.
      for (const { atMs, lagMs, correlation } of whole) {
        if (correlation < 0.99) continue;
        const [from, to] = [atMs, atMs + 100].map((ms) => bytesOfMs(OUTPUT_FORMAT, ms));
        const at = Math.round(lagMs * 24) * 2;
        const softer = loudest(pcm.subarray((from ?? 0) + at, (to ?? 0) + at), 24_000);
        expect(softer / loudest(sent.subarray(from, to), 24_000)).toBeCloseTo(0.5, 1);
      }
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
      expect(told.every((one, i) => i === 0 || one.atMs >= (told[i - 1]?.atMs ?? 0))).toBe(true);
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
        for (const pid of processesOf(name)) process.kill(pid, 'SIGKILL');
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
    const children = (): number[] => processesOf('speaker');
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
