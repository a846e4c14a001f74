import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openSoundFile, PcmFileWriter, WavFileWriter } from '../../src/audio/fileWriters.ts';
import { OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes } from '../../src/audio/pcm.ts';
import { parseWav } from '../../src/audio/wav.ts';
import { GemliveError } from '../../src/errors.ts';
import { buildModule } from '../support/builtModule.ts';

let folder: string;
let built: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-writers-'));
  built = buildModule('src/audio/fileWriters.ts', folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function failureOf(work: () => unknown): GemliveError {
  try {
    work();
  } catch (error) {
    if (error instanceof GemliveError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** A plain copy: vitest tells Buffer and Uint8Array apart. */
function soundOf(path: string): Uint8Array {
  return new Uint8Array(parseWav(readFileSync(path)).data);
}

const part = Uint8Array.from({ length: 960 }, (_, i) => i % 251);

describe('WavFileWriter', () => {
  it('is valid after each write, with the data as the last chunk', () => {
    const path = join(folder, 'steps.wav');
    const writer = new WavFileWriter(path, OUTPUT_FORMAT);
    for (let n = 1; n <= 5; n++) {
      writer.write(part);
      const bytes = readFileSync(path);
      expect(bytes.byteLength).toBe(44 + n * part.byteLength);
      const { format, data, truncated } = parseWav(bytes);
      expect(format).toMatchObject({ sampleRateHz: 24_000, channels: 1, bytesPerSample: 2 });
      expect(data.byteLength).toBe(n * part.byteLength);
      expect(bytes.readUInt32LE(4)).toBe(bytes.byteLength - 8);
      expect(truncated).toBe(false);
    }
    writer.close();
    writer.close();
    expect(soundOf(path)).toEqual(concatBytes([part, part, part, part, part]));
  });

  it('is valid when the process is killed at any moment', async () => {
    for (let round = 0; round < 8; round++) {
      const path = join(folder, `killed-${round}.wav`);
      const child = spawn(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          `import { WavFileWriter } from ${JSON.stringify(built)};
           const writer = new WavFileWriter(${JSON.stringify(path)}, { sampleRateHz: 24000, channels: 1 });
           const write = () => writer.write(new Uint8Array(958).fill(7));
           write();
           console.log('writing');
           for (;;) write();`,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, 3 + round * 4));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const bytes = readFileSync(path);
      const { data, truncated } = parseWav(bytes);
      expect(truncated).toBe(false);
      // What the header counts is there; at most the last write is not counted yet.
      expect(bytes.byteLength - 44 - data.byteLength).toBeLessThanOrEqual(958);
      expect(data.every((byte) => byte === 7)).toBe(true);
    }
  });

  it.skipIf(process.platform === 'win32')('keeps what fitted when there is no more room', () => {
    const path = join(folder, 'full.wav');
    // 16 blocks of 512 bytes are all that the shell lets this process write into one file.
    const script = `import { WavFileWriter } from ${JSON.stringify(built)};
      const writer = new WavFileWriter(${JSON.stringify(path)}, { sampleRateHz: 24000, channels: 1 });
      try { for (;;) writer.write(new Uint8Array(958).fill(7)); }
      catch (error) { console.log(JSON.stringify({ code: error.code, exit: error.exitCode, hint: error.hint })); }
      try { writer.write(new Uint8Array(2)); } catch (error) { console.log(error.code); }
      writer.close();`;
    const { stdout, stderr } = spawnSync(
      'sh',
      [
        '-c',
        'ulimit -f 16; exec "$@"',
        'sh',
        process.execPath,
        '--input-type=module',
        '-e',
        script,
      ],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const [first, second] = stdout.trim().split('\n');
    expect(JSON.parse(first ?? '')).toEqual({
      code: 'output_failed',
      exit: 8,
      hint: 'choose another place with -o',
    });
    expect(second).toBe('output_failed');
    const { data, truncated } = parseWav(readFileSync(path));
    expect(truncated).toBe(false);
    expect(data.byteLength).toBe(8192 - 44);
    expect(data.every((byte) => byte === 7)).toBe(true);
  });

  it('cannot begin where it may not write: exit 2, with the reason', () => {
    const missing = failureOf(() => new WavFileWriter(join(folder, 'no', 'a.wav'), OUTPUT_FORMAT));
    expect(missing).toMatchObject({ code: 'output_failed', exitCode: 2 });
    expect(missing.why).toBe('its folder does not exist');
    expect(failureOf(() => new PcmFileWriter(folder, OUTPUT_FORMAT)).why).toBe('it is a folder');
  });

  it.skipIf(!existsSync('/dev/full'))('tells a full disk', () => {
    const writer = new PcmFileWriter('/dev/full', OUTPUT_FORMAT);
    expect(failureOf(() => writer.write(part))).toMatchObject({
      code: 'output_failed',
      exitCode: 8,
      why: 'the disk is full',
    });
  });
});

describe('openSoundFile', () => {
  it('goes by the name: .wav has a header, .pcm has none', () => {
    const wav = openSoundFile(join(folder, 'a.WAV'), OUTPUT_FORMAT);
    const pcm = openSoundFile(join(folder, 'a.pcm'), OUTPUT_FORMAT);
    for (const writer of [wav, pcm]) {
      writer.write(part);
      writer.close();
    }
    expect(soundOf(wav.path)).toEqual(part);
    expect(new Uint8Array(readFileSync(pcm.path))).toEqual(part);
  });
});
