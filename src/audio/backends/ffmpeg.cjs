// A recorder module for node-record-lpcm16: ffmpeg, by the input device that its system has.
'use strict';

/** @type {Record<string, (device: string | undefined) => string[]>} */
const INPUTS = {
  pulse: (device) => ['-f', 'pulse', '-fragment_size', '640', '-i', device ?? 'default'],
  alsa: (device) => ['-f', 'alsa', '-i', device ?? 'default'],
  avfoundation: (device) => ['-f', 'avfoundation', '-i', `:${device ?? 'default'}`],
  // It knows no default: `ffmpeg -list_devices true -f dshow -i dummy` names them.
  dshow: (device) => ['-f', 'dshow', '-audio_buffer_size', '20', '-i', `audio=${device ?? ''}`],
};

/** Only these two take them. */
const FORMATTED = new Set(['pulse', 'alsa']);

/** @param {import('./recorders.ts').RecorderOptions} options */
module.exports = (options) => {
  const { driver = 'pulse', sampleRate, channels, device } = options;
  return {
    cmd: 'ffmpeg',
    args: [
      ...'-hide_banner -nostdin -loglevel error -fflags nobuffer -probesize 32 -analyzeduration 0'.split(
        ' ',
      ),
      ...(FORMATTED.has(driver)
        ? `-sample_rate ${sampleRate} -channels ${channels}`.split(' ')
        : []),
      ...(INPUTS[driver]?.(device) ?? []),
      ...`-f s16le -ar ${sampleRate} -ac ${channels} -flush_packets 1 -`.split(' '),
    ],
    spawnOptions: options.spawnOptions,
  };
};
