import { execFileSync } from 'node:child_process';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { wavHeader } from '../../src/audio/fileWriters.ts';
import { INPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes } from '../../src/audio/pcm.ts';
import { decodeSamples, parseWav, UnsupportedWavError, WavReader } from '../../src/audio/wav.ts';
import { GemliveError } from '../../src/errors.ts';
import { hasProgram } from '../support/programs.ts';

function chunk(id: string, body: Uint8Array, size = body.byteLength): Uint8Array {
  const head = Buffer.alloc(8);
  head.write(id, 0, 'latin1');
  head.writeUInt32LE(size >>> 0, 4);
  return concatBytes([head, body, new Uint8Array(body.byteLength % 2)]);
}

type FmtFields = { tag?: number; channels?: number; rate?: number; bits?: number; block?: number };
function fmt(fields: FmtFields): Uint8Array {
  const { tag = 1, channels = 1, rate = 16_000, bits = 16 } = fields;
  const block = fields.block ?? (channels * bits) / 8;
  const body = Buffer.alloc(16);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt32LE(rate * block, 8);
  body.writeUInt16LE(block, 12);
  body.writeUInt16LE(bits, 14);
  return chunk('fmt ', body);
}

function riff(parts: Uint8Array[], size?: number): Uint8Array {
  const body = concatBytes([Buffer.from('WAVE'), ...parts]);
  const head = Buffer.from('RIFF----');
  head.writeUInt32LE((size ?? body.byteLength) >>> 0, 4);
  return concatBytes([head, body]);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof GemliveError) return `${error.exitCode} ${error.code}`;
    throw error;
  }
  return 'fine';
}

const sound = Uint8Array.from({ length: 400 }, (_, i) => i % 251);

