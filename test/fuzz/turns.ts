/**
 * Turns: whatever a server says, in any order, between anything that a user does, with and without a player,
 * on a clock that goes on in leaps.
 */
import * as fc from 'fast-check';
import type { Clock } from '../../src/audio/clock.ts';
import { bytesOfMs, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { NullSink } from '../../src/audio/sinks/null.ts';
import type { ConversationEvent } from '../../src/events.ts';
import { NO_USAGE } from '../../src/turns/cost.ts';
import { Reply } from '../../src/turns/reply.ts';
import { TurnTracker } from '../../src/turns/tracker.ts';
import { ensure, notFinite, type Target } from './target.ts';

const SIMPLE = [
  'speechStarted',
  'speechEnded',
  'acted',
  'used',
  'generationComplete',
  'interrupted',
  'turnComplete',
  'cut',
] as const;

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ simple: fc.constantFrom(...SIMPLE) }) },
  fc.record({ words: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }) }),
  fc.record({ heard: fc.string({ minLength: 1, maxLength: 12 }) }),
  fc.record({ typed: fc.string({ maxLength: 12 }), shown: fc.boolean() }),
  fc.record({ soundMs: fc.integer({ min: 0, max: 500 }) }),
  fc.record({ waitMs: fc.nat(3000) }),
);

/** Time goes on when a step says so; what is due then happens. */
class StepClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; work: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, work: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, work };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((one) => one !== timer));
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#timers = this.#timers.filter((one) => one !== next);
      next.work();
      await Promise.resolve(); // whoever waited for it goes first
    }
    this.#nowMs = untilMs;
  }
}

const PRICE = { textIn: 1, audioIn: 3, imageIn: 1, textOut: 4, audioOut: 12 };

const turns = fc.asyncProperty(
  fc.array(step, { maxLength: 40 }),
  fc.boolean(),
  async (steps, hasSink) => {
    const events: ConversationEvent[] = [];
    const emit = (event: ConversationEvent): void => void events.push(event);
    const clock = new StepClock();
    const tracker = new TurnTracker(emit, { nowMs: () => clock.nowMs(), price: PRICE });
    const sink = hasSink ? new NullSink(OUTPUT_FORMAT, clock) : undefined;
    const reply = new Reply(tracker, sink, emit, clock);
    const simple = {
      speechStarted: () => tracker.speechStarted(),
      speechEnded: () => tracker.speechEnded(clock.nowMs()),
      acted: () => reply.accepts() && tracker.acted(),
      used: () => tracker.used({ ...NO_USAGE, totalTokens: 5 }, reply.endsNothing),
      generationComplete: () => reply.generationComplete(),
      interrupted: () => reply.interrupted(),
      turnComplete: () => reply.turnOver(undefined),
      cut: () => reply.cut(),
    };
    for (const one of steps) {
      if ('simple' in one) simple[one.simple]();
      else if ('words' in one) {
        if (reply.accepts()) tracker.words(one.words);
      } else if ('heard' in one) tracker.transcribed(one.heard);
      else if ('waitMs' in one) await clock.pass(one.waitMs);
      else if ('soundMs' in one) {
        const pcm = new Uint8Array(bytesOfMs(OUTPUT_FORMAT, one.soundMs));
        if (reply.accepts()) reply.sound(pcm);
      } else {
        reply.supersede();
        tracker.textSent(one.typed, one.shown);
      }
    }
    reply.close();
    tracker.close();
    check(events);
    return true;
  },
);

/** What a reader of `--json` may rely on. */
function check(events: readonly ConversationEvent[]): void {
  let over = 0;
  const finals = new Map<number, number>();
  const deltas = new Map<number, string>();
  const cut = new Set<number>();
  /** Words have come since the last line. */
  const hasMore = new Set<number>();
  for (const event of events) {
    const place = notFinite(event);
    ensure(place === undefined, `${event.type}${place} is no number`);
    if (event.type === 'turn') {
      ensure(event.index > over, `turn ${event.index} ended after turn ${over}`);
      over = event.index;
    }
    if (event.type !== 'model') continue;
    ensure(event.turn > over, `the model speaks in turn ${event.turn}, after the end of ${over}`);
    if ('final' in event) {
      const count = (finals.get(event.turn) ?? 0) + 1;
      finals.set(event.turn, count);
      ensure(
        count === 1 || event.interrupted === true || hasMore.has(event.turn),
        `turn ${event.turn} has ${count} last lines`,
      );
      hasMore.delete(event.turn);
      if (event.interrupted) cut.add(event.turn);
      ensure((event.heardMs ?? 0) >= 0, 'less than nothing was heard');
      const said = (deltas.get(event.turn) ?? '').trim();
      const kept = event.text.replace(/—$/, '').trimEnd();
      ensure(
        said.startsWith(kept) || event.text === said,
        `${JSON.stringify(event.text)} was never said`,
      );
    } else {
      ensure(!cut.has(event.turn), `turn ${event.turn} was cut, and goes on`);
      hasMore.add(event.turn);
      deltas.set(event.turn, (deltas.get(event.turn) ?? '') + event.delta);
    }
  }
  for (const turn of deltas.keys()) ensure(finals.has(turn), `turn ${turn} has no last line`);
}

export const TURN_TARGETS: readonly Target[] = [{ name: 'turns', share: 6, property: turns }];
