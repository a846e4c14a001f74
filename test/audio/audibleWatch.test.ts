import { expect, it } from 'vitest';

import type { Warning } from '../../src/errors.ts';
import { speakerWarning } from '../../src/audio/devices/level.ts';
import type { Device } from '../../src/audio/devices/device.ts';
import { AudibleWatch } from '../../src/audio/sinks/audibleWatch.ts';
import { CountedClock } from '../support/simulatedPlayback.ts';

const spk: Device = { id: 'spk', name: 'Box', isDefault: true, isMonitor: false };

it('looks once in each answer, and says the same thing once until it has changed', async () => {
  const clock = new CountedClock();
  let device = { ...spk, muted: true };
  let looked = 0;
  const watch = new AudibleWatch(async () => {
    looked += 1;
    return speakerWarning(device, 'pulse');
  }, clock);
  const said: string[] = [];
  const answer = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) watch.sound();
    clock.run(clock.nowMs() + 1000);
    await Promise.resolve();
    watch.replyEnded();
  };
  await answer();
  expect(looked).toBe(0); // nobody listens
  watch.onWarning(({ message }) => said.push(message));
  await answer();
  await answer();
  expect([looked, said.length]).toEqual([2, 1]);
  device = { ...spk, muted: false };
  await answer();
  device = { ...spk, muted: true };
  await answer();
  expect(said).toEqual(
    Array.from({ length: 2 }, () => 'the loudspeaker is muted in the sound settings (spk)'),
  );
  watch.sound();
  watch.close();
  clock.run(clock.nowMs() + 1000);
  expect(looked).toBe(4);
});

const CASES: [
  state: Partial<Device>,
  system: 'pulse' | 'pipewire' | undefined,
  hint: string | undefined | false,
][] = [
  [{ muted: true, volumePercent: 0 }, 'pulse', 'pactl set-sink-mute spk 0'],
  [{ muted: false, volumePercent: 0 }, 'pulse', 'pactl set-sink-volume spk 80%'],
  [{ muted: true }, 'pipewire', 'wpctl set-mute @DEFAULT_AUDIO_SINK@ 0'],
  [{ muted: true }, undefined, undefined],
  [{ muted: false, volumePercent: 1 }, 'pulse', false],
  [{}, 'pulse', false],
];
it.each(CASES)('a loudspeaker that is %j', (state, system, hint) => {
  const warning: Warning | undefined = speakerWarning({ ...spk, ...state }, system);
  if (hint === false) expect(warning).toBeUndefined();
  else expect([warning?.code, warning?.hint]).toEqual(['loudspeaker_silent', hint]);
});
