import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BACKLOG_LIMIT_MS, Outbox } from '../../src/live/outbox.ts';
import type { ClientMessage } from '../../src/protocol/messages.ts';

const sound = (id: number): ClientMessage => ({
  realtimeInput: { audio: { data: String(id), mimeType: 'audio/pcm;rate=16000' } },
});
const marker = (text: string): ClientMessage => ({ realtimeInput: { text } });

it('keeps order, never drops markers, and holds at most 5 s of sound, the newest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant(0), fc.constant(20), fc.constant(100)), { maxLength: 600 }),
      (kinds) => {
        let droppedMs = 0;
        const outbox = new Outbox((message) => (droppedMs += msOf(message)));
        const pushed = kinds.map((ms, index) => ({
          ms,
          message: ms > 0 ? sound(index) : marker(String(index)),
        }));
        const msOf = (message: ClientMessage): number =>
          pushed.find((entry) => entry.message === message)?.ms ?? 0;
        for (const { ms, message } of pushed) outbox.push(message, ms);
        const drained: ClientMessage[] = [];
        outbox.drain((message) => drained.push(message) > 0);
        const soundMs = drained.reduce((sum, message) => sum + msOf(message), 0);
        const totalMs = kinds.reduce<number>((sum, ms) => sum + ms, 0);
        expect(soundMs).toBeLessThanOrEqual(BACKLOG_LIMIT_MS);
        expect(droppedMs).toBe(totalMs - soundMs);
        // In order, and only sound from the front is missing.
        const kept = pushed
          .map(({ message }) => message)
          .filter((message) => drained.includes(message));
        expect(drained).toEqual(kept);
        expect(drained.filter((message) => msOf(message) === 0)).toHaveLength(
          kinds.filter((ms) => ms === 0).length,
        );
        const firstKept = pushed.findIndex(
          ({ ms, message }) => ms > 0 && drained.includes(message),
        );
        for (const { ms, message } of pushed.slice(Math.max(0, firstKept))) {
          if (ms > 0 && firstKept >= 0) expect(drained).toContain(message);
        }
        expect(outbox.isEmpty).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

it('stops where the taker stops and goes on from there', () => {
  const outbox = new Outbox();
  for (const id of [1, 2, 3]) outbox.push(sound(id), 20);
  let room = 2;
  outbox.drain(() => room-- > 0);
  expect(outbox.isEmpty).toBe(false);
  const rest: ClientMessage[] = [];
  outbox.drain((message) => rest.push(message) > 0);
  expect(rest).toEqual([sound(3)]);
});
