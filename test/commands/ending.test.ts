/** When the replay of a recording is over, on a clock of the test's own. */
import { beforeEach, expect, it } from 'vitest';
import { Ending } from '../../src/commands/file/ending.ts';
import { FakeClock } from '../live/model/clock.ts';

let clock: FakeClock;
let ended: unknown[];
let ending: Ending;

beforeEach(() => {
  clock = new FakeClock();
  ended = [];
  ending = newEnding(false);
});

function newEnding(isOneUtterance: boolean): Ending {
  return new Ending({
    clock,
    turnTimeoutMs: 30_000,
    untilTurnComplete: false,
    isOneUtterance,
    streams: false,
    onEnd: (error) => ended.push(error),
  });
}

async function say(): Promise<void> {
  ending.activity(true);
  await clock.advance(1_000);
  ending.activity(false);
}

function answer(turn: number, latencyMs: number): void {
  ending.event({ type: 'model', turn, delta: 'yes' });
  ending.event({ type: 'model', turn, text: 'yes', final: true });
  ending.event({ type: 'turn', index: turn, latency: { firstTextMs: latencyMs } });
}

it('ends 2 s after the last answer', async () => {
  await say();
  ending.inputEnded();
  answer(1, 500);
  await clock.advance(1_999);
  expect(ended).toEqual([]);
  await clock.advance(1);
  expect(ended).toEqual([undefined]);
});

it('ends with the answer to an input that is one utterance, and not before', async () => {
  ending = newEnding(true);
  ending.inputEnded();
  ending.event({ type: 'model', turn: 1, delta: 'yes' });
  await clock.advance(5_000);
  expect(ended).toEqual([]);
  answer(1, 500);
  await clock.advance(0);
  expect(ended).toEqual([undefined]);
});

it('waits 2 s for the answer to an utterance that the server may have joined with another', async () => {
  await say();
  await say();
  ending.inputEnded();
  answer(1, 500);
  await clock.advance(2_000);
  expect(ended).toEqual([undefined]);
});

it('waits longer for it where the service takes its time', async () => {
  await say();
  await say();
  ending.inputEnded();
  answer(1, 4_000);
  await clock.advance(7_999);
  expect(ended).toEqual([]);
  answer(2, 8_000);
  await clock.advance(2_000);
  expect(ended).toEqual([undefined]);
});

it('ends with an error when no answer comes', async () => {
  await say();
  ending.inputEnded();
  await clock.advance(30_000);
  expect(ended).toMatchObject([{ code: 'no_answer', exitCode: 6 }]);
});
