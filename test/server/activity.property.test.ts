/** Activity detection holds whatever is said, in whatever pieces it comes. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SampleAligner } from '../../src/audio/pcm.ts';
import type { AutomaticActivityDetection } from '../../src/protocol/messages.ts';
import { createActivity } from '../../src/server/activity.ts';
import { noise } from '../support/noise.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'audio-fixtures');
const SPEECH = Buffer.concat(
  ['question.pcm', 'stop.pcm', 'count.pcm'].map((name) => readFileSync(join(FIXTURES, name))),
);
const HISS = Buffer.from(noise(2000, 16_000, 7));
const bytesOf = (ms: number): number => ms * 32;
const MAX_UTTERANCE_MS = 60_000;
const PRE_ROLL_MS = 300;

/** By its description: a failure shall not print sound. Any length to the sample. */
type Stretch =
  | { zeros: number }
  | { speech: number; samples: number }
  | { hiss: number }
  | { hz: number; samples: number };

const stretch: fc.Arbitrary<Stretch> = fc.oneof(
  fc.record({ zeros: fc.nat(40_000) }),
  fc.record({ speech: fc.nat(SPEECH.length / 2 - 1), samples: fc.nat(48_000) }),
  fc.record({ hiss: fc.nat(HISS.length / 2) }),
  fc.record({ hz: fc.integer({ min: 60, max: 4000 }), samples: fc.nat(20_000) }),
);

function pcmOf(given: Stretch): Buffer {
  if ('zeros' in given) return Buffer.alloc(given.zeros * 2);
  if ('hiss' in given) return HISS.subarray(0, given.hiss * 2);
  if ('speech' in given)
    return SPEECH.subarray(given.speech * 2, (given.speech + given.samples) * 2);
  const pcm = Buffer.alloc(given.samples * 2);
  for (let i = 0; i < given.samples; i++)
    pcm.writeInt16LE(Math.round(9000 * Math.sin((i * given.hz * 2 * Math.PI) / 16_000)), i * 2);
  return pcm;
}

/** What comes: sound, and moments at which something else than sound comes. */
type Input = Stretch | Buffer | 'flush' | 'start' | 'end';
const inputs = (...others: ('flush' | 'start' | 'end')[]): fc.Arbitrary<Input[]> =>
  fc.array(
    fc.oneof<fc.WeightedArbitrary<Input>[]>(
      { weight: 6, arbitrary: stretch },
      { weight: 1, arbitrary: fc.constantFrom(...others) },
    ),
    { minLength: 1, maxLength: 14 },
  );

const configs = fc.record(
  {
    prefixPaddingMs: fc.integer({ min: 0, max: 1200 }),
    silenceDurationMs: fc.integer({ min: 0, max: 2000 }),
    startOfSpeechSensitivity: fc.constantFrom(
      'START_SENSITIVITY_LOW' as const,
      'START_SENSITIVITY_HIGH' as const,
    ),
  },
  { requiredKeys: [] },
);
/** Bytes of each piece, over and over: odd ones cut samples in two. */
const chunkSizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.constant(1280)), {
  minLength: 1,
  maxLength: 6,
});

type Event =
  | { kind: 'start'; atMs: number }
  | { kind: 'end'; pcm: Buffer; speechMs: number; atMs: number };

/** All that is heard in `given`, in pieces of `sizes`; undefined: each stretch whole. */
async function hear(
  config: AutomaticActivityDetection,
  given: readonly Input[],
  sizes?: readonly number[],
): Promise<Event[]> {
  const events: Event[] = [];
  const activity = await createActivity(config, {
    onStart: (atMs) => void events.push({ kind: 'start', atMs }),
    onEnd: ({ pcm, speechMs }, atMs) =>
      void events.push({ kind: 'end', pcm: Buffer.from(pcm), speechMs, atMs }),
  });
  const aligner = new SampleAligner();
  let count = 0;
  for (const one of given) {
    if (one === 'flush') activity.flush();
    else if (one === 'start') activity.markStart();
    else if (one === 'end') activity.markEnd();
    else {
      const pcm = Buffer.isBuffer(one) ? one : pcmOf(one);
      for (let at = 0; at < pcm.length;) {
        const size = sizes?.[count % sizes.length] ?? pcm.length;
        activity.push(aligner.push(pcm.subarray(at, at + size)));
        count += 1;
        at += size;
      }
    }
  }
  activity.close();
  return events;
}

const isSound = (one: Input): one is Stretch => typeof one === 'object' && !Buffer.isBuffer(one);
const soundOf = (given: readonly Input[]): Buffer =>
  Buffer.concat(given.filter(isSound).map(pcmOf));

