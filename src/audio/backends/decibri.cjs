// A recorder module for node-record-lpcm16: the native module `decibri`, in a process of its own.
'use strict';

const path = require('node:path');

/** @param {import('./recorders.ts').RecorderOptions} options */
module.exports = (options) => ({
  cmd: process.execPath,
  args: [
    path.join(__dirname, 'nativeRecorder.cjs'),
    String(options.sampleRate),
    String(options.channels),
    ...(options.device === undefined ? [] : [options.device]),
  ],
  spawnOptions: options.spawnOptions,
});
