/** The canceller of the sound server, for who wonders which to take: the same `talk` in the same room, on its devices. */
import { pactl } from '../../support/pactl.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import type { TalkOptions } from './stage.ts';

const DEVICES = { source: 'system_microphone', sink: 'system_loudspeaker' };

export const onSystemCanceller = (sound: SoundServer): TalkOptions => ({
  args: ['--input-device', DEVICES.source, '--output-device', DEVICES.sink, '--echo', 'off'],
  prepare: async () => {
    // That of the room before this one.
    await pactl(sound, 'unload-module', 'module-echo-cancel').catch(() => {});
    await pactl(
      sound,
      'load-module',
      'module-echo-cancel',
      'aec_method=webrtc',
      'source_master=room',
      'sink_master=speaker',
      `source_name=${DEVICES.source}`,
      `sink_name=${DEVICES.sink}`,
      'aec_args="analog_gain_control=0 digital_gain_control=0"',
    );
  },
});
