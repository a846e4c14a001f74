/** When the microphone is on the wire at all: push to talk, speech marked here, an idle microphone. On real sound. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import { concatBytes } from '../../src/audio/pcm.ts';
import type { ClientMessage } from '../../src/protocol/messages.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { framesIn, startRecordingProxy, type RecordingProxy } from '../support/recordingProxy.ts';
import { matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const question = readFileSync(
  join(import.meta.dirname, '..', '..', 'audio-fixtures', 'question.pcm'),
);
const REAL_TIME = { retry: 2, timeout: 60_000 };
const MIC_RATE_HZ = 16_000;
const BYTES_PER_MS = 32;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

needsSound('the microphone on the wire', () => {
  let sound: SoundServer;
  let live: LiveServer;
  let proxy: RecordingProxy;
  let pty: Pty | undefined;

  beforeAll(async () => {
    [sound, live] = await Promise.all([startSoundServer(), startLiveServer()]);
    await live.engines;
  });
  afterEach(async () => {
    await pty?.close();
    await proxy?.close();
  });
  afterAll(async () => {
    await live?.close();
    await sound?.stop();
  });

  const open = async (...args: string[]): Promise<Pty> => {
    proxy = await startRecordingProxy(live.url);
    pty = openPty(['talk', '--base-url', proxy.url, ...args], { environment: sound.environment });
    return pty;
  };
  const sent = (from = 0): Uint8Array =>
    concatBytes(framesIn(proxy.fromClient.slice(from)).map(({ pcm }) => pcm));
  /** `start`, `audio`, `end`: what was sent, runs of the same in one. */
  const kinds = (): string[] => {
    const kindOf = (message: ClientMessage): string[] => {
      const input = 'realtimeInput' in message ? Object.keys(message.realtimeInput)[0] : undefined;
      return input === undefined ? [] : [input];
    };
    const all = proxy.fromClient.flatMap(({ message }) => kindOf(message));
    return all.filter((kind, i) => kind !== all[i - 1]);
  };
  const isAnswered = (): Promise<void> =>
    until('an answer', () =>
      proxy.fromServer.some(({ message }) => message.serverContent?.turnComplete),
    );
  const expectWhole = (pcm: Uint8Array): void => {
    const blocks = matchBlocks(question, pcm, { rateHz: MIC_RATE_HZ, silentBelow: 0.01 });
    expect(Math.min(...blocks.map(({ correlation }) => correlation))).toBeGreaterThan(0.9); // its offset is removed, which turns the phase of what is low
  };
  const leave = async (terminal: Pty): Promise<void> => {
    terminal.send('q');
    expect((await terminal.ended).code).toBe(0);
  };

  it(
    '--ptt: nothing but what is said between two taps of Space, with a little before and after',
    REAL_TIME,
    async () => {
      const terminal = await open('--ptt');
      await terminal.until(/Space/);
      await pause(600);
      expect(kinds()).toEqual([]);
      const spoken = sound.playIntoMic(question);
      // The finger is later than the voice.
      await pause(150);
      terminal.send(' ');
      await spoken;
      terminal.send(' ');
      await isAnswered();
      expect(kinds()).toEqual(['activityStart', 'audio', 'activityEnd']);
      expectWhole(sent());
      const before = proxy.fromClient.length;
      await pause(600);
      expect(proxy.fromClient.length).toBe(before);
      await leave(terminal);
    },
  );

  it('--vad manual: what is speech is marked and sent, and nothing else', REAL_TIME, async () => {
    const terminal = await open('--vad', 'manual');
    await terminal.until(/● listening/);
    await pause(600);
    expect(kinds()).toEqual([]);
    await sound.playIntoMic(question);
    await isAnswered();
    expect(kinds()).toEqual(['activityStart', 'audio', 'activityEnd']);
    expectWhole(sent());
    const spokenMs = question.byteLength / BYTES_PER_MS;
    expect(sent().byteLength / BYTES_PER_MS).toBeLessThan(spokenMs + 1200);
    await leave(terminal);
  });

  it(
    '--idle-timeout: nothing goes out after it, until there is speech, which is whole',
    REAL_TIME,
    async () => {
      const terminal = await open('--idle-timeout', '2');
      await terminal.until(/nothing was said for a while/);
      await terminal.until(/● paused/);
      const before = proxy.fromClient.length;
      await pause(800);
      expect(proxy.fromClient.length).toBe(before);
      await sound.playIntoMic(question);
      await isAnswered();
      expectWhole(sent(before));
      await leave(terminal);
    },
  );

  it('unmuted in the middle of a word: the word is there', REAL_TIME, async () => {
    const terminal = await open('--mute');
    await terminal.until(/● muted/);
    const spoken = sound.playIntoMic(question);
    await pause(200);
    terminal.send('m');
    await spoken;
    await isAnswered();
    expectWhole(sent());
    await leave(terminal);
  });
});
