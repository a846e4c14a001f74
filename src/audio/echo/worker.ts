/** The canceller on a thread of its own: 20 ms of reference and microphone in, as much without echo out. */
import { parentPort, workerData } from 'node:worker_threads';

import { energyOf, floatFromS16, s16FromFloat } from '../pcm.ts';
import { EchoCanceller } from './canceller.ts';
import type { WorkerOptions } from './echoFree.ts';
import { EchoGate } from './gate.ts';
import { EchoRecording } from './recording.ts';

/** How often the main thread is told how well it does, in pieces. */
const TELL_EVERY = 25;
/** Of the mean square of a piece: what plays can be heard. */
const AUDIBLE = 1e-7;
/** An echo comes late, and dies away. */
const TAIL_PIECES = 30;
/** As {@link EchoCanceller.near}: less than this is nobody. */
const SOMEBODY = 0.65;

const { how, dumpFolder }: WorkerOptions = workerData;
const canceller = how === 'gate' ? undefined : new EchoCanceller();
const echo = canceller ?? new EchoGate();
const recording = dumpFolder === undefined ? undefined : new EchoRecording(dumpFolder);
let pieces = 0;
let tail = 0;

parentPort?.on('message', ({ far, mic }: { far: Float32Array; mic: Uint8Array }) => {
  const sound = floatFromS16(mic);
  tail = energyOf(far) > AUDIBLE * far.length ? TAIL_PIECES : Math.max(0, tail - 1);
  recording?.write(far, mic);
  echo.process(far, sound, sound);
  const isEcho = tail > 0 && (canceller?.near ?? 1) < SOMEBODY;
  pieces++;
  const statistics = pieces % TELL_EVERY === 0 ? canceller?.statistics : undefined;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage({ pcm: s16FromFloat(sound), isEcho, statistics });
});
