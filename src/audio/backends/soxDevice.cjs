// How sox is told a device, to record from or to play on.
'use strict';

/** What it calls the sound of each system; elsewhere it finds the default itself. */
const DRIVERS = new Map([
  ['win32', 'waveaudio'],
  ['darwin', 'coreaudio'],
]);

/**
 * A device is `driver:name`, as in `pulseaudio:default`; a bare name is one of the system's own driver.
 * @param {string | undefined} device
 */
function soxDevice(device) {
  const driver = DRIVERS.get(process.platform);
  if (device === undefined)
    return driver === undefined ? ['--default-device'] : ['-t', driver, 'default'];
  const colon = device.indexOf(':');
  return colon < 0
    ? ['-t', driver ?? 'alsa', device]
    : ['-t', device.slice(0, colon), device.slice(colon + 1)];
}

exports.soxDevice = soxDevice;
