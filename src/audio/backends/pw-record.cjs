// A recorder module for node-record-lpcm16: PipeWire itself, where its Pulse face is not there.
'use strict';

/** Newer ones write a file format to `-` unless told otherwise; older ones do not know the word. */
const COMMAND =
  'case $(pw-record --help 2>&1) in *--raw*) exec pw-record --raw "$@";; esac; exec pw-record "$@"';

/** @param {import('./recorders.ts').RecorderOptions} options */
module.exports = (options) => ({
  cmd: '/bin/sh',
  args: [
    '-c',
    COMMAND,
    'pw-record',
    '--format=s16',
    `--rate=${options.sampleRate}`,
    `--channels=${options.channels}`,
    '--latency=20ms',
    ...(options.device === undefined ? [] : [`--target=${options.device}`]),
    '-',
  ],
  spawnOptions: options.spawnOptions,
});
