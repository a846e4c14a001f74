import { describe, expect, it } from 'vitest';
import type { ConversationEvent, Usage } from '../../src/events.ts';
import { NO_USAGE } from '../../src/turns/cost.ts';
import { TurnTracker } from '../../src/turns/tracker.ts';

const PRICE = { textIn: 1, audioIn: 3, imageIn: 1, textOut: 4, audioOut: 12 };

function tracked(interruptible = true) {
  const events: ConversationEvent[] = [];
  const clock = { ms: 1000 };
  const tracker = new TurnTracker((event) => events.push(event), {
    nowMs: () => clock.ms,
    price: PRICE,
    interruptible,
  });
  const take = () => events.splice(0);
  return { tracker, clock, take };
}

describe('a spoken turn', () => {
  it('grows, becomes final, and counts its latency from the end of speech', () => {
    const { tracker, clock, take } = tracked();
    tracker.speechStarted();
    tracker.speechEnded(1000);
    clock.ms = 1200;
    tracker.transcribed('what time');
    tracker.transcribed(' is it');
    tracker.words('It is');
    clock.ms = 1300;
    tracker.sound(500);
    tracker.words(' noon.');
    tracker.generationComplete();
    tracker.ended();
    expect(take()).toEqual([
      { type: 'user', turn: 1, delta: 'what time' },
      { type: 'user', turn: 1, delta: ' is it' },
      { type: 'model', turn: 1, delta: 'It is' },
      { type: 'model', turn: 1, delta: ' noon.' },
      { type: 'model', turn: 1, text: 'It is noon.', final: true },
      { type: 'user', turn: 1, text: 'what time is it', final: true },
      {
        type: 'turn',
        index: 1,
        latency: { firstTextMs: 200, firstAudioMs: 300, endOfSpeechToAudioMs: 300 },
      },
    ]);
  });

  it('is corrected by a transcription that comes after its end and before the next speech', () => {
    const { tracker, take } = tracked();
    tracker.speechStarted();
    tracker.words('Yes.');
    tracker.ended();
    take();
    tracker.transcribed('are you there');
    expect(take()).toEqual([{ type: 'user', turn: 1, text: 'are you there', final: true }]);
    tracker.speechStarted();
    tracker.transcribed('next');
    expect(take()).toEqual([{ type: 'user', turn: 2, delta: 'next' }]);
  });

  it('keeps what is said during an answer for the turn after it', () => {
    const { tracker, take } = tracked();
    tracker.speechStarted();
    tracker.words('A long answer');
    tracker.speechStarted();
    tracker.transcribed('wait');
    tracker.ended();
    tracker.words('Yes?');
    tracker.ended();
    const events = take();
    expect(events).toContainEqual({ type: 'user', turn: 2, delta: 'wait' });
    expect(events).toContainEqual({ type: 'model', turn: 2, delta: 'Yes?' });
    expect(events.filter(({ type }) => type === 'turn')).toHaveLength(2);
  });

  it('keeps two utterances apart that are spoken during one answer', () => {
    const { tracker, clock, take } = tracked();
    tracker.speechStarted();
    tracker.words('A long answer');
    for (const endMs of [2000, 3000]) {
      tracker.speechStarted();
      tracker.speechEnded(endMs);
    }
    clock.ms = 3500;
    for (const index of [2, 3]) {
      tracker.ended();
      tracker.transcribed(`question ${index}`);
      tracker.words(`answer ${index}`);
    }
    tracker.ended();
    const events = take();
    expect(events).toContainEqual({ type: 'user', turn: 2, text: 'question 2', final: true });
    expect(events).toContainEqual({ type: 'user', turn: 3, text: 'question 3', final: true });
    expect(events).toContainEqual({ type: 'turn', index: 2, latency: { firstTextMs: 1500 } });
    expect(events).toContainEqual({ type: 'turn', index: 3, latency: { firstTextMs: 500 } });
  });

  it.each([
    [true, ['one two'], 'hears two utterances before the answer as one question'],
    [false, ['one', 'two'], 'and as two where nothing interrupts'],
  ])('interruptible %s: %j', (interruptible, questions) => {
    const { tracker, take } = tracked(interruptible);
    for (const endMs of [500, 900]) {
      tracker.speechStarted();
      tracker.speechEnded(endMs);
    }
    for (const question of questions) {
      tracker.transcribed(question);
      tracker.words('yes');
      tracker.ended();
    }
    const events = take();
    const finals = events.filter((event) => event.type === 'user' && 'final' in event);
    expect(finals.map((event) => 'text' in event && event.text)).toEqual(questions);
    const [turn] = events.filter((event) => event.type === 'turn');
    expect(turn).toMatchObject({ latency: { firstTextMs: interruptible ? 100 : 500 } });
  });

  it('gives a late transcription to the answered turn while nobody has spoken since', () => {
    const { tracker, take } = tracked();
    tracker.speechStarted();
    tracker.words('An answer');
    tracker.transcribed('a question');
    expect(take()).toContainEqual({ type: 'user', turn: 1, delta: 'a question' });
  });
});

