/** Devices that come and go, in one line each for the user. */
import type { DeviceNotice } from '../audio/ports.ts';
import type { Warning } from '../errors.ts';

export function tellOf(
  device: 'microphone' | 'loudspeaker',
  tell: (warning: Warning) => void,
): (notice: DeviceNotice) => void {
  let isLost = false;
  return (notice) => {
    if (notice.state === 'lost') {
      tell({
        code: `${device}_lost`,
        message: `the ${device} is gone: ${notice.why}; looking for it`,
      });
    } else {
      const what = isLost ? 'back' : 'another one now';
      tell({ code: `${device}_back`, message: `the ${device} is ${what}: ${notice.label}` });
    }
    isLost = notice.state === 'lost';
  };
}
