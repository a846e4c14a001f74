/** What cuts sound into frames and what holds it back, each against a model of plain arrays. */
import * as fc from 'fast-check';
import { bytesOfMs } from '../../src/audio/format.ts';
import { concatBytes, Rechunker, SampleAligner } from '../../src/audio/pcm.ts';
import { PcmQueue } from '../../src/audio/sinks/pcmQueue.ts';
import { BACKLOG_LIMIT_MS, Outbox } from '../../src/live/outbox.ts';
import type { ClientMessage } from '../../src/protocol/messages.ts';
import { ensure, same, type Target } from './target.ts';

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
);

const numberOf = (message: ClientMessage): number =>
  'realtimeInput' in message && 'text' in message.realtimeInput
    ? Number(message.realtimeInput.text)
    : Number.NaN;

const outbox = fc.property(fc.array(outboxStep, { maxLength: 16 }), (steps) => {
  const dropped: number[] = [];
  const box = new Outbox((message) => dropped.push(numberOf(message)));
  const pushed: number[] = [];
  const sent: number[] = [];
  const send = (message: ClientMessage): boolean => sent.push(numberOf(message)) > 0;
  for (const step of steps) {
    if ('drain' in step) {
      let room = step.drain;
      box.drain((message) => room-- > 0 && send(message));
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
  const missing = pushed.flatMap((_ms, id) => (sent.includes(id) ? [] : [id]));
  ensure(
    missing.every((id) => (pushed[id] ?? 0) > 0),
    'a marker was dropped',
  );
  ensure(dropped.join() === missing.join(), 'dropped, and not told, or in another order');
  // One message may be longer than the bound all by itself.
  const sounding = lastDrained.filter((id) => (pushed[id] ?? 0) > 0);
  ensure(
    soundMs(sounding) <= BACKLOG_LIMIT_MS || sounding.length === 1,
    `held ${soundMs(sounding)} ms`,
  );
  return true;
});

export const QUEUE_TARGETS: readonly Target[] = [
  { name: 're-chunker', share: 8, property: rechunker },
  { name: 'player queue', share: 6, property: playerQueue },
  { name: 'outbox', share: 6, property: outbox },
];
