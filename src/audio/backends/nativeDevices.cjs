// `node nativeDevices.cjs input|output`: the devices that `decibri` 5.0.0 can open, as JSON. Its native code
// stays out of gemlive's process.
'use strict';

const { writeSync } = require('node:fs');

const [direction] = process.argv.slice(2);

/** @typedef {{ name: string, id: string, isDefault: boolean, maxInputChannels?: number, maxOutputChannels?: number }} NativeDevice */

/**
 * Not known to the compiler: it need not be there.
 * @type {{ inputDevices(): NativeDevice[], outputDevices(): NativeDevice[] }}
 */
const decibri = ((/** @type {string} */ name) => require(name))('decibri');

const all = direction === 'input' ? decibri.inputDevices() : decibri.outputDevices();
// ALSA's plug-ins without a device behind them have no channels.
const usable = all.filter(
  ({ id, maxInputChannels, maxOutputChannels }) =>
    (maxInputChannels ?? maxOutputChannels ?? 0) > 0 && id !== 'alsa:null',
);
writeSync(1, JSON.stringify(usable.map(({ name, isDefault }) => ({ name, isDefault }))));
