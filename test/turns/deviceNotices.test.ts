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
