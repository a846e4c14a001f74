import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bytesOfMs, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes } from '../../src/audio/pcm.ts';
import { ExtraAhead } from '../../src/audio/sinks/extraAhead.ts';
import { JitterBuffer, MAX_TARGET_MS, MIN_TARGET_MS } from '../../src/audio/sinks/jitterBuffer.ts';
import { fixedBuffer, simulatePlayback } from '../support/simulatedPlayback.ts';
import type { ArrivedReply } from '../support/simulatedPlayback.ts';

let counter = 0;
/** No two samples of it all are alike, for as long as it matters. */
const sound = (ms: number): Uint8Array => {
  const pcm = new Uint8Array(bytesOfMs(OUTPUT_FORMAT, ms));
  const view = new DataView(pcm.buffer);
  for (let at = 0; at < pcm.byteLength; at += 2) view.setUint16(at, counter++ % 65_521, true);
  return pcm;
};

/** `ms` of sound in chunks of 40 ms, each `everyMs` after the other, and `stall` now and then. */
function reply(ms: number, everyMs: number, stall = { afterMs: Infinity, ms: 0 }): ArrivedReply {
  let atMs = 0;
  let blockedUntilMs = 0;
  let nextStallMs = stall.afterMs;
  const chunks: ArrivedReply['chunks'] = [];
  for (let soundMs = 0; soundMs < ms; soundMs += 40) {
    if (atMs >= nextStallMs) {
      blockedUntilMs = atMs + stall.ms;
      nextStallMs += stall.afterMs;
    }
    // As a network does: what was held comes all at once.
    chunks.push({ atMs: Math.max(atMs, blockedUntilMs), pcm: sound(40) });
    atMs += everyMs;
  }
  return { chunks, endAtMs: Math.max(atMs, blockedUntilMs) };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const gapsOf = (result: ReturnType<typeof simulatePlayback>): number[] =>
  result.replies.flatMap(({ gapsMs }) => gapsMs);

/** Its targets, as they were asked for. */
class Watched extends JitterBuffer {
  readonly targets: number[] = [];

  override get targetMs(): number {
    this.targets.push(super.targetMs);
    return super.targetMs;
  }
}

const arrivedReply = fc
  .record({
    chunks: fc.array(
      fc.record({
        soundMs: fc.integer({ min: 1, max: 200 }),
        waitMs: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 900 })),
      }),
      { minLength: 1, maxLength: 40 },
    ),
    endAfterMs: fc.option(fc.integer({ min: 0, max: 500 }), { nil: undefined }),
  })
  .map(({ chunks, endAfterMs }): ArrivedReply => {
    let atMs = 0;
    const arrived = chunks.map(({ soundMs, waitMs }) => ({
      atMs: (atMs += waitMs),
      pcm: sound(soundMs),
    }));
    return { chunks: arrived, ...(endAfterMs !== undefined && { endAtMs: atMs + endAfterMs }) };
  });

