/** Who stops a reply: coughs, claps and doors during answers, and words over them; against the local Live server. */
import { setTimeout as pause } from 'node:timers/promises';

import { concatBytes, floatFromS16, s16FromFloat } from '../../../src/audio/pcm.ts';
import { startLiveServer } from '../../../src/server/server.ts';
import { burst, type BurstKind } from '../../support/bursts.ts';
import { openPty, type Pty } from '../../support/pty.ts';
import {
  framesIn,
  startRecordingProxy,
  type RecordingProxy,
} from '../../support/recordingProxy.ts';
import { matchBlocks } from '../../support/signal.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { spoken } from '../../support/spoken.ts';
import { until } from '../../support/until.ts';

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
/** Blocks of 100 ms from the onset that must be on the wire. */
const FIRST_SYLLABLE_BLOCKS = 2;

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
  const terminal = openPty(['talk', '--base-url', proxy.url], { environment: sound.environment });
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
    await speakOver(sound, terminal, proxy, times, result);
  } finally {
    terminal.send('q');
    await Promise.race([terminal.ended, pause(3000)]);
    await terminal.close();
    await proxy.close();
    await live.close();
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
): Promise<void> {
  for (let i = 0; i < times; i++) {
    await makeItCount(terminal);
    const before = interruptions(proxy);
    const word = spoken(VOICES[i % VOICES.length]!, WORDS[i % WORDS.length]!);
    const from = proxy.fromClient.length;
    const saidMs = performance.now();
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
    const onWire = smoothed(concatBytes(frames));
    const blocks = matchBlocks(smoothed(word), onWire, { rateHz: 16_000, silentBelow: 0.005 });
    const first = blocks.slice(0, FIRST_SYLLABLE_BLOCKS);
    if (first.length > 0 && first.every(({ correlation }) => correlation > 0.9)) result.whole++;
    else {
      const said = `${VOICES[i % VOICES.length]}: ${WORDS[i % WORDS.length]}`;
      const found = first.map(({ correlation }) => correlation.toFixed(2)).join(' ');
      console.log(`not on the wire as it was said: ${said} (correlation ${found})`);
    }
    // The answer to the word itself.
    await pause(1500);
  }
}

/**
 * Without its highest tones: the sound server's resampler shifts by a part of a sample, and half a sample is
 * a fifth of a period of "s", which then looks like another sound.
 */
function smoothed(pcm: Uint8Array): Uint8Array {
  const samples = floatFromS16(pcm);
  const mean = (_sample: number, i: number): number =>
    (samples[i]! + (samples[i - 1] ?? 0) + (samples[i - 2] ?? 0) + (samples[i - 3] ?? 0)) / 4;
  return s16FromFloat(samples.map(mean));
}
