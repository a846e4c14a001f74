/** The thread of `flite-wasm` gets a sentence and returns its sound. It blocks while it speaks. */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { FliteMessage, FliteSentence, FliteStart } from './fliteThread.ts';
import { to24kHz, wholeOf } from './sound.ts';
import { runWasi } from './wasi.ts';

const { path, compiled }: FliteStart = workerData;
const module = compiled ?? new WebAssembly.Module(readFileSync(path));

const tell = (message: FliteMessage, moved: ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, moved);

parentPort?.on('message', ({ text, voice }: FliteSentence) => {
  speak(text, voice).then(
    (pcm) => tell({ pcm }, [pcm.buffer as ArrayBuffer]),
    (error: Error) => tell({ failure: error.message }),
  );
});
// Kept by the other side, for the thread that takes this one's place after an interruption.
if (compiled === undefined) tell({ compiled: module });

async function speak(text: string, voice: string): Promise<Uint8Array> {
  const args = ['flite', '-voice', voice, '-o', 'speech.wav', '-t', text];
  const { exitCode, file, printed } = runWasi(module, args);
  if (exitCode !== 0) throw new Error(`flite-wasm ended with ${exitCode}: ${printed.trim()}`);
  return wholeOf(to24kHz(once(file)));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
