/** What is said of a microphone's faults, and what to do, by the program that records. */
import type { Warning } from '../../errors.ts';
import { soundSystemOf } from '../devices/choose.ts';
import { levelCommand } from '../devices/level.ts';
import type { SeenDevice } from '../devices/level.ts';
import type { MicFault } from './conditioner.ts';

type Advice = Record<'louder' | 'softer' | 'unmute', string>;

const IN_WORDS: Advice = {
  louder: 'raise its input level in the sound settings, or come nearer',
  softer: 'lower its input level in the sound settings, or move away from it',
  unmute: 'unmute it in the sound settings, and see that this terminal may use the microphone',
};

function advice(recorder: string, device: string): Advice {
  switch (recorder) {
    case 'parec':
      return {
        louder: `pactl set-source-volume ${device} 100%, or come nearer`,
        softer: `pactl set-source-volume ${device} 50%, or move away from it`,
        unmute: `pactl set-source-mute ${device} 0`,
      };
    case 'pw-record':
      return {
        louder: 'wpctl set-volume @DEFAULT_AUDIO_SOURCE@ 100%, or come nearer',
        softer: 'wpctl set-volume @DEFAULT_AUDIO_SOURCE@ 50%, or move away from it',
        unmute: 'wpctl set-mute @DEFAULT_AUDIO_SOURCE@ 0',
      };
    case 'arecord':
      return {
        louder: 'raise the capture level (alsamixer, F4), or come nearer',
        softer: 'lower the capture level (alsamixer, F4), or move away from it',
        unmute: 'switch capture on (alsamixer, F4, space)',
      };
    default:
      return IN_WORDS;
  }
}

/**
 * `device`: what it records from, as the sound server calls it, where that is known; `seen`: what the server says of
 * it and of others.
 */
export function micWarning(
  fault: MicFault | 'loudspeaker',
  recorder: string,
  device = '@DEFAULT_SOURCE@',
  seen?: SeenDevice,
): Warning {
  const { louder, softer, unmute } = advice(recorder, device);
  const warnings: Record<typeof fault, Warning> = {
    clips: { code: 'mic_clips', message: 'the microphone is too loud: it clips', hint: softer },
    quiet: { code: 'mic_quiet', message: 'the microphone is very quiet', hint: louder },
    silent: { code: 'mic_silent', ...silence(recorder, device, unmute, seen) },
    loudspeaker: { code: 'mic_is_loudspeaker', ...noMicrophone(device, seen) },
  };
  return warnings[fault];
}

type Told = Pick<Warning, 'message' | 'hint'>;

function silence(recorder: string, id: string, unmute: string, seen: SeenDevice | undefined): Told {
  const message = 'only digital silence comes from the microphone';
  const device = seen?.device;
  if (device === undefined) return { message: `${message}; is it muted?`, hint: unmute };
  if (device.muted === true) return { message: `${message}: it is muted`, hint: unmute };
  if (device.volumePercent === 0) {
    const hint = levelCommand('louder', 'input', soundSystemOf({ name: recorder }), id);
    return { message: `${message}: its volume is 0`, ...(hint !== undefined && { hint }) };
  }
  return { message, hint: 'switch it on, or choose another one: gemlive devices' };
}

function noMicrophone(id: string, seen: SeenDevice | undefined): Told {
  const message = `the microphone is what the loudspeaker plays (${id})`;
  const [other, ...more] = seen?.others ?? [];
  if (other !== undefined && more.length === 0)
    return {
      message,
      hint: `${other.name} is another one: gemlive talk --input-device ${other.id}`,
    };
  if (other !== undefined)
    return { message, hint: 'choose one with --input-device: gemlive devices' };
  return {
    message: seen === undefined ? message : `${message}: there is no other`,
    hint: 'connect a microphone, or choose one: gemlive devices',
  };
}
