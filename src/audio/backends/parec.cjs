// A recorder module for node-record-lpcm16: PulseAudio, or PipeWire by its Pulse face.
// 17 ms from sound to data; left to itself parec holds two seconds.
'use strict';

/** @param {import('./recorders.ts').RecorderOptions} options */
module.exports = (options) => ({
  cmd: 'parec',
  args: [
    '--record',
    '--raw',
    // It says when the server moves it to another device.
    '--verbose',
    '--format=s16le',
    `--rate=${options.sampleRate}`,
    `--channels=${options.channels}`,
    '--latency-msec=20',
    '--process-time-msec=10',
    '--client-name=gemlive',
    '--stream-name=gemlive',
    ...(options.device === undefined ? [] : [`--device=${options.device}`]),
  ],
  spawnOptions: options.spawnOptions,
});
