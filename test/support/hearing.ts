/** Sounds that can be told apart again, and when the speaker sounded what. 24 kHz mono s16le. */
import { bytesOfMs, msOfBytes, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { floatFromS16, s16FromFloat } from '../../src/audio/pcm.ts';
import { loudest } from './signal.ts';
import type { SpeakerRecording } from './soundServer.ts';

const RATE_HZ = OUTPUT_FORMAT.sampleRateHz;
/** As a share of full scale: below it nothing is heard. */
const SILENCE = 0.003;

const wave = (ms: number, cyclesAt: (seconds: number) => number): Uint8Array =>
  s16FromFloat(
    Float32Array.from({ length: (RATE_HZ / 1000) * ms }, (_, index) => {
      return 0.3 * Math.sin(2 * Math.PI * cyclesAt(index / RATE_HZ));
    }),
  );

export const tone = (ms: number, hz: number): Uint8Array => wave(ms, (seconds) => seconds * hz);

/** Rises from 1 to 3 kHz: no block of it is like another. */
export const sweep = (ms: number): Uint8Array =>
  wave(ms, (seconds) => 1000 * seconds + (2000 * seconds * seconds) / (2 * (ms / 1000)));

/** The highest share of full scale that `hz` has in any 20 ms of `pcm`: Goertzel with a Hann window. */
export function toneLevel(pcm: Uint8Array, hz: number): number {
  const samples = floatFromS16(pcm);
  const size = RATE_HZ / 50;
  const step = 2 * Math.cos((2 * Math.PI * hz) / RATE_HZ);
  let max = 0;
  for (let at = 0; at + size <= samples.length; at += size) {
    let before = 0;
    let last = 0;
    for (let i = 0; i < size; i++) {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size);
      const next = (samples[at + i] ?? 0) * window + step * last - before;
      before = last;
      last = next;
    }
    const power = last * last + before * before - step * last * before;
    max = Math.max(max, (4 * Math.sqrt(Math.max(0, power))) / size);
  }
  return max;
}

export const between = (pcm: Uint8Array, fromMs: number, toMs: number): Uint8Array =>
  pcm.subarray(bytesOfMs(OUTPUT_FORMAT, Math.max(0, fromMs)), bytesOfMs(OUTPUT_FORMAT, toMs));

export const lengthMs = (pcm: Uint8Array): number => msOfBytes(OUTPUT_FORMAT, pcm.byteLength);

/** Is there sound in the last `ms` of what was heard so far? */
export function soundsIn(pcm: Uint8Array, ms: number): boolean {
  return loudest(between(pcm, lengthMs(pcm) - ms, lengthMs(pcm)), RATE_HZ) > SILENCE;
}

/** Where the last sound before `toMs` ends, to 1 ms; 0 when there is none. */
export function lastSoundMs(pcm: Uint8Array, toMs: number): number {
  const samples = floatFromS16(between(pcm, 0, toMs));
  for (let at = samples.length - 1; at >= 0; at--) {
    if (Math.abs(samples[at] ?? 0) > SILENCE) return ((at + 1) / RATE_HZ) * 1000;
  }
  return 0;
}

/**
 * The place in the recording, in milliseconds, that the speaker had reached at `performance.now()` times:
 * a piece begins to sound when it arrives, half of the pieces earlier, half of them later. The monitor of
 * a sink shows sound when it is rendered; what a real device adds is not in it.
 */
export function placeInRecording({ chunks }: SpeakerRecording): (atMs: number) => number {
  let startMs = 0;
  const offsets: number[] = [];
  for (const { atMs, pcm } of chunks) {
    offsets.push(atMs - startMs);
    startMs += lengthMs(pcm);
  }
  const offset = median(offsets);
  return (atMs) => atMs - offset;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
