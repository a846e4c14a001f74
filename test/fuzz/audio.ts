/** Sound from strangers: WAV files of any kind and in any chunks, and what cuts and queues samples. */
import * as fc from 'fast-check';
import { bytesOfMs } from '../../src/audio/format.ts';
import { concatBytes, Rechunker, SampleAligner } from '../../src/audio/pcm.ts';
import { PcmQueue } from '../../src/audio/sinks/pcmQueue.ts';
import { decodeSamples, WavReader, type WavFormat } from '../../src/audio/wav.ts';
import { GemliveError } from '../../src/errors.ts';
import { BACKLOG_LIMIT_MS, Outbox } from '../../src/live/outbox.ts';
import type { ClientMessage } from '../../src/protocol/messages.ts';
import { ensure, type Target } from './target.ts';

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(b);

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

// ---- WAV ----------------------------------------------------------------------------------------

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

// ---- cutting and queues -------------------------------------------------------------------------

const pieces = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 10 });
const format = fc.record({
  sampleRateHz: fc.oneof(
    fc.constantFrom(8000, 16_000, 24_000, 44_100),
    fc.integer({ min: 1000, max: 96_000 }),
  ),
  channels: fc.constantFrom<1 | 2>(1, 2),
});

const rechunker = fc.property(
  pieces,
  format,
  fc.integer({ min: 1, max: 60 }),
  fc.integer({ min: 1, max: 16 }),
  (chunks, shape, frameMs, blockBytes) => {
    const all = concatBytes(chunks);
    const cutter = new Rechunker(shape, frameMs);
    const frames = chunks.flatMap((bytes) => cutter.push(bytes));
    const size = bytesOfMs(shape, frameMs);
    ensure(
      frames.every((frame) => frame.byteLength === size),
      'a frame of another size',
    );
    const rest = cutter.rest();
    ensure(rest.byteLength < size, 'a whole frame was left');
    ensure(same(concatBytes([...frames, rest]), all), 'other bytes');
    ensure(cutter.rest().byteLength === 0, 'not empty after rest()');

    const aligner = new SampleAligner(blockBytes);
    const aligned = chunks.map((bytes) => aligner.push(bytes));
    ensure(
      aligned.every((bytes) => bytes.byteLength % blockBytes === 0),
      'half a sample',
    );
    const length = all.byteLength - (all.byteLength % blockBytes);
    ensure(same(concatBytes(aligned), all.subarray(0, length)), 'other samples');
    ensure(aligner.carriedBytes === all.byteLength - length, 'carried bytes');
    return true;
  },
);

const queueStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ push: fc.uint8Array({ maxLength: 40 }) }) },
  { weight: 4, arbitrary: fc.record({ take: fc.nat(60) }) },
  {
    weight: 2,
    arbitrary: fc.record({ unshift: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ clear: true as const }) },
);

const playerQueue = fc.property(fc.array(queueStep, { maxLength: 40 }), (steps) => {
  const queue = new PcmQueue();
  let model: number[] = [];
  for (const step of steps) {
    if ('push' in step) {
      queue.push(step.push);
      model.push(...step.push);
    } else if ('take' in step) {
      const expected = model.splice(0, step.take);
      ensure(same(queue.take(step.take), Uint8Array.from(expected)), 'other bytes');
    } else if ('unshift' in step) {
      queue.unshift(step.unshift);
      model = [...concatBytes(step.unshift), ...model];
    } else {
      queue.clear();
      model = [];
    }
    ensure(queue.bytes === model.length, `${queue.bytes} bytes instead of ${model.length}`);
  }
  return true;
});

const outboxStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      soundMs: fc.constantFrom(0, 20, 20, 20, 100, 800, 3000, 7000),
      times: fc.integer({ min: 1, max: 120 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ drain: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.constant({ told: true as const }) },
);

const outbox = fc.property(fc.array(outboxStep, { maxLength: 16 }), (steps) => {
  const box = new Outbox();
  const pushed: number[] = [];
  const sent: number[] = [];
  let droppedMs = 0;
  const send = (message: ClientMessage): boolean =>
    'realtimeInput' in message && 'text' in message.realtimeInput
      ? sent.push(Number(message.realtimeInput.text)) > 0
      : false;
  for (const step of steps) {
    if ('drain' in step) {
      let room = step.drain;
      box.drain((message) => room-- > 0 && send(message));
    } else if ('told' in step) {
      droppedMs += box.takeDroppedMs();
    } else {
      for (let i = 0; i < step.times; i += 1) {
        box.push({ realtimeInput: { text: String(pushed.length) } }, step.soundMs);
        pushed.push(step.soundMs);
      }
    }
  }
  const before = sent.length;
  box.drain(send);
  const lastDrained = sent.slice(before);
  const soundMs = (ids: readonly number[]): number =>
    ids.reduce((sum, id) => sum + (pushed[id] ?? 0), 0);
  ensure(box.isEmpty, 'something was left');
  ensure(
    sent.every((id, index) => index === 0 || id > (sent[index - 1] ?? 0)),
    'out of order, or twice',
  );
  const missing = pushed.flatMap((ms, id) => (sent.includes(id) ? [] : [ms]));
  ensure(
    missing.every((ms) => ms > 0),
    'a marker was dropped',
  );
  droppedMs += box.takeDroppedMs();
  ensure(droppedMs === missing.reduce((sum, ms) => sum + ms, 0), 'dropped, and not counted');
  // One message may be longer than the bound all by itself.
  const sounding = lastDrained.filter((id) => (pushed[id] ?? 0) > 0);
  ensure(
    soundMs(sounding) <= BACKLOG_LIMIT_MS || sounding.length === 1,
    `held ${soundMs(sounding)} ms`,
  );
  return true;
});

export const AUDIO_TARGETS: readonly Target[] = [
  { name: 'WAV reader', share: 16, property: wav },
  { name: 're-chunker', share: 10, property: rechunker },
  { name: 'player queue', share: 10, property: playerQueue },
  { name: 'outbox', share: 6, property: outbox },
];
