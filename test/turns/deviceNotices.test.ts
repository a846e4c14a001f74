import { expect, it } from 'vitest';

import type { Warning } from '../../src/errors.ts';
import { tellOf } from '../../src/turns/deviceNotices.ts';

it('a device that goes, comes back, and changes is one line each', () => {
  const said: Warning[] = [];
  const notice = tellOf('microphone', (warning) => said.push(warning));
  notice({ state: 'lost', why: 'parec: no sound server answers' });
  notice({ state: 'back', label: 'parec (usb)' });
  notice({ state: 'back', label: 'parec (desk)' });
  tellOf('loudspeaker', (warning) => said.push(warning))({ state: 'lost', why: 'pacat: gone' });
  expect(said).toEqual([
    {
      code: 'microphone_lost',
      message: 'the microphone is gone: parec: no sound server answers; looking for it',
    },
    { code: 'microphone_back', message: 'the microphone is back: parec (usb)' },
    { code: 'microphone_back', message: 'the microphone is another one now: parec (desk)' },
    {
      code: 'loudspeaker_lost',
      message: 'the loudspeaker is gone: pacat: gone; looking for it',
    },
  ]);
});

it.each([
  ['loudspeaker', 'spk', 'the answer waits', 'pactl suspend-sink spk 0'],
  ['microphone', 'desk.monitor', 'nothing is heard', 'pactl suspend-sink desk 0'],
  ['microphone', 'usb', 'nothing is heard', 'pactl suspend-source usb 0'],
] as const)('a %s that is suspended is no loss', (kind, device, waits, hint) => {
  const said: Warning[] = [];
  const notice = tellOf(kind, (warning) => said.push(warning));
  notice({ state: 'suspended', device });
  notice({ state: 'back', label: 'its program' });
  expect(said).toEqual([
    {
      code: `${kind}_suspended`,
      message: `the sound server has suspended the ${kind} (${device}): ${waits} until it is resumed`,
      hint,
    },
    { code: `${kind}_back`, message: `the ${kind} is resumed: its program` },
  ]);
});
