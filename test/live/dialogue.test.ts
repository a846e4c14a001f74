/** What an event of the server settles of what the user said. */
import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/events.ts';
import { Dialogue } from '../../src/live/dialogue.ts';
import { Unanswered } from '../../src/live/unanswered.ts';
import type { ClientMessage } from '../../src/protocol/messages.ts';
import { profileOf } from '../../src/protocol/models.ts';

const MODEL = 'gemini-3.8-live';
const THINKER = 'gemini-3.8-live-extended-thinking';

const SOUND: LiveEvent = { type: 'audio', pcm: new Uint8Array(2), sampleRateHz: 24_000 };
const END: LiveEvent = { type: 'turnComplete' };
const REFUSED: LiveEvent = { type: 'turnComplete', reason: 'RESPONSE_REJECTED' };
const INTERRUPTED: LiveEvent = { type: 'interrupted' };
const THINKS: LiveEvent = { type: 'interactionStatus', status: 'IN_PROGRESS' };
const IDLE: LiveEvent = { type: 'interactionStatus', status: 'IDLE' };

/** A step is what the server says, a text of the user's, or time that passes. */
type Step = LiveEvent | string | number;

/** Texts that the next connection would be sent. */
function owedAfter(steps: readonly Step[], model = MODEL): string[] {
  const unanswered = new Unanswered();
  let nowMs = 0;
  let signs = 0;
  const dialogue = new Dialogue(
    profileOf(model),
    unanswered,
    { isOwed: () => false, onHandle: () => {}, onSign: () => (signs += 1) },
    { nowMs: () => nowMs },
  );
  for (const step of steps) {
    if (typeof step === 'number') nowMs += step;
    else if (typeof step === 'string') {
      const message = { realtimeInput: { text: step } };
      unanswered.push(message, 0);
      unanswered.sent(message);
    } else {
      dialogue.heard(step);
      dialogue.settle();
    }
  }
  return unanswered.take(true).map(textOf);
}

const textOf = (message: ClientMessage): string =>
  ('realtimeInput' in message && 'text' in message.realtimeInput && message.realtimeInput.text) ||
  '';

describe('of what the user said is still owed', () => {
  it.each<[string, readonly Step[], string[]]>([
    ['all, before the server says anything', ['one', 'two'], ['one', 'two']],
    ['nothing, when an answer has begun', ['one', SOUND], []],
    ['nothing, when the turn was empty', ['one', END], []],
    ['nothing, when the turn was refused', ['one', REFUSED], []],
    ['what came after the refusal', ['one', REFUSED, 'two'], ['two']],
    ['all, when a turn was interrupted before its answer', ['one', INTERRUPTED, END], ['one']],
    ['what interrupted an answer', ['one', SOUND, 'two', INTERRUPTED, END], ['two']],
    ['all, while a call waits for its result', ['one', call(), END], ['one']],
    ['what was said before a late part', ['one', SOUND, END, SOUND, 'two'], ['two']],
    [
      'nothing, when an answer follows a late part of the one before',
      ['one', SOUND, END, SOUND, 'two', 500, SOUND],
      [],
    ],
    ['what was said over an answer', ['one', SOUND, 'two', SOUND, END], ['two']],
    [
      'nothing, when the next answer follows one that stalled',
      ['one', SOUND, 'two', 5_000, SOUND],
      [],
    ],
  ])('%s', (_what, steps, owed) => {
    expect(owedAfter(steps)).toEqual(owed);
  });

  it.each<[string, readonly Step[], string[]]>([
    ['what a filler followed', ['one', THINKS, SOUND, END], ['one']],
    ['nothing, after the answer', ['one', THINKS, SOUND, END, SOUND, IDLE, END], []],
    [
      'nothing, when the model is idle only later',
      ['one', THINKS, SOUND, END, SOUND, END, IDLE],
      [],
    ],
    ['nothing, when no answer follows the filler', ['one', THINKS, SOUND, END, IDLE], []],
    ['what came after that filler', ['one', THINKS, SOUND, END, 'two', IDLE], ['two']],
    ['nothing, when a turn is refused while it thinks', ['one', THINKS, REFUSED], []],
  ])('to a model that thinks: %s', (_what, steps, owed) => {
    expect(owedAfter(steps, THINKER)).toEqual(owed);
  });
});

function call(): LiveEvent {
  return { type: 'toolCall', calls: [{ id: '1', name: 'x', args: {} }] };
}
