/** WAV files in and out of tests. */
import { readFileSync, writeFileSync } from 'node:fs';

import { wavHeader } from '../../src/audio/fileWriters.ts';
import type { PcmFormat } from '../../src/audio/format.ts';
import { concatBytes } from '../../src/audio/pcm.ts';
import { parseWav } from '../../src/audio/wav.ts';

/** The bare samples of a 16-bit WAV file. */
export function readWav(path: string): { pcm: Uint8Array; sampleRateHz: number; channels: number } {
  const { format, data, truncated } = parseWav(new Uint8Array(readFileSync(path)));
  if (truncated || format.encoding !== 'int' || format.bytesPerSample !== 2) {
    throw new Error(`${path} is no whole 16-bit WAV file`);
  }
  return { pcm: data, sampleRateHz: format.sampleRateHz, channels: format.channels };
}

export function writeWav(path: string, pcm: Uint8Array, format: PcmFormat): void {
  writeFileSync(path, concatBytes([wavHeader(format, pcm.byteLength), pcm]));
}
