/** `talk` in a room: what the loudspeaker plays comes back to the microphone, through PulseAudio. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import { EchoCanceller } from '../../src/audio/echo/canceller.ts';
import { floatFromS16 } from '../../src/audio/pcm.ts';
import { decodeSamples, parseWav } from '../../src/audio/wav.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { eventsIn, runCli } from '../support/cli.ts';
import { openLiveRoom, type LiveRoom } from '../support/liveRoom.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { startRecordingProxy, type RecordingProxy } from '../support/recordingProxy.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'audio-fixtures');
const STOP = floatFromS16(new Uint8Array(readFileSync(join(FIXTURES, 'stop.pcm'))));
const REAL_TIME = { retry: 2, timeout: 60_000 };
const COUNTS_MS = 10_000;

needsSound('talk on open speakers', () => {
  let sound: SoundServer;
  let live: LiveServer;
  let room: LiveRoom;
  let proxy: RecordingProxy;
  let terminal: Pty | undefined;

  beforeAll(async () => {
    [sound, live] = await Promise.all([startSoundServer(), startLiveServer()]);
    await live.engines;
    room = await openLiveRoom(sound, { delayMs: 20, couplingDb: -9 });
  });
  afterEach(async () => {
    await terminal?.close();
    await proxy?.close();
    terminal = undefined;
  });
  afterAll(async () => {
    await room?.close();
    await live?.close();
    await sound?.stop();
  });

  const interruptions = (): number =>
    proxy.fromServer.filter(({ message }) => message.serverContent?.interrupted).length;

  const counting = async (...args: string[]): Promise<Pty> => {
    proxy = await startRecordingProxy(live.url);
    terminal = openPty(
      ['talk', '--base-url', proxy.url, '--greet', 'count to one hundred', ...args],
      { environment: sound.environment },
    );
    await until('the answer', () => room.playing);
    return terminal;
  };

  it('does not interrupt itself, and is interrupted by the user', REAL_TIME, async () => {
    const one = await counting();
    await pause(COUNTS_MS);
    expect(interruptions()).toBe(0);
    room.say(STOP);
    await until('an interruption', () => interruptions() === 1);
    one.send('?');
    await one.until(/echo +cancelled: -\d+ dBFS, \d+ dB softer, \d+ ms late/);
    one.send('q');
    expect((await one.ended).code).toBe(0);
    const { stdout } = await runCli(['devices'], { env: sound.environment });
    expect(stdout).toMatch(
      /^echo\n {4}aec: .*\n {4}last talk, a moment ago \(parec, pacat\): -\d+ dBFS, \d+ dB softer/m,
    );
  });

  it('interrupts itself with --echo off', REAL_TIME, async () => {
    await counting('--echo', 'off');
    await until('an interruption', () => interruptions() > 0);
  });

  it('says as events what is done, and after an answer how well', REAL_TIME, async () => {
    const url = ['--base-url', live.url];
    const words = ['--greet', 'count to ten', '--max-duration', '11'];
    const env = { ...sound.environment, GEMINI_API_KEY: 'a-key' };
    const { stdout } = await runCli(['talk', '--json', ...url, ...words], { env });
    const events = eventsIn(stdout).filter(({ type }) => type === 'echo');
    expect(events[0]).toMatchObject({ mode: 'aec' });
    expect(events[1]).toMatchObject({
      mode: 'aec',
      echoDbfs: expect.any(Number),
      returnLossDb: expect.any(Number),
      nearSpeech: expect.any(Number),
    });
    expect(events[1]?.['returnLossDb']).toBeGreaterThan(10);
  });

  it(
    'keeps what the canceller was given, for whoever looks for its faults',
    REAL_TIME,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'gemlive-dump-'));
      const greeting = ['--base-url', live.url, '--greet', 'count to ten'];
      const talk = (dump: string, seconds: string): ReturnType<typeof runCli> =>
        runCli(['talk', '--json', ...greeting, '--max-duration', seconds], {
          env: { ...sound.environment, GEMINI_API_KEY: 'a-key', GEMLIVE_ECHO_DUMP: dump },
        });
      const { stdout } = await talk(folder, '8');
      expect(eventsIn(stdout).filter(({ type }) => type === 'warning')).toEqual([]);
      const [name] = readdirSync(folder);
      expect(name).toMatch(/^echo-\d+\.wav$/);
      const { format, data } = parseWav(readFileSync(join(folder, name!)));
      expect(format).toMatchObject({ sampleRateHz: 16_000, channels: 2 });
      const both = decodeSamples(data, format);
      const far = both.filter((_, i) => i % 2 === 0);
      const mic = both.filter((_, i) => i % 2 === 1);
      const canceller = new EchoCanceller();
      canceller.process(far, mic, mic);
      expect(canceller.statistics.returnLossDb).toBeGreaterThan(10);

      const { stdout: without } = await talk(join(folder, 'nothing'), '2');
      expect(eventsIn(without)).toContainEqual(
        expect.objectContaining({
          code: 'echo_canceller_failed',
          message: expect.stringContaining('cannot write'),
        }),
      );
      rmSync(folder, { recursive: true });
    },
  );

  it('hears nobody in its own answer with --echo gate', REAL_TIME, async () => {
    const one = await counting('--echo', 'gate');
    await pause(COUNTS_MS / 2);
    expect(interruptions()).toBe(0);
    one.send('?');
    await one.until(/echo +half-duplex/);
  });

  it('says once when too much of it is left, and what to do', REAL_TIME, async () => {
    await room.close();
    room = await openLiveRoom(sound, {
      delayMs: 20,
      couplingDb: 9,
      distortion: 4,
      reverberationMs: 900,
    });
    const env = { ...sound.environment, GEMINI_API_KEY: 'a-key' };
    const words = ['--greet', 'count to one hundred', '--no-interrupt', '--max-duration', '14'];
    const { stdout } = await runCli(['talk', '--json', '--base-url', live.url, ...words], { env });
    expect(eventsIn(stdout).filter(({ type }) => type === 'warning')).toMatchObject([
      { code: 'echo_loud', hint: expect.stringContaining('--headphones') },
    ]);
  });
});
