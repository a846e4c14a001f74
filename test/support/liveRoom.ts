/**
 * A room on a sound server of the tests: what the loudspeaker plays comes back to the microphone, through
 * distortion and reverberation, with the user's words and noise on top. Loudspeaker and microphone go by one
 * clock, as those of a laptop do, and nothing is lost on the way: the microphone is a pipe that gets one sample for
 * each that was played. (PulseAudio's module-loopback resamples to hold its latency: no room does that.)
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { concatBytes, floatFromS16, s16FromFloat, SampleAligner } from '../../src/audio/pcm.ts';
import { createResampler } from '../../src/audio/resample.ts';
import { startProcess } from '../../src/audio/subprocess.ts';
import { StreamingConvolver } from '../bench/echo/convolver.ts';
import { response, throughSpeaker } from '../bench/echo/room.ts';
import { fromDb, gauss, powerOf, randomOf } from '../bench/echo/signal.ts';
import { pactl } from './pactl.ts';
import type { SoundServer } from './soundServer.ts';

const SPEAKER_RATE_HZ = 24_000;
const MIC_RATE_HZ = 16_000;
/** Mean square of what the loudspeaker plays. */
const AUDIBLE = 1e-6;

export type LiveRoomOptions = {
  name?: string;
  delayMs: number;
  /** Echo at the microphone over what the loudspeaker plays; undefined: none. */
  couplingDb?: number;
  /** Default 300. */
  reverberationMs?: number;
  /** Default 0.5. */
  distortion?: number;
  /** Default -66. */
  noiseDbfs?: number;
  seed?: number;
};

/** In step, from the first sample on. `near`: the user's part of `microphone`. 16 kHz; `pcm` is `speaker` as it was. */
export type Heard = {
  speaker: Float32Array;
  microphone: Float32Array;
  near: Float32Array;
  pcm: Uint8Array;
};

export type LiveRoom = {
  /** The user or a noise, from the next sample on; 16 kHz. The result is the sample that it begins at. */
  say(sound: Float32Array): number;
  /** The loudspeaker has sounded within the last second. */
  readonly playing: boolean;
  /** How many samples there were at a time of `performance.now()`. */
  samplesAt(atMs: number): number;
  /** How long the loudspeaker has sounded, all in all. */
  readonly playedMs: number;
  heard(): Heard;
  /** What it has played since that sample. To join all of a long session takes a second, in which the room stands still. */
  speakerFrom(sample: number): Float32Array;
  close(): Promise<void>;
};

export async function openLiveRoom(
  sound: SoundServer,
  options: LiveRoomOptions,
): Promise<LiveRoom> {
  const { delayMs, couplingDb, reverberationMs = 300, distortion = 0.5 } = options;
  const { noiseDbfs = -66, seed = 1 } = options;
  const pipe = join(sound.environment['XDG_RUNTIME_DIR']!, `room-${performance.now()}`);
  const source = `module-pipe-source source_name=room file=${pipe} format=s16le channels=1`;
  const rate = `rate=${MIC_RATE_HZ}`;
  const module = await pactl(sound, 'load-module', ...source.split(' '), rate);
  await pactl(sound, 'set-default-source', 'room');
  const out = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const path = response(seed, delayMs, reverberationMs);
  const energy = Math.sqrt(path.length * powerOf(path));
  const gain = couplingDb === undefined ? 0 : fromDb(couplingDb) / energy;
  const convolver = new StreamingConvolver(path.map((sample) => sample * gain));
  const distort = throughSpeaker(distortion);
  const resampler = await createResampler(SPEAKER_RATE_HZ, MIC_RATE_HZ);
  const random = randomOf(seed + 9);
  const hiss = fromDb(noiseDbfs);
  const parts: Heard[] = [];
  const times: { atMs: number; samples: number }[] = [];
  let samples = 0;
  let playedSamples = 0;
  let soundedAt = Number.NEGATIVE_INFINITY;
  let said: Float32Array = new Float32Array(0);
  const aligner = new SampleAligner();
  const recorder = startProcess({
    command: 'parec',
    args: [
      ...`--device=speaker.monitor --format=s16le --rate=${SPEAKER_RATE_HZ} --channels=1`.split(
        ' ',
      ),
      '--latency-msec=5',
      '--process-time-msec=5',
    ],
    stdout: 'pipe',
    environment: sound.environment,
  });
  // A microphone that nobody listens to keeps two seconds, and whoever listens next would hear the past.
  const listener = startProcess({
    command: 'parec',
    args: ['--device=room', '--latency-msec=200', '--format=s16le', '--channels=1', `--${rate}`],
    stdout: 'ignore',
    environment: sound.environment,
  });
  recorder.stdout?.on('data', (chunk: Uint8Array) => {
    const pcm = aligner.push(chunk);
    const speaker = resampler.push(floatFromS16(pcm));
    const near = new Float32Array(speaker.length);
    near.set(said.subarray(0, near.length));
    said = said.subarray(near.length);
    const heard = convolver.push(speaker.map(distort));
    const noisy = heard.map((sample, i) => sample + near[i]! + hiss * gauss(random));
    const microphone = s16FromFloat(noisy);
    // Should the sound server not read it, it is full after two seconds.
    try {
      writeSync(out, microphone);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    parts.push({ speaker, near, pcm, microphone: floatFromS16(microphone) });
    samples += speaker.length;
    playedSamples += speaker.reduce((sum, sample) => sum + (sample === 0 ? 0 : 1), 0);
    times.push({ atMs: performance.now(), samples });
    if (powerOf(speaker) > AUDIBLE) soundedAt = samples;
  });
  return {
    say: (words) => {
      const mixed = new Float32Array(Math.max(said.length, words.length));
      mixed.set(said);
      for (let i = 0; i < words.length; i++) mixed[i] = mixed[i]! + words[i]!;
      said = mixed;
      return samples;
    },
    get playing() {
      return samples - soundedAt < MIC_RATE_HZ;
    },
    get playedMs() {
      return (playedSamples / MIC_RATE_HZ) * 1000;
    },
    samplesAt: (atMs) => times.findLast((time) => time.atMs <= atMs)?.samples ?? 0,
    heard: () => ({
      speaker: joined(parts.map((part) => part.speaker)),
      microphone: joined(parts.map((part) => part.microphone)),
      near: joined(parts.map((part) => part.near)),
      pcm: concatBytes(parts.map((part) => part.pcm)),
    }),
    speakerFrom: (sample) => {
      let first = parts.length;
      let start = samples;
      while (first > 0 && start > sample) start -= parts[--first]!.speaker.length;
      return joined(parts.slice(first).map(({ speaker }) => speaker)).subarray(sample - start);
    },
    close: async () => {
      recorder.kill();
      listener.kill();
      await Promise.all([recorder.closed, listener.closed]);
      resampler.close();
      closeSync(out);
      await pactl(sound, 'unload-module', module).catch(() => {});
    },
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
