// A recorder program of our own around `decibri` 5.0.0: `node nativeRecorder.cjs RATE CHANNELS [DEVICE]`
// writes raw s16le on stdout. Its 28 MB and its native code stay out of gemlive's process.
'use strict';

const { writeSync } = require('node:fs');

const [rate, channels, device] = process.argv.slice(2);
process.title = 'gemlive-decibri';

/** @param {unknown} error */
function fail(error) {
  const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
  writeSync(2, `${reason}\n`);
  // oxlint-disable-next-line eslint/no-restricted-properties -- a program of its own
  process.exit(1);
}

/**
 * Not known to the compiler: it need not be there.
 * @type {{ Microphone: { open(options: object): Promise<import('node:stream').Readable> } }}
 */
const { Microphone } = ((/** @type {string} */ name) => require(name))('decibri');

Microphone.open({
  sampleRate: Number(rate),
  channels: Number(channels),
  framesPerBuffer: Number(rate) / 50,
  device,
}).then((microphone) => {
  microphone.on('error', fail);
  microphone.on('end', () => fail('the microphone has ended'));
  microphone.on('data', (/** @type {Buffer} */ pcm) => process.stdout.write(pcm));
}, fail);
// Whoever started it has gone.
process.stdout.on('error', fail);
process.stdin.on('end', () => fail('closed'));
process.stdin.resume();
