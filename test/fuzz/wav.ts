/** Sound from strangers: WAV files of any kind, in any chunks. */
import * as fc from 'fast-check';
import { concatBytes } from '../../src/audio/pcm.ts';
import { decodeSamples, WavReader, type WavFormat } from '../../src/audio/wav.ts';
import { GemliveError } from '../../src/errors.ts';
import { ensure, same, type Target } from './target.ts';

/** Cuts `bytes` at the given sizes, over and over. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.byteLength; i += 1) {
    const size = sizes[i % sizes.length] ?? bytes.byteLength;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 8 });

const uint16 = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 8, 16, 24, 32, 64, 0xff_fe),
  fc.nat(0xff_ff),
);
const uint32 = fc.oneof(
  fc.constantFrom(0, 1, 8, 16, 40, 8000, 16_000, 48_000, 0x7f_ff_f0_00, 0xff_ff_ff_ff),
  fc.nat(300),
  fc.nat(0xff_ff_ff_ff),
);
const body = fc.uint8Array({ maxLength: 80 });

const fmtBody = fc
  .tuple(
    fc.constantFrom(1, 3, 6, 0xff_fe, 1),
    fc.oneof(fc.constantFrom(1, 2, 6), uint16),
    fc.oneof(fc.constantFrom(8000, 16_000, 44_100), uint32),
    fc.oneof(fc.constantFrom(1, 2, 4, 6, 8), uint16),
    fc.oneof(fc.constantFrom(8, 16, 24, 32, 64), uint16),
    fc.uint8Array({ maxLength: 30 }),
  )
  .map(([tag, channels, rateHz, block, bits, extra]) => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(tag, 0);
    bytes.writeUInt16LE(channels, 2);
    bytes.writeUInt32LE(rateHz, 4);
    bytes.writeUInt16LE(block, 12);
    bytes.writeUInt16LE(bits, 14);
    return Buffer.concat([bytes, extra]);
  });

/** A chunk whose size is right three times out of four. */
const chunk = fc
  .tuple(
    fc.oneof(
      fmtBody.map((bytes): [string, Uint8Array] => ['fmt ', bytes]),
      body.map((bytes): [string, Uint8Array] => ['data', bytes]),
      fc.tuple(fc.constantFrom('ds64', 'LIST', 'JUNK', 'fact', 'RIFF', 'fmt '), body),
    ),
    fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, uint32),
  )
  .map(([[id, bytes], size]) => {
    const head = Buffer.alloc(8);
    head.write(id, 0, 'latin1');
    head.writeUInt32LE(size ?? bytes.byteLength, 4);
    return Buffer.concat([head, bytes, Buffer.alloc(bytes.byteLength % 2)]);
  });

const riff = fc
  .tuple(fc.constantFrom('RIFF', 'RF64'), uint32, fmtBody, fc.array(chunk, { maxLength: 5 }))
  .chain(([tag, size, fmt, chunks]) => {
    const head = Buffer.alloc(20);
    head.write(`${tag}    WAVEfmt `, 0, 'latin1');
    head.writeUInt32LE(size, 4);
    head.writeUInt32LE(fmt.byteLength, 16);
    const pad = Buffer.alloc(fmt.byteLength % 2);
    const whole = Buffer.concat([head, fmt, pad, ...chunks]);
    return fc.oneof(
      fc.constant(whole),
      fc.nat(whole.byteLength).map((length) => whole.subarray(0, length)),
      fc.tuple(fc.nat(whole.byteLength), fc.nat(255)).map(([at, value]) => {
        const broken = Buffer.from(whole);
        if (at < broken.byteLength) broken[at] = value;
        return broken;
      }),
    );
  });

type Read =
  | { format: WavFormat; data: Uint8Array; truncated: boolean }
  /** Why it is refused. */
  | string;

function read(chunks: readonly Uint8Array[]): Read {
  const reader = new WavReader();
  try {
    const data = concatBytes(chunks.map((bytes) => reader.push(bytes)));
    const { truncated } = reader.end();
    const { format } = reader;
    ensure(format !== undefined, 'sound without a format');
    return { format, data, truncated };
  } catch (error) {
    if (!(error instanceof GemliveError)) throw error;
    return `${error.code}: ${error.why ?? ''}`;
  }
}

const wav = fc.property(
  fc.oneof({ weight: 9, arbitrary: riff }, body),
  chunkSizes,
  (file, sizes) => {
    const whole = read([file]);
    const pieces = read(cut(file, sizes));
    if (typeof whole === 'string' || typeof pieces === 'string') {
      ensure(
        whole === pieces,
        `whole: ${JSON.stringify(whole)}, in pieces: ${JSON.stringify(pieces)}`,
      );
      return true;
    }
    ensure(same(whole.data, pieces.data), 'other sound in pieces');
    ensure(
      JSON.stringify(whole.format) === JSON.stringify(pieces.format),
      'another format in pieces',
    );
    ensure(whole.truncated === pieces.truncated, 'truncated in pieces');
    ensure(Buffer.from(file).includes(Buffer.from(whole.data)), 'sound that is not in the file');
    const { encoding, bytesPerSample } = whole.format;
    const samples = decodeSamples(whole.data, whole.format);
    ensure(samples.length === Math.floor(whole.data.byteLength / bytesPerSample), 'samples');
    if (encoding === 'int') {
      ensure(
        samples.every((sample) => sample >= -1 && sample <= 1),
        'louder than full scale',
      );
    }
    return true;
  },
);

/** A file as the standard has it, whatever stands between its parts: its sound comes out, and only that. */
const soundWav = fc.property(
  fc.array(fc.tuple(fc.constantFrom('LIST', 'JUNK', 'fact', 'bext'), body), { maxLength: 3 }),
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  fc.constantFrom(16, 18, 40),
  fc.nat(40),
  chunkSizes,
  (others, sound, fmtBytes, tail, sizes) => {
    const part = (id: string, bytes: Uint8Array): Buffer => {
      const head = Buffer.alloc(8);
      head.write(id, 0, 'latin1');
      head.writeUInt32LE(bytes.byteLength, 4);
      return Buffer.concat([head, bytes, Buffer.alloc(bytes.byteLength % 2)]);
    };
    const fmt = Buffer.alloc(fmtBytes);
    fmt.writeUInt16LE(1, 0);
    fmt.writeUInt16LE(1, 2);
    fmt.writeUInt32LE(16_000, 4);
    fmt.writeUInt16LE(2, 12);
    fmt.writeUInt16LE(16, 14);
    const between = others.map(([id, bytes]) => part(id, bytes));
    const after = part('LIST', new Uint8Array(tail));
    const parts = Buffer.concat([part('fmt ', fmt), ...between, part('data', sound), after]);
    const file = part('RIFF', Buffer.concat([Buffer.from('WAVE'), parts]));
    const whole = read(cut(file, sizes));
    ensure(typeof whole !== 'string', `refused: ${JSON.stringify(whole)}`);
    ensure(same(whole.data, sound), 'other sound');
    ensure(!whole.truncated, 'taken for a part of a file');
    return true;
  },
);

export const WAV_TARGETS: readonly Target[] = [
  { name: 'WAV reader', share: 12, property: wav },
  { name: 'WAV files', share: 4, property: soundWav },
];
