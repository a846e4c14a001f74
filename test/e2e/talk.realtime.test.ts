/**
 * `talk` as its user has it: in a terminal, on a sound server, a voice in the microphone, and what comes
 * out of the loudspeaker. Against the local Live server, with a proxy between that keeps what was sent.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import { floatFromS16, s16FromFloat } from '../../src/audio/pcm.ts';
import { createResampler } from '../../src/audio/resample.ts';
import { findPocketsphinx } from '../../src/server/engines/pocketsphinx.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import {
  between,
  lastSoundMs,
  lengthMs,
  median,
  placeInRecording,
  soundsIn,
} from '../support/hearing.ts';
import { hasProgram } from '../support/programs.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { soundIn, startRecordingProxy, type RecordingProxy } from '../support/recordingProxy.ts';
import { loudest, matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const RATE_HZ = 24_000;
/** A machine that is busy beyond its cores has gaps that are real; a fault of ours is there every time. */
const REAL_TIME = { retry: 2, timeout: 60_000 };
const fixture = (name: string): Uint8Array =>
  readFileSync(join(import.meta.dirname, '..', '..', 'audio-fixtures', name));
const question = fixture('question.pcm');
const count = fixture('count.pcm');
const stop = fixture('stop.pcm');

/** Every block there, in order, at one lag. Says what was measured. */
function expectHeard(what: string, sent: Uint8Array, heard: Uint8Array): number {
  const blocks = matchBlocks(sent, heard, { rateHz: RATE_HZ });
  const lags = blocks.map(({ lagMs }) => lagMs);
  const worst = Math.min(...blocks.map(({ correlation }) => correlation));
  const spreadMs = Math.max(...lags) - Math.min(...lags);
  console.log(
    `${what}: ${blocks.length} blocks of 100 ms, worst correlation ${worst.toFixed(4)}, lag spread ${spreadMs.toFixed(2)} ms`,
  );
  expect(blocks.length).toBeGreaterThan(3);
  expect(worst).toBeGreaterThanOrEqual(0.9);
  expect(spreadMs / 2).toBeLessThanOrEqual(2);
  return lags[0] ?? 0;
}

async function understood(pcm24k: Uint8Array): Promise<string | undefined> {
  const ears = await findPocketsphinx(undefined, new AbortController().signal);
  if (!ears) return undefined;
  const resampler = await createResampler(RATE_HZ, 16_000);
  const pcm = s16FromFloat(resampler.push(floatFromS16(pcm24k)));
  resampler.close();
  return ears.transcribe(pcm, new AbortController().signal);
}

