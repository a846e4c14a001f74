/** Devices that come and go, in one line each for the user. */
import type { DeviceNotice } from '../audio/ports.ts';
import type { Warning } from '../errors.ts';

const WAITS = { microphone: 'nothing is heard', loudspeaker: 'the answer waits' } as const;
const RETURNED = { lost: 'back', suspended: 'resumed', back: 'another one now' } as const;

/** A monitor is suspended with its sink, and by no command of its own. */
function resumeCommand(kind: 'microphone' | 'loudspeaker', device: string): string {
  const isSink = kind === 'loudspeaker' || device.endsWith('.monitor');
  return `pactl suspend-${isSink ? 'sink' : 'source'} ${device.replace(/\.monitor$/, '')} 0`;
}

export function tellOf(
  device: 'microphone' | 'loudspeaker',
  tell: (warning: Warning) => void,
): (notice: DeviceNotice) => void {
  let before: DeviceNotice['state'] = 'back';
  return (notice) => {
    switch (notice.state) {
      case 'lost':
        tell({
          code: `${device}_lost`,
          message: `the ${device} is gone: ${notice.why}; looking for it`,
        });
        break;
      case 'suspended':
        tell({
          code: `${device}_suspended`,
          message: `the sound server has suspended the ${device} (${notice.device}): ${WAITS[device]} until it is resumed`,
          hint: resumeCommand(device, notice.device),
        });
        break;
      case 'back':
        tell({
          code: `${device}_back`,
          message: `the ${device} is ${RETURNED[before]}: ${notice.label}`,
        });
        break;
      default:
        break;
    }
    before = notice.state;
  };
}
