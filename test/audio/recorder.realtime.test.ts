import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openRecorder } from '../../src/audio/backends.ts';
import { RECORDERS } from '../../src/audio/backends/recorders.ts';
import { bytesOfMs, INPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes, s16FromFloat } from '../../src/audio/pcm.ts';
import { openRecorderSource } from '../../src/audio/sources/recorder.ts';
import { childrenNamed, hasProgram, processGroup } from '../support/programs.ts';
import { loudest, matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';
import type { SoundServer } from '../support/soundServer.ts';

/** Two seconds of noise in the band of speech, 16 kHz. */
function sound(): Uint8Array {
  let state = 11;
  let low = 0;
  const samples = Float32Array.from({ length: 32_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    low += 0.3 * (state / 2 ** 31 - 1 - low);
    return low * 0.6;
  });
  return s16FromFloat(samples);
}

needsSound('recorders on a sound server', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
  });
  afterAll(() => server.stop());

  describe.each(['parec', 'arecord', 'sox'])('%s', (name) => {
    const run = hasProgram(name) ? it : it.skip;
    // sox through its own PulseAudio driver: ALSA's default is not what it asks for everywhere.
    const device = name === 'sox' ? { device: 'pulseaudio:default' } : {};
    const open = () => openRecorder({ name, ...device, environment: server.environment });

    run('gives 20 ms frames of what is said into the microphone', async () => {
      const source = await open();
      const stop = new AbortController();
      const said = sound();
      const frames: Uint8Array[] = [];
      setTimeout(
        () => void server.playIntoMic(said).then(() => setTimeout(() => stop.abort(), 400)),
        200,
      );
      for await (const frame of source.frames(stop.signal)) frames.push(frame);
      expect(frames.every((frame) => frame.byteLength === 640)).toBe(true);
      const heard = concatBytes(frames);
      expect(loudest(heard.subarray(0, bytesOfMs(INPUT_FORMAT, 100)), 16_000)).toBe(0);
      const blocks = matchBlocks(said, heard, { rateHz: 16_000 });
      const lags = blocks.map((block) => block.lagMs);
      const worst = Math.min(...blocks.map((block) => block.correlation));
      const spread = Math.max(...lags) - Math.min(...lags);
      console.log(
        `${name}: worst correlation ${worst.toFixed(4)}, lag spread ${spread.toFixed(2)} ms`,
      );
      expect(worst).toBeGreaterThan(0.9);
      expect(spread).toBeLessThan(2);
      expect(childrenNamed(name)).toEqual([]);
    });

    run('runs in a process group of its own, and ends when it is closed', async () => {
      const source = await open();
      const [pid] = childrenNamed(name);
      expect(pid).toBeDefined();
      expect(processGroup(pid ?? 0)).toBe(pid);
      const frames = source.frames(new AbortController().signal)[Symbol.asyncIterator]();
      expect((await frames.next()).done).toBe(false);
      await source.close();
      await source.close();
      let end = await frames.next();
      while (end.done !== true) end = await frames.next();
      expect(childrenNamed(name)).toEqual([]);
    });

    run('a run of it says that the microphone is lost when it is killed', async () => {
      const program = RECORDERS.find((one) => one.name === name);
      if (program === undefined) throw new Error(`no recorder ${name}`);
      const { environment } = server;
      const source = await openRecorderSource({ program, environment, ...device });
      setTimeout(() => {
        for (const pid of childrenNamed(name)) process.kill(pid, 'SIGKILL');
      }, 100);
      const reading = (async () => {
        let frames = 0;
        for await (const _ of source.frames(new AbortController().signal)) frames++;
        return frames;
      })();
      await expect(reading).rejects.toMatchObject({
        code: 'recorder_lost',
        exitCode: 4,
        why: `${name}: it was ended by SIGKILL`,
      });
      await source.close();
    });
  });

  it('says that the microphone is lost when the sound server has gone for good', async () => {
    const other = await startSoundServer();
    const source = await openRecorder({ name: 'parec', environment: other.environment });
    setTimeout(() => void other.stop(), 100);
    let frames = 0;
    const reading = (async () => {
      for await (const _ of source.frames(new AbortController().signal)) frames += 1;
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'recorder_lost',
      exitCode: 4,
      why: /no sound server answers.*not found again in 20 s/,
    });
    // Silence went on meanwhile.
    expect(frames).toBeGreaterThan(19_000 / 20);
  }, 60_000);
});
