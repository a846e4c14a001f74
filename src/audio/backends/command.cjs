// A recorder module for node-record-lpcm16: any line for the shell that writes raw s16le mono of 16 kHz.
'use strict';

/** @param {import('./recorders.ts').RecorderOptions} options */
module.exports = (options) => ({
  cmd: options.command,
  args: [],
  spawnOptions: { ...options.spawnOptions, shell: true },
});
