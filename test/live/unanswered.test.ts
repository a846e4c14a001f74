import { expect, it } from 'vitest';

import { Unanswered } from '../../src/live/unanswered.ts';
import type { ClientMessage } from '../../src/protocol/messages.ts';

const FRAME_MS = 20;

/** Pushes frames that know their moment, and tells the moments of what would be said again. */
function record() {
  const unanswered = new Unanswered();
  /** To a connection that takes it at once. */
  const say = (message: ClientMessage, soundMs: number): void => {
    unanswered.push(message, soundMs);
    unanswered.sent(message);
  };
  let nowMs = 0;
  const sound = (ms: number): void => {
    for (let at = 0; at < ms; at += FRAME_MS) {
      const audio = { data: String(nowMs), mimeType: 'audio/pcm;rate=16000' };
      say({ realtimeInput: { audio } }, FRAME_MS);
      nowMs += FRAME_MS;
    }
  };
  const speak = (ms: number): void => {
    sound(100);
    unanswered.began(100);
    sound(ms - 100 + 500);
    unanswered.ended(500);
  };
  return { unanswered, say, sound, speak, again: () => unanswered.take(true).map(momentOf) };
}

const momentOf = (message: ClientMessage): number | string => {
  if (!('realtimeInput' in message)) return 'text';
  const input = message.realtimeInput;
  return 'audio' in input ? Number(input.audio.data) : Object.keys(input).join();
};

it('the silence in which an answer is waited for costs nothing', () => {
  const { unanswered, speak, sound, again } = record();
  sound(5_000);
  speak(4_000);
  sound(60_000);
  const moments = again();
  expect(moments[0]).toBe(4_700);
  for (let ms = 4_700; ms < 9_000 + 1_000; ms += FRAME_MS) expect(moments).toContain(ms);
  expect(moments.length * FRAME_MS).toBeLessThan(10_000);
  expect(unanswered.takeLostMs()).toBe(0);
});

it('utterances that wait together are all said again, in order, with a pause between them', () => {
  const { speak, sound, again } = record();
  sound(1_000);
  speak(3_000);
  sound(20_000);
  speak(3_000);
  sound(20_000);
  const moments = again() as number[];
  expect(moments).toEqual(moments.toSorted((a, b) => a - b));
  for (const from of [1_000, 24_500])
    for (let ms = from; ms < from + 3_000; ms += FRAME_MS) expect(moments).toContain(ms);
  const pause = moments.filter((ms) => ms >= 4_000 && ms < 24_500);
  expect(pause.length * FRAME_MS).toBeGreaterThan(1_000);
});

it('beyond 30 s of speech the oldest utterance goes, whole, and that is told when it is missed', () => {
  const { unanswered, speak, again } = record();
  for (let i = 0; i < 5; i += 1) speak(8_000);
  expect(unanswered.takeLostMs()).toBe(0);
  const [first] = again();
  expect(first).toBe(2 * 8_500 - 300);
  expect(unanswered.takeLostMs()).toBeGreaterThan(16_000);
  expect(unanswered.takeLostMs()).toBe(0);
});

it('what was given up and then answered is not missed', () => {
  const { unanswered, speak, again } = record();
  for (let i = 0; i < 5; i += 1) speak(8_000);
  unanswered.answered();
  again();
  expect(unanswered.takeLostMs()).toBe(0);
});

it('a marked utterance is said again with its own markers', () => {
  const { unanswered, say, sound, again } = record();
  const mark = (marker: 'activityStart' | 'activityEnd'): void => {
    if (marker === 'activityStart') unanswered.began(0, true);
    const realtimeInput = marker === 'activityStart' ? { activityStart: {} } : { activityEnd: {} };
    say({ realtimeInput }, 0);
    if (marker === 'activityEnd') unanswered.ended(0, true);
  };
  mark('activityStart');
  sound(1_000);
  mark('activityEnd');
  unanswered.answered();
  unanswered.answerOver();
  // Nothing is sent in between: the next one begins at the same moment.
  mark('activityStart');
  sound(40);
  expect(again()).toEqual(['activityStart', 1_000, 1_020]);
  mark('activityEnd');
  expect(again()).toEqual(['activityStart', 1_000, 1_020, 'activityEnd']);
});

it('a filler answers nothing: what was asked is owed until the answer comes, and what was said meanwhile, too', () => {
  const { unanswered, speak, sound, again } = record();
  sound(5_000);
  speak(2_000);
  unanswered.answered();
  sound(2_000);
  speak(1_000);
  unanswered.stillOwed();
  sound(10_000);
  const moments = again() as number[];
  expect(moments).toEqual([...new Set(moments)].toSorted((a, b) => a - b));
  for (let ms = 5_000; ms < 7_000; ms += FRAME_MS) expect(moments).toContain(ms);
  for (let ms = 9_500; ms < 10_500; ms += FRAME_MS) expect(moments).toContain(ms);
});

it('and nothing is owed when the answer has come', () => {
  const { unanswered, speak, sound, again } = record();
  sound(5_000);
  speak(2_000);
  unanswered.answered();
  unanswered.stillOwed();
  sound(10_000);
  unanswered.answered();
  unanswered.answerOver();
  unanswered.stillOwed();
  expect(Math.min(...(again() as number[]))).toBeGreaterThan(7_000);
});
