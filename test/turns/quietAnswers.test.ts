import { expect, it } from 'vitest';
import type { ConversationEvent } from '../../src/events.ts';
import type { Warning } from '../../src/errors.ts';
import { QuietAnswers } from '../../src/turns/quietAnswers.ts';

const TURN: ConversationEvent = { type: 'turn', index: 1, latency: {} };
/** A tone of one second. */
const tone = (amplitude: number, ms = 1_000): Uint8Array => {
  const samples = Int16Array.from({ length: 24 * ms }, (_, at) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * 440 * at) / 24_000)),
  );
  return new Uint8Array(samples.buffer);
};
function listening() {
  const told: Warning[] = [];
  const answers = new QuietAnswers((warning) => told.push(warning));
  const hear = (...sounds: Uint8Array[]): void => {
    for (const sound of sounds) answers.reply(sound);
    answers.event(TURN);
  };
  return { told, hear };
}

it.each([
  [6, /nearly silent: −7\d dBFS$/],
  [0, /nearly silent: all zeros$/],
])('an answer of amplitude %i is told, once for a session', (amplitude, words) => {
  const { told, hear } = listening();
  hear(tone(amplitude));
  hear(tone(amplitude));
  expect(told).toMatchObject([{ code: 'quiet_answer' }]);
  expect(told[0]?.message).toMatch(words);
  expect(told[0]?.hint).toContain('loudspeaker');
});

it.each([
  ['speech', [tone(8_000)]],
  ['soft speech', [tone(150)]],
  ['silence with a word in it', [tone(0, 3_000), tone(8_000, 200)]],
  ['a bit of silence', [tone(0, 300)]],
  ['no sound at all', []],
])('%s is not', (_what, sounds) => {
  const { told, hear } = listening();
  hear(...sounds);
  expect(told).toEqual([]);
});

it('a loud answer before does not hide a silent one', () => {
  const { told, hear } = listening();
  hear(tone(8_000));
  hear(tone(4));
  expect(told).toHaveLength(1);
});
