/** Who stops a reply: coughs, claps and doors during answers, and words over them; against the local Live server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { BYTES_PER_SAMPLE } from '../../../src/audio/format.ts';
import { concatBytes } from '../../../src/audio/pcm.ts';
import { startLiveServer } from '../../../src/server/server.ts';
import { burst, type BurstKind } from '../../support/bursts.ts';
import { openPty, type Pty } from '../../support/pty.ts';
import {
  framesIn,
  startRecordingProxy,
  type RecordingProxy,
} from '../../support/recordingProxy.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { spoken } from '../../support/spoken.ts';
import { until } from '../../support/until.ts';
import { writeWav } from '../../support/wav.ts';
import { missingSyllable } from '../firstSyllable.ts';
import { openMicEar } from './micEar.ts';

const KINDS: readonly BurstKind[] = ['cough', 'clap', 'slam'];
const VOICES = ['rms', 'slt', 'awb'];
const WORDS = [
  'stop',
  'wait a moment',
  'no',
  'hold on please',
  'six seven eight',
  'shut up',
  'what is that',
];

export type Interruptions = {
  bursts: number;
  /** Answers that a burst has stopped. */
  lost: number;
  words: number;
  stopped: number;
  /** Words whose first syllable was on the wire. */
  whole: number;
  /** From the first sound of the word at the microphone to the server's word. */
  toInterruptedMs: number[];
};

export async function measureInterruptions(
  sound: SoundServer,
  times: number,
): Promise<Interruptions> {
  const live = await startLiveServer({ goAwaySeconds: 86_400 });
  await live.engines;
  const proxy = await startRecordingProxy(live.url);
  const keptIn = mkdtempSync(join(tmpdir(), 'bench-interruptions-'));
  const terminal = openPty(['talk', '--base-url', proxy.url], {
    environment: { ...sound.environment, GEMLIVE_ECHO_DUMP: keptIn },
  });
  const result: Interruptions = {
    bursts: 0,
    lost: 0,
    words: 0,
    stopped: 0,
    whole: 0,
    toInterruptedMs: [],
  };
  try {
    await terminal.until(/listening/);
    await disturb(sound, terminal, proxy, times, result);
    await speakOver(sound, terminal, proxy, times, result, keptIn);
  } finally {
    terminal.send('q');
    await Promise.race([terminal.ended, pause(3000)]);
    await terminal.close();
    await proxy.close();
    await live.close();
    if (result.whole === result.words) rmSync(keptIn, { recursive: true });
    else process.stderr.write(`what the canceller was given: ${keptIn}\n`);
  }
  return result;
}

const interruptions = (proxy: RecordingProxy): number =>
  proxy.fromServer.filter(({ message }) => message.serverContent?.interrupted).length;

/** Speaking, and for some seconds more. */
async function makeItCount(terminal: Pty): Promise<void> {
  terminal.mark();
  terminal.send('\r');
  await terminal.until(/› /);
  terminal.mark();
  terminal.send('count to one hundred\r');
  await terminal.until(/speaking/);
  await pause(800);
}

async function disturb(
  sound: SoundServer,
  terminal: Pty,
  proxy: RecordingProxy,
  times: number,
  result: Interruptions,
): Promise<void> {
  const PER_ANSWER = 20;
  for (let i = 0; i < times; i++) {
    if (i % PER_ANSWER === 0) await makeItCount(terminal);
    const before = interruptions(proxy);
    await sound.playIntoMic(burst(KINDS[i % KINDS.length]!, i));
    await pause(500);
    result.bursts++;
    if (interruptions(proxy) === before) continue;
    result.lost++;
    await makeItCount(terminal);
  }
}

async function speakOver(
  sound: SoundServer,
  terminal: Pty,
  proxy: RecordingProxy,
  times: number,
  result: Interruptions,
  keptIn: string,
): Promise<void> {
  const ear = await openMicEar(sound);
  for (let i = 0; i < times; i++) {
    await makeItCount(terminal);
    const before = interruptions(proxy);
    const word = spoken(VOICES[i % VOICES.length]!, WORDS[i % WORDS.length]!);
    const from = proxy.fromClient.length;
    const saidMs = performance.now();
    ear.take();
    await sound.playIntoMic(word);
    result.words++;
    const stopped = await until(
      'it is interrupted',
      () => interruptions(proxy) > before,
      3000,
    ).then(
      () => true,
      () => false,
    );
    if (stopped) {
      result.stopped++;
      const atMs = proxy.fromServer.findLast(({ message }) => message.serverContent?.interrupted);
      result.toInterruptedMs.push((atMs?.atMs ?? Number.NaN) - saidMs);
    }
    await pause(300);
    const frames = framesIn(proxy.fromClient.slice(from)).map(({ pcm }) => pcm);
    // As the microphone gave it: on a busy machine the sound server leaves holes in a word.
    const missing = missingSyllable(withoutSilence(ear.take()), frames);
    if (missing === undefined) result.whole++;
    else {
      const said = `${VOICES[i % VOICES.length]}: ${WORDS[i % WORDS.length]}`;
      const file = join(keptIn, `wire-${i}.wav`);
      writeWav(file, concatBytes(frames), { sampleRateHz: 16_000, channels: 1 });
      console.log(`not on the wire as it was said: ${said} (${missing}); ${file}`);
    }
    // The answer to the word itself.
    await pause(1500);
  }
  await ear.close();
}

function withoutSilence(pcm: Uint8Array): Uint8Array {
  const first = pcm.findIndex((byte) => byte !== 0);
  return pcm.subarray(
    first - (first % BYTES_PER_SAMPLE),
    pcm.findLastIndex((byte) => byte !== 0) + 1,
  );
}