needsSound('talk on a sound server', () => {
  let sound: SoundServer;
  let live: LiveServer;
  let proxy: RecordingProxy;
  let pty: Pty | undefined;
  /** The answer to question.pcm, as the server sent it: a voice says the same words the same way. */
  let answer: Uint8Array | undefined;

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

  const talk = async (...args: string[]): Promise<Pty> => {
    proxy = await startRecordingProxy(live.url);
    pty = openPty(['talk', '--headphones', '--base-url', proxy.url, ...args], {
      environment: sound.environment,
    });
    await pty.until(/● listening/);
    return pty;
  };
  const turnsOver = (): number =>
    proxy.fromServer.filter(({ message }) => message.serverContent?.turnComplete).length;
  const leave = async (terminal: Pty): Promise<void> => {
    terminal.send('q');
    expect((await terminal.ended).code).toBe(0);
  };

  it(
    'a spoken question is answered: every block is heard as it was sent, and understood',
    REAL_TIME,
    async () => {
      const terminal = await talk();
      const recording = await sound.recordSpeaker();
      terminal.mark();
      await sound.playIntoMic(question);
      await until('the turn is over', () => turnsOver() === 1);
      await terminal.until(/● listening[^●]*$/);
      await until('it is silent', () => !soundsIn(recording.soFar(), 300));
      await leave(terminal);
      const { pcm } = await recording.stop();
      answer = soundIn(proxy.fromServer);
      expectHeard('talk', answer, pcm);
      for (const shown of [
        'hearing you',
        'thinking',
        'speaking',
        'what is twelve times twelve',
        '12 times 12 is 144.',
      ])
        if (hasProgram('pocketsphinx_continuous')) expect(terminal.output()).toContain(shown);
      const words = await understood(pcm);
      console.log(`pocketsphinx hears from the speaker: ${words}`);
      if (words !== undefined) expect(words).toMatch(/hundred.*forty.*four/);
    },
  );

  it('the same with the server in the process: talk --local', REAL_TIME, async () => {
    pty = openPty(['talk', '--headphones', '--local'], { environment: sound.environment });
    await pty.until(/● listening/);
    const recording = await sound.recordSpeaker();
    await sound.playIntoMic(question);
    await until('it sounds', () => soundsIn(recording.soFar(), 100));
    pty.mark();
    await pty.until(/● listening[^●]*$/);
    await until('it is silent', () => !soundsIn(recording.soFar(), 300));
    await leave(pty);
    const { pcm } = await recording.stop();
    if (!answer)
      throw new Error('there is nothing to compare with: the test before this one failed');
    expectHeard('talk --local', answer, pcm);
    const words = await understood(pcm);
    if (words !== undefined) expect(words).toMatch(/hundred.*forty.*four/);
  });

  it(
    'a second utterance stops a long answer, and nothing of it sounds later',
    REAL_TIME,
    async () => {
      const terminal = await talk();
      const recording = await sound.recordSpeaker();
      const says = [count, count, count, stop];
      for (const [index, utterance] of says.entries()) {
        const before = proxy.fromServer.length;
        await sound.playIntoMic(utterance);
        const sent = (): Uint8Array => soundIn(proxy.fromServer.slice(before));
        if (index > 0) await until('interrupted', () => interruptions().length === index);
        await until('the answer sounds', () => {
          const [last] = interruptions().slice(-1);
          const answered = proxy.fromServer.filter(({ atMs }) => atMs > (last?.atMs ?? 0));
          return soundIn(answered).byteLength > 48_000 && sent().byteLength > 0;
        });
        await until('it is heard', () => soundsIn(recording.soFar(), 60));
      }
      function interruptions() {
        return proxy.fromServer.filter(({ message }) => message.serverContent?.interrupted);
      }
      await until('the last turn is over', () => turnsOver() === says.length);
      await until('it is silent', () => !soundsIn(recording.soFar(), 300));
      await leave(terminal);
      const recorded = await recording.stop();
      const { pcm } = recorded;
      const placeOf = placeInRecording(recorded);
      const silences = interruptions().map(({ atMs }, index, all) => {
        const endMs = all[index + 1]?.atMs ?? Infinity;
        const sent = soundIn(
          proxy.fromServer.filter((passed) => passed.atMs > atMs && passed.atMs < endMs),
        );
        const saidAtMs = placeOf(atMs);
        // The next answer, and what is heard between the word of the server and that answer.
        const first = between(sent, 0, 600);
        const heard = between(pcm, saidAtMs, lengthMs(pcm));
        const beginsMs = saidAtMs + expectHeard('after an interruption', first, heard);
        const lastMs = lastSoundMs(pcm, beginsMs - 5);
        expect(loudest(between(pcm, saidAtMs + 500, beginsMs - 20), RATE_HZ)).toBeLessThan(0.003);
        if (index === all.length - 1) expectHeard('the last answer', sent, heard);
        return lastMs - saidAtMs;
      });
      console.log(
        `interrupted on the wire → last sound at the speaker: median ${median(silences).toFixed(0)} ms (${silences.map((ms) => ms.toFixed(0)).join(', ')})`,
      );
      expect(Math.max(...silences)).toBeLessThan(500);
      expect(terminal.output()).toMatch(/gemini .*\d,?—/);
    },
  );
});
