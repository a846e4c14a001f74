/** The canceller on a thread of its own: 20 ms of reference and microphone in, as much without echo out. */
import { parentPort, workerData } from 'node:worker_threads';

import type { WorkerOptions } from './echoFree.ts';
import { EchoProcessor } from './processor.ts';
import { EchoRecording } from './recording.ts';

const { how, dumpFolder }: WorkerOptions = workerData;
const processor = new EchoProcessor(how);
const recording = dumpFolder === undefined ? undefined : new EchoRecording(dumpFolder);

parentPort?.on('message', ({ far, mic }: { far: Float32Array; mic: Uint8Array }) => {
  recording?.write(far, mic);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(processor.process(far, mic));
});
