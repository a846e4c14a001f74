/** A WAV file that gemlive has written: valid for our reader, and for soxi where that is. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { parseWav } from '../../src/audio/wav.ts';
import { hasProgram } from './programs.ts';

const HEADER_BYTES = 44;

/** Returns how many bytes of sound it holds. */
export function expectValidReply(path: string): number {
  const bytes = readFileSync(path);
  if (bytes.byteLength === HEADER_BYTES) {
    // Nothing has come yet: to our reader that is no recording, but the header must say so.
    expect([bytes.readUInt32LE(4), bytes.readUInt32LE(40)]).toEqual([HEADER_BYTES - 8, 0]);
    return 0;
  }
  const { format, data, truncated } = parseWav(bytes);
  expect(format).toMatchObject({ ...OUTPUT_FORMAT, bytesPerSample: 2 });
  expect([truncated, data.byteLength % 2]).toEqual([false, 0]);
  if (hasProgram('soxi')) {
    const { status, stdout, stderr } = spawnSync('soxi', ['-s', path], { encoding: 'utf8' });
    expect([status, stderr, Number(stdout)]).toEqual([0, '', data.byteLength / 2]);
  }
  return data.byteLength;
}