describe('the jitter buffer, whatever comes', () => {
  it('plays all of it once and in order, within its bounds', () => {
    fc.assert(
      fc.property(fc.array(arrivedReply, { minLength: 1, maxLength: 5 }), (replies) => {
        const buffer = new Watched();
        const { replies: played } = simulatePlayback(replies, buffer);
        for (const [i, { pcm, startedAfterMs }] of played.entries()) {
          const sent = concatBytes((replies[i]?.chunks ?? []).map((chunk) => chunk.pcm));
          expect(Buffer.compare(pcm, sent)).toBe(0);
          expect(startedAfterMs).toBeLessThanOrEqual((4 / 3) * MAX_TARGET_MS + 5);
        }
        expect(played[0]?.startedAfterMs).toBeLessThanOrEqual(80);
        expect(Math.min(...buffer.targets)).toBeGreaterThanOrEqual(MIN_TARGET_MS);
        expect(Math.max(...buffer.targets)).toBeLessThanOrEqual(MAX_TARGET_MS);
      }),
      { numRuns: 300 },
    );
  });

  it('never makes a gap longer than what was missing and what it waits for', () => {
    fc.assert(
      fc.property(arrivedReply, (one) => {
        const longestWaitMs = Math.max(
          ...one.chunks.map(({ atMs }, i) => atMs - (one.chunks[i - 1]?.atMs ?? 0)),
        );
        const { replies } = simulatePlayback([one], new JitterBuffer());
        const longestGapMs = Math.max(0, ...replies.flatMap(({ gapsMs }) => gapsMs));
        expect(longestGapMs).toBeLessThanOrEqual(longestWaitMs + (4 / 3) * MAX_TARGET_MS + 50);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the jitter buffer, on', () => {
  it('bursts: begins with 60 ms and stays there', () => {
    const buffer = new JitterBuffer();
    const result = simulatePlayback(
      Array.from({ length: 10 }, () => reply(4000, 10)),
      buffer,
    );
    expect(result.underruns).toBe(0);
    expect(buffer.targetMs).toBe(MIN_TARGET_MS);
    expect(Math.max(...result.replies.map(({ startedAfterMs }) => startedAfterMs))).toBe(10);
  });

  it('dribbles at 0.9 of real time: few long pauses instead of many short ones', () => {
    const replies = Array.from({ length: 10 }, () => reply(10_000, 40 / 0.9));
    const fixed = gapsOf(simulatePlayback(replies, fixedBuffer()));
    const learnt = gapsOf(simulatePlayback(replies, new JitterBuffer()));
    console.log(
      `0.9×: fixed ${fixed.length} gaps, ${total(fixed).toFixed(0)} ms; learnt ${learnt.length}, ${total(learnt).toFixed(0)} ms`,
    );
    expect(learnt.length).toBeLessThan(fixed.length / 4);
  });

  it('stalls of 500 ms: the second one is not heard', () => {
    const one = reply(12_000, 40, { afterMs: 3000, ms: 500 });
    const fixed = simulatePlayback([one, one, one], fixedBuffer());
    const learnt = simulatePlayback([one, one, one], new JitterBuffer());
    console.log(
      `stalls: fixed ${gapsOf(fixed).length} gaps, learnt ${gapsOf(learnt).length}; begins after ` +
        learnt.replies.map(({ startedAfterMs }) => startedAfterMs.toFixed(0)).join(', '),
    );
    expect(gapsOf(learnt).length).toBe(1);
  });

  it('a network that is calm again: begins soon again', () => {
    const buffer = new JitterBuffer();
    simulatePlayback([reply(12_000, 40, { afterMs: 3000, ms: 500 })], buffer);
    expect(buffer.targetMs).toBeGreaterThan(300);
    simulatePlayback(
      Array.from({ length: 6 }, () => reply(8000, 10)),
      buffer,
    );
    expect(buffer.targetMs).toBeLessThan(80);
  });

  it('the end of a reply: what is there is played, however little', () => {
    const buffer = new JitterBuffer();
    for (let i = 0; i < 8; i++) buffer.underrun(300);
    expect(buffer.targetMs).toBe(MAX_TARGET_MS);
    const [short] = simulatePlayback(
      [{ chunks: [{ atMs: 0, pcm: sound(30) }], endAtMs: 7 }],
      buffer,
    ).replies;
    expect(short?.startedAfterMs).toBe(7);
  });
});

describe('what a starving device gets beyond its share', () => {
  it('grows, is bounded, and goes back when it is calm; more slowly where that was too early', () => {
    const extra = new ExtraAhead();
    for (let i = 0; i < 20; i++) extra.starved(0);
    expect(extra.ms).toBe(400);
    let nowMs = 0;
    const untilLess = (): number => {
      const { ms } = extra;
      const sinceMs = nowMs;
      while (extra.ms === ms) extra.plays((nowMs += 100));
      return nowMs - sinceMs;
    };
    const firstMs = untilLess();
    extra.starved(nowMs);
    expect(untilLess()).toBe(2 * firstMs);
    while (extra.ms > 0) untilLess();
    expect(extra.ms).toBe(0);
  });
});
