import { expect, it } from 'vitest';
import { UserActivity } from '../../src/turns/userActivity.ts';

type Step = 'local on' | 'local off' | 'start' | 'end' | 'end, another voice' | 'answer';

/** `+` and `-`: the user is shown to begin and to cease. */
function shown(steps: readonly Step[]): string {
  let told = '';
  let anotherVoice = false;
  const activity = new UserActivity({
    onChange: (speaking) => {
      told += speaking ? '+' : '-';
    },
    endUtterance: () => !anotherVoice,
  });
  for (const step of steps) {
    told += ' ';
    switch (step) {
      case 'local on':
      case 'local off':
        activity.local(step === 'local on');
        break;
      case 'start':
        activity.server({ type: 'voiceActivity', activity: 'start' });
        break;
      case 'end':
      case 'end, another voice':
        anotherVoice = step !== 'end';
        activity.server({ type: 'voiceActivity', activity: 'end' });
        break;
      case 'answer':
        activity.server({ type: 'outputTranscription', text: 'Well.' });
    }
  }
  return told.trimStart().replaceAll('  ', ' . ').replaceAll('  ', ' . ').trimEnd();
}

it.each<[what: string, steps: Step[], expected: string]>([
  ['a server that reports nothing', ['local on', 'local off', 'local on', 'local off'], '+ - + -'],
  ['our detector is quicker at the start', ['local on', 'start', 'local off', 'end'], '+ . . -'],
  ['a voice too soft for our detector', ['start', 'end'], '+ -'],
  ['our detector hangs in noise', ['local on', 'start', 'end', 'local off'], '+ . -'],
  [
    'the next utterance has begun when the end of the last is reported',
    ['local on', 'start', 'local off', 'local on', 'end, another voice', 'local off'],
    '+ . . . . -',
  ],
  ['a cough that is no speech to the server', ['local on', 'local off'], '+ -'],
  ['the answer comes and an end does not', ['local on', 'start', 'local off', 'answer'], '+ . . -'],
  ['speech over an answer that goes on', ['local on', 'answer', 'answer', 'local off'], '+ . . -'],
  ['the same again', ['start', 'start', 'end', 'end'], '+ . -'],
])('%s', (_what, steps, expected) => {
  expect(shown(steps)).toBe(expected);
});
