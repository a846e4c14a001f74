import { describe, expect, it } from 'vitest';
import { initialView, mood, reduce, type Line, type ViewEvent } from '../../src/ui/view.ts';

function play(events: ViewEvent[], { muted = false, ptt = false } = {}) {
  let state = initialView(true, muted, ptt);
  const lines: Line[] = [];
  const moods = [mood(state)];
  for (const event of events) {
    const next = reduce(state, event);
    state = next.state;
    lines.push(...next.lines);
    if (mood(state) !== moods.at(-1)) moods.push(mood(state));
  }
  return { state, lines, moods };
}

const ready: ViewEvent = { type: 'session', state: 'ready', model: 'm' };
const ended = (index: number): ViewEvent => ({ type: 'turn', index, latency: {} });

describe('the state in a word', () => {
  it('follows a spoken turn', () => {
    const { moods } = play([
      ready,
      { type: 'activity', speaking: true },
      { type: 'activity', speaking: false },
      { type: 'sound' },
      { type: 'model', turn: 1, delta: 'hi' },
      ended(1),
    ]);
    expect(moods).toEqual([
      'connecting',
      'listening',
      'hearing you',
      'thinking',
      'speaking',
      'listening',
    ]);
  });

  it('follows an interruption: the user has the word', () => {
    const { moods } = play([
      ready,
      { type: 'sound' },
      { type: 'activity', speaking: true },
      { type: 'interrupted', heardMs: 1, droppedMs: 1, silenceMs: 1 },
      { type: 'activity', speaking: false },
    ]);
    expect(moods).toEqual(['connecting', 'listening', 'speaking', 'hearing you', 'thinking']);
  });

  it('does not say thinking for ever', () => {
    const { moods } = play([
      ready,
      { type: 'activity', speaking: true },
      { type: 'activity', speaking: false },
      { type: 'unanswered' },
    ]);
    expect(moods.at(-1)).toBe('listening');
  });

  it('says muted, and still speaking while a reply sounds', () => {
    const { moods } = play([ready, { type: 'sound' }, ended(1)], { muted: true });
    expect(moods).toEqual(['connecting', 'muted', 'speaking', 'muted']);
  });

  it('with push to talk waits for the key', () => {
    const { moods } = play(
      [
        ready,
        { type: 'ptt', talking: true },
        { type: 'activity', speaking: true },
        { type: 'ptt', talking: false },
        { type: 'sound' },
        ended(1),
        { type: 'ptt', talking: true },
        { type: 'ptt', talking: false },
        { type: 'unanswered' },
      ],
      { ptt: true },
    );
    expect(moods).toEqual([
      'connecting',
      'press Space',
      'listening',
      'thinking',
      'speaking',
      'press Space',
      'listening',
      'thinking',
      'press Space',
    ]);
  });

  it.each(['microphone_lost', 'microphone_suspended'])('does not listen after %s', (code) => {
    const { moods, lines } = play([
      ready,
      { type: 'warning', code, message: 'gone' },
      { type: 'warning', code: 'loudspeaker_back', message: 'louder' },
      { type: 'warning', code: 'microphone_back', message: 'back' },
    ]);
    expect(moods).toEqual(['connecting', 'listening', 'no mic', 'listening']);
    expect(lines.map(({ who }) => who)).toEqual(['warning', 'note', 'note']);
  });

  it('is paused while idle, whatever the connection does', () => {
    const { moods } = play([
      ready,
      { type: 'idle', idle: true },
      { type: 'session', state: 'reconnecting', model: 'm' },
      { type: 'idle', idle: false },
      ready,
    ]);
    expect(moods).toEqual(['connecting', 'listening', 'paused', 'reconnecting', 'listening']);
  });
});

it('lines are finished when two turns have come after them, whole and in order', () => {
  const { lines, state } = play([
    ready,
    { type: 'user', turn: 1, delta: 'one' },
    { type: 'model', turn: 1, delta: 'eins' },
    { type: 'user', turn: 2, delta: 'two' },
    { type: 'model', turn: 1, text: 'ein—', final: true, interrupted: true },
    { type: 'model', turn: 2, delta: 'zwei' },
    { type: 'user', turn: 3, delta: 'three' },
  ]);
  expect(lines).toEqual([
    { who: 'you', text: 'one' },
    { who: 'gemini', text: 'ein—' },
  ]);
  expect(state.turns.map(({ index }) => index)).toEqual([2, 3]);
});