describe('an interrupted turn', () => {
  it('is cut at what was heard, marked as an estimate, once', () => {
    const { tracker, take } = tracked();
    tracker.speechStarted();
    tracker.words('one two three four five six seven eight');
    tracker.sound(4000);
    take();
    tracker.interrupted(2000, false);
    tracker.interrupted(2000, false);
    expect(take()).toEqual([
      {
        type: 'model',
        turn: 1,
        text: 'one two three four—',
        final: true,
        interrupted: true,
        heardMs: 2000,
        estimated: true,
      },
    ]);
  });

  it('gives words that are transcribed next to the next turn, detector or not', () => {
    const { tracker, take } = tracked();
    tracker.words('blah');
    tracker.interrupted(0, false);
    tracker.transcribed('stop');
    tracker.ended();
    expect(take()).toContainEqual({ type: 'user', turn: 2, delta: 'stop' });
  });

  it('corrects a line that was final already', () => {
    const { tracker, take } = tracked();
    tracker.words('all of it was sent early');
    tracker.sound(2000);
    tracker.generationComplete();
    tracker.interrupted(1000, true);
    const finals = take().filter((event) => event.type === 'model' && 'final' in event);
    expect(finals).toHaveLength(2);
    expect(finals[1]).toMatchObject({ interrupted: true, text: 'all of it—' });
  });
});

describe('usage', () => {
  it('is priced by modality, and what the details leave open counts as text', () => {
    const { tracker, take } = tracked();
    const usage: Usage = {
      ...NO_USAGE,
      promptTokens: 522,
      responseTokens: 42,
      totalTokens: 564,
      thoughtsTokens: 136,
      promptByModality: { TEXT: 332, AUDIO: 165 },
      responseByModality: { AUDIO: 42 },
    };
    tracker.textSent('hello');
    tracker.words('hi');
    tracker.used(usage);
    tracker.ended();
    const turn = take().find((event) => event.type === 'turn');
    const expected = (332 + 25) * 1 + 165 * 3 + 42 * 12 + 136 * 4;
    expect(turn).toMatchObject({ usage, costUsd: expected / 1e6 });
    expect(tracker.total?.usage.promptTokens).toBe(522);
  });

  it('counts when it comes behind the end of its turn', () => {
    const { tracker } = tracked();
    tracker.words('hi');
    tracker.ended();
    tracker.used({ ...NO_USAGE, promptTokens: 7 });
    expect(tracker.total?.usage.promptTokens).toBe(7);
  });
});

it('an end with nothing before it is no turn; a silent one with a reason is', () => {
  const { tracker, take } = tracked();
  tracker.ended();
  expect(take()).toEqual([]);
  tracker.textSent('hm');
  tracker.ended('NEED_MORE_INPUT');
  expect(take()).toContainEqual({ type: 'turn', index: 1, latency: {}, reason: 'NEED_MORE_INPUT' });
});

it('words behind the end of the generation are in the line when the turn is over', () => {
  const { tracker, take } = tracked();
  tracker.words('Yes.');
  tracker.generationComplete();
  tracker.words(' Indeed.');
  tracker.ended();
  const finals = take().filter((event) => event.type === 'model' && 'final' in event);
  expect(finals).toMatchObject([{ text: 'Yes.' }, { text: 'Yes. Indeed.' }]);
});
