// A recorder module for node-record-lpcm16: sox, where there is nothing quicker. The one that comes with
// it cannot say the buffer: at 640 bytes the sound comes 70 ms earlier.
'use strict';

const { soxDevice } = require('./soxDevice.cjs');

/** @param {import('./recorders.ts').RecorderOptions} options */
module.exports = (options) => ({
  cmd: 'sox',
  args: [
    '-V1',
    '--no-show-progress',
    '--no-dither',
    '--buffer=640',
    ...soxDevice(options.device),
    `--rate=${options.sampleRate}`,
    `--channels=${options.channels}`,
    '--encoding=signed-integer',
    '--bits=16',
    '--type=raw',
    '-',
  ],
  spawnOptions: options.spawnOptions,
});