/** As text that a failure can print. */
const told = (events: readonly Event[]): string[] =>
  events.map((event) =>
    event.kind === 'start'
      ? `start at ${event.atMs}`
      : `end at ${event.atMs}, ${event.speechMs} ms, ${event.pcm.length} bytes, ` +
        createHash('sha1').update(event.pcm).digest('hex'),
  );

/** Each with a beginning of its own, before its end, no later than it was told. */
function expectInTurn(events: readonly Event[]): void {
  for (const [i, event] of events.entries()) {
    expect(event.kind).toBe(i % 2 === 0 ? 'start' : 'end');
    expect(event.atMs).toBeGreaterThanOrEqual(events[i - 1]?.atMs ?? 0);
  }
}

describe('automatic detection', () => {
  it('does not depend on the pieces that sound comes in', async () => {
    await fc.assert(
      fc.asyncProperty(configs, inputs('flush'), chunkSizes, async (config, given, sizes) => {
        const inPieces = await hear(config, given, sizes);
        expect(told(inPieces)).toEqual(told(await hear(config, given)));
      }),
      { numRuns: 300 },
    );
  });

  it('gives sound that was sent, in its order, each piece of it once', async () => {
    let utterances = 0;
    await fc.assert(
      fc.asyncProperty(configs, inputs('flush'), chunkSizes, async (config, given, sizes) => {
        const events = await hear(config, given, sizes);
        expectInTurn(events);
        const whole = soundOf(given);
        let from = 0;
        for (const [i, event] of events.entries()) {
          if (event.kind !== 'end') continue;
          const { pcm, speechMs, atMs } = event;
          utterances += 1;
          const end = Math.round(bytesOf(atMs));
          expect(end - pcm.length).toBeGreaterThanOrEqual(from);
          expect(pcm.equals(whole.subarray(end - pcm.length, end))).toBe(true);
          from = end;
          const lengthMs = pcm.length / bytesOf(1); // exact
          expect(lengthMs).toBeLessThanOrEqual(MAX_UTTERANCE_MS);
          expect(speechMs).toBeGreaterThan(0);
          expect(speechMs).toBeLessThanOrEqual(lengthMs);
          // It begins with what came before its first sound, as far as that is not of the one before.
          const onsetMs = events[i - 1]?.atMs ?? Number.NaN;
          const startMs = atMs - lengthMs;
          const freeMs = Math.max(0, events[i - 2]?.atMs ?? 0);
          expect(onsetMs - startMs).toBeLessThanOrEqual(PRE_ROLL_MS);
          expect(startMs).toBeLessThanOrEqual(Math.max(freeMs, onsetMs - PRE_ROLL_MS) + 20);
        }
      }),
      { numRuns: 300 },
    );
    expect(utterances).toBeGreaterThan(50); // or nothing was tried
  });

  it('hears nothing in silence, however long', async () => {
    await fc.assert(
      fc.asyncProperty(
        configs,
        fc.nat(20_000),
        fc.nat(2),
        chunkSizes,
        async (config, ms, level, sizes) => {
          // Zeros, and the last bits of a converter.
          const pcm = Buffer.alloc(bytesOf(ms));
          for (let at = 0; at < pcm.length; at += 2) pcm.writeInt16LE(level - (at % 3) * level, at);
          const events = await hear(config, [pcm, 'flush'], sizes);
          expect(told(events)).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('holds no more than a minute of somebody who does not stop', async () => {
    const half = SPEECH.subarray(bytesOf(600), bytesOf(1800));
    const babble = Buffer.concat(Array.from({ length: 50 }, () => half));
    const lengths: number[] = [];
    const activity = await createActivity(
      { silenceDurationMs: 2000 },
      { onStart: () => {}, onEnd: ({ pcm }) => void lengths.push(pcm.length) },
    );
    for (let minute = 0; minute < 10; minute++) activity.push(babble);
    expect(lengths.length).toBeGreaterThanOrEqual(9);
    expect(Math.max(...lengths)).toBe(bytesOf(MAX_UTTERANCE_MS));
    activity.close();
  });
});

describe('the client’s markers', () => {
  it('give exactly what is between them', async () => {
    await fc.assert(
      fc.asyncProperty(inputs('start', 'end', 'flush'), chunkSizes, async (given, sizes) => {
        const events = await hear({ disabled: true }, given, sizes);
        const said: Buffer[] = [];
        let open: Buffer[] | undefined;
        for (const one of given) {
          if (one === 'start') open = [];
          else if (isSound(one)) open?.push(pcmOf(one));
          else {
            if (open) said.push(Buffer.concat(open));
            open = undefined;
          }
        }
        const ends = events.filter((event) => event.kind === 'end');
        expect(ends.map(({ pcm }) => pcm.length)).toEqual(said.map((pcm) => pcm.length));
        expect(ends.every(({ pcm }, i) => pcm.equals(said[i] ?? Buffer.alloc(0)))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
