// A recorder module for node-record-lpcm16: sox, where there is nothing quicker. The one that comes with
// it cannot say the buffer: at 640 bytes the sound comes 70 ms earlier.
'use strict';

/** @param {import('./recorders.ts').RecorderOptions} options */
module.exports = (options) => ({
  cmd: 'sox',
  args: [
    '-V1',
    '--no-show-progress',
    '--no-dither',
    '--buffer=640',
    ...input(options.device),
    `--rate=${options.sampleRate}`,
    `--channels=${options.channels}`,
    '--encoding=signed-integer',
    '--bits=16',
    '--type=raw',
    '-',
  ],
  spawnOptions: options.spawnOptions,
});

/**
 * A device is `driver:name`, as in `pulseaudio:default`; on Windows `--default-device` finds none.
 * @param {string | undefined} device
 */
function input(device) {
  const fallback =
    process.platform === 'win32' ? ['-t', 'waveaudio', 'default'] : ['--default-device'];
  if (device === undefined) return fallback;
  const colon = device.indexOf(':');
  return colon < 0
    ? ['-t', 'alsa', device]
    : ['-t', device.slice(0, colon), device.slice(colon + 1)];
}
