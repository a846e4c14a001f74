/** Who stops a reply: speech does, a cough does not; and how the reply gives way. On real sound. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import { concatBytes } from '../../src/audio/pcm.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { burst, BURST_KINDS } from '../support/bursts.ts';
import { between, lengthMs, tone, toneLevel } from '../support/hearing.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { framesIn, startRecordingProxy, type RecordingProxy } from '../support/recordingProxy.ts';
import { afterSetup, startScriptedServer, type ScriptedServer } from '../support/scriptedServer.ts';
import { loudest, matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const fixture = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '..', '..', 'audio-fixtures', name));
const REAL_TIME = { retry: 2, timeout: 60_000 };
const MIC_RATE_HZ = 16_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

needsSound('speaking over a reply', () => {
  let sound: SoundServer;
  let live: LiveServer;
  let proxy: RecordingProxy | undefined;
  let scripted: ScriptedServer | undefined;
  let pty: Pty | undefined;

  beforeAll(async () => {
    [sound, live] = await Promise.all([startSoundServer(), startLiveServer()]);
    await live.engines;
  });
  afterEach(async () => {
    await pty?.close();
    await proxy?.close();
    await scripted?.close();
    [pty, proxy, scripted] = [undefined, undefined, undefined];
  });
  afterAll(async () => {
    await live?.close();
    await sound?.stop();
  });

  const interruptions = (of: RecordingProxy): number =>
    of.fromServer.filter(({ message }) => message.serverContent?.interrupted).length;

  /** `talk` in the middle of a long answer. */
  const counting = async (): Promise<{ terminal: Pty; through: RecordingProxy }> => {
    const through = await startRecordingProxy(live.url);
    proxy = through;
    const terminal = openPty(
      ['talk', '--base-url', through.url, '--greet', 'count to one hundred', '--headphones'],
      { environment: sound.environment },
    );
    pty = terminal;
    await terminal.until(/● speaking/);
    await pause(600);
    return { terminal, through };
  };
  const soundOf = (of: RecordingProxy, from: number): Uint8Array =>
    concatBytes(framesIn(of.fromClient.slice(from)).map(({ pcm }) => pcm));

  it(
    'coughs, claps, doors and keys do not: silence goes out, and the answer goes on',
    REAL_TIME,
    async () => {
      const { terminal, through } = await counting();
      for (const kind of BURST_KINDS) {
        for (const n of [1, 2]) {
          const from = through.fromClient.length;
          await sound.playIntoMic(burst(kind, n));
          await pause(500);
          expect([kind, n, loudest(soundOf(through, from), MIC_RATE_HZ)]).toEqual([kind, n, 0]);
        }
      }
      expect(interruptions(through)).toBe(0);
      await terminal.until(/● speaking/);
      terminal.send('q');
      expect((await terminal.ended).code).toBe(0);
    },
  );

  it(
    'words do: they are on the wire from the first syllable, and the reply ends',
    REAL_TIME,
    async () => {
      const { terminal, through } = await counting();
      const from = through.fromClient.length;
      const stop = fixture('stop.pcm');
      await sound.playIntoMic(stop);
      await until('it is interrupted', () => interruptions(through) > 0);
      await terminal.until(/gemini +1.*—/s);
      await pause(300);
      const blocks = matchBlocks(stop, soundOf(through, from), {
        rateHz: MIC_RATE_HZ,
        silentBelow: 0.01,
      });
      expect(blocks.length).toBeGreaterThan(3);
      expect(Math.min(...blocks.map(({ correlation }) => correlation))).toBeGreaterThan(0.95);
      terminal.send('q');
      expect((await terminal.ended).code).toBe(0);
    },
  );

  it('a reply that the server does not stop gives way, and comes back', REAL_TIME, async () => {
    const server = await startScriptedServer(
      afterSetup((peer) => {
        const data = Buffer.from(tone(12_000, 440)).toString('base64');
        const parts = [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data } }];
        peer.send({ serverContent: { modelTurn: { role: 'model', parts } } });
        peer.send({ serverContent: { generationComplete: true } });
      }),
    );
    scripted = server;
    pty = openPty(['talk', '--base-url', server.url], {
      environment: { ...sound.environment, GEMINI_API_KEY: 'any' },
    });
    const recording = await sound.recordSpeaker();
    const level = (): number => {
      const pcm = recording.soFar();
      return toneLevel(between(pcm, lengthMs(pcm) - 100, lengthMs(pcm)), 440);
    };
    await until('it sounds', () => level() > 0.1);
    await pause(300);
    const full = level();
    let lowest = full;
    const watch = setInterval(() => (lowest = Math.min(lowest, level())), 20);
    await sound.playIntoMic(fixture('question.pcm'));
    clearInterval(watch);
    expect(lowest).toBeLessThan(full / 2);
    expect(lowest).toBeGreaterThan(full / 8);
    await until('it is as loud as before', () => level() > full * 0.95);
    await recording.stop();
    pty.send('q');
    expect((await pty.ended).code).toBe(0);
  });
});