describe('WavReader', () => {
  it('reads what its own header writer makes', () => {
    const { format, data, truncated } = parseWav(
      concatBytes([wavHeader(INPUT_FORMAT, 400), sound]),
    );
    expect(format).toEqual({
      encoding: 'int',
      bytesPerSample: 2,
      sampleRateHz: 16_000,
      channels: 1,
    });
    expect(data).toEqual(sound);
    expect(truncated).toBe(false);
  });

  it('gives the same sound whatever the chunks it comes in', () => {
    const file = riff([
      chunk('JUNK', new Uint8Array(33)),
      fmt({}),
      chunk('LIST', Buffer.from('odd')),
      chunk('data', sound),
      chunk('LIST', Buffer.from('not sound')),
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sizes) => {
        const reader = new WavReader();
        const out: Uint8Array[] = [];
        for (let at = 0, i = 0; at < file.byteLength; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          out.push(reader.push(file.subarray(at, at + size)));
          at += size;
        }
        expect(concatBytes(out)).toEqual(sound);
        expect(reader.end()).toEqual({ truncated: false });
      }),
    );
  });

  it.each([
    ['0 (the writer was killed)', 0, 36],
    ['0xffffffff (ffmpeg into a pipe)', 0xff_ff_ff_ff, 0xff_ff_ff_ff],
    ['0x7ffff000 (sox into a pipe)', 0x7f_ff_f0_00, 0x7f_ff_f0_24],
  ])('reads to the end when the size says %s', (_, size, riffSize) => {
    const file = concatBytes([
      riff([fmt({}), chunk('data', new Uint8Array(0), size)], riffSize),
      sound,
    ]);
    const { data, truncated } = parseWav(file);
    expect(data).toEqual(sound);
    expect(truncated).toBe(false);
  });

  it('reads what is there of a cut file, and says so', () => {
    const { data, truncated } = parseWav(riff([fmt({}), chunk('data', sound, 4000)]));
    expect(data).toEqual(sound);
    expect(truncated).toBe(true);
  });

  it('reads RF64, whose size stands in ds64', () => {
    const ds64 = Buffer.alloc(28);
    ds64.writeBigUInt64LE(400n, 8);
    const file = concatBytes([
      riff([
        chunk('ds64', ds64),
        fmt({}),
        chunk('data', sound, 0xff_ff_ff_ff),
        chunk('LIST', sound),
      ]),
    ]);
    file.set(Buffer.from('RF64'), 0);
    expect(parseWav(file).data).toEqual(sound);
  });

  it('names the failure: not audio, empty, a codec for others', () => {
    expect(codeOf(() => parseWav(Buffer.from('no sound at all, just words')))).toBe(
      '8 input_not_audio',
    );
    expect(codeOf(() => parseWav(riff([fmt({})])))).toBe('8 input_not_audio');
    expect(codeOf(() => parseWav(riff([chunk('data', sound), fmt({})])))).toBe('8 input_not_audio');
    expect(codeOf(() => parseWav(riff([fmt({}), chunk('data', new Uint8Array(0))], 36)))).toBe(
      '8 input_empty',
    );
    expect(codeOf(() => parseWav(riff([fmt({ channels: 0 })])))).toBe('8 input_not_audio');
    expect(codeOf(() => parseWav(riff([fmt({ rate: 3 })])))).toBe('8 input_not_audio');
    expect(() => parseWav(riff([fmt({ tag: 0x11, bits: 4, block: 512 })]))).toThrow(
      UnsupportedWavError,
    );
  });

  it('throws nothing but GemliveError, on any bytes', () => {
    const anyBytes = fc.uint8Array({ maxLength: 200 });
    const nearlyWav = fc
      .tuple(
        fc.constantFrom('fmt ', 'data', 'ds64', 'LIST'),
        anyBytes,
        fc.nat(0xff_ff_ff_ff),
        anyBytes,
      )
      .map(([id, body, size, tail]) => riff([fmt({}), chunk(id, body, size), tail]));
    const brokenWav = fc
      .tuple(fc.nat(60), fc.nat(255))
      .map(([at, value]) => riff([fmt({}), chunk('data', sound)]).with(at, value));
    fc.assert(
      fc.property(fc.oneof(anyBytes, nearlyWav, brokenWav), (bytes) => {
        try {
          const { data, format } = parseWav(bytes);
          decodeSamples(data, format);
        } catch (error) {
          expect(error).toBeInstanceOf(GemliveError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('decodeSamples', () => {
  // sox writes each coding; the samples must be those of its 16-bit version, within that coding's own step.
  it.skipIf(!hasProgram('sox')).each([
    ['8-bit', ['-e', 'unsigned-integer', '-b', '8'], 1 / 100],
    ['16-bit', ['-e', 'signed-integer', '-b', '16'], 0],
    ['24-bit extensible', ['-e', 'signed-integer', '-b', '24'], 1e-4],
    ['32-bit', ['-e', 'signed-integer', '-b', '32'], 1e-4],
    ['32-bit float', ['-e', 'floating-point', '-b', '32'], 1e-4],
    ['64-bit float', ['-e', 'floating-point', '-b', '64'], 1e-4],
  ])('reads %s as sox means it', (_, coding, tolerance) => {
    const made = (options: string[]): Float32Array => {
      const format = ['-R', '-D', '-n', '-r', '22050', '-c', '2', ...options, '-t', 'wav', '-'];
      const tones = ['synth', '0.2', 'sine', '440', 'sine', '1000', 'gain', '-6'];
      const file = execFileSync('sox', [...format, ...tones]);
      const { data, format: found } = parseWav(file);
      expect(found).toMatchObject({ sampleRateHz: 22_050, channels: 2 });
      return decodeSamples(data, found);
    };
    const reference = made(['-e', 'signed-integer', '-b', '16']);
    const samples = made(coding);
    expect(samples.length).toBe(reference.length);
    expect(samples.length).toBe(4410 * 2);
    const worst = samples.reduce(
      (max, s, i) => Math.max(max, Math.abs(s - (reference[i] ?? 9))),
      0,
    );
    expect(worst).toBeLessThanOrEqual(tolerance);
  });
});
