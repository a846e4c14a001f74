// A player program of our own: a native module in a process where it can do no harm. `speaker` aborts its
// process when there is no device or when it is closed during a write, prints on stderr from C, and leaks.
//
//   node nativePlayer.cjs speaker|decibri RATE CHANNELS [DEVICE]
//
// stdin: frames of one byte type, four bytes length (little-endian), payload:
//   O open the device   P sound (s16le)   F throw away what has not sounded
// stdout: lines: `ready`, `written BYTES` (of all sound that came in, dropped or accepted), `flushed`.
// The end of stdin is the end of it.
'use strict';

const { writeSync } = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

/**
 * @typedef {object} Device
 * @property {(pcm: Buffer) => Promise<void>} write settles when the device has taken it
 * @property {() => void | Promise<void>} flush never called while a write is in flight
 */

/** A device takes what it gets at once, since little is handed ahead: so late, it hangs. */
const WRITE_WITHIN_MS = 2000;
const HEADER_BYTES = 5;

const [driver = '', rate = '', channels = '', device] = process.argv.slice(2);
// What `ps` calls it.
process.title = `gemlive-${driver}`;
const format = { sampleRate: Number(rate), channels: Number(channels) };

/**
 * Not known to the compiler: they need not be there.
 * @param {string} name
 */
const optional = (name) => require(name);

/** @type {Record<string, () => () => Device | Promise<Device>>} loads the module; what it gives opens the device */
const DRIVERS = { speaker: loadSpeaker, decibri: loadDecibri };

/** @param {string} line */
const say = (line) => writeSync(1, `${line}\n`);

/** @param {unknown} error */
function fail(error) {
  const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
  writeSync(2, `${reason}\n`);
  // oxlint-disable-next-line eslint/no-restricted-properties -- a program of its own
  if (!writing) process.exit(1);
  // Destructors would run into the write that is in flight.
  process.kill(process.pid, 'SIGKILL');
}

/**
 * What is used of `speaker` 0.5.5; `_open` and `audio_handle` are its own business, hence the pinned version.
 * @typedef {import('node:stream').Writable & { _open(): void, audio_handle: object }} NativeSpeaker
 */

function loadSpeaker() {
  // At load it opens the default device, and aborts where there is none.
  /** @type {new (options: object) => NativeSpeaker} */
  const Speaker = optional('speaker');
  const ofSpeaker = createRequire(require.resolve('speaker'));
  /** @type {{ flush(handle: object): void }} */
  const binding = ofSpeaker('bindings')({
    bindings: 'binding',
    module_root: path.dirname(require.resolve('speaker')),
  });
  return () => {
    const speaker = new Speaker({ ...format, bitDepth: 16, signed: true, device });
    speaker.on('error', fail);
    speaker._open();
    return {
      /** @param {Buffer} pcm */
      write: (pcm) =>
        new Promise((resolve, reject) => {
          speaker.write(pcm, (error) => (error ? reject(error) : resolve(undefined)));
        }),
      // Its own close() and end() drain in the main thread, and no new sound can follow them.
      flush: () => binding.flush(speaker.audio_handle),
    };
  };
}

/**
 * What is used of `decibri` 5.0.0.
 * @typedef {{ writeAsync(pcm: Buffer): Promise<void>, stop(): void }} DecibriSpeaker
 */

function loadDecibri() {
  /** @type {{ Speaker: { open(options: object): Promise<DecibriSpeaker> } }} */
  const { Speaker } = optional('decibri');
  const open = async () => {
    const speaker = await Speaker.open({ ...format, device });
    // The stream itself is opened by the first write.
    await speaker.writeAsync(Buffer.alloc(format.channels * 2));
    return speaker;
  };
  return async () => {
    let speaker = open();
    await speaker;
    return {
      /** @param {Buffer} pcm */
      write: async (pcm) => (await speaker).writeAsync(pcm),
      flush: async () => {
        (await speaker).stop();
        // Ahead of the next sound; that one fails if this does.
        speaker = open();
        speaker.catch(() => undefined);
      },
    };
  };
}

/** @type {Device | undefined} */
let opened;
/** @type {Buffer[]} */
const waiting = [];
let takenBytes = 0;
let writtenBytes = 0;
let flushes = 0;
let working = false;
let writing = false;

async function work() {
  if (working || opened === undefined) return;
  working = true;
  for (;;) {
    if (flushes > 0) {
      await opened.flush();
      for (; flushes > 0; flushes--) say('flushed');
      continue;
    }
    const pcm = waiting.shift();
    if (pcm === undefined) break;
    const late = setTimeout(() => fail('the sound device takes no sound'), WRITE_WITHIN_MS);
    writing = true;
    await opened.write(pcm).finally(() => {
      writing = false;
    });
    clearTimeout(late);
    writtenBytes += pcm.length;
    say(`written ${writtenBytes}`);
  }
  working = false;
}

/** @param {string} type @param {Buffer} payload */
function take(type, payload) {
  if (type === 'O') {
    void Promise.resolve()
      .then(load)
      .then((device) => {
        opened = device;
        say('ready');
        return work();
      })
      .catch(fail);
    return;
  }
  if (type === 'P') {
    takenBytes += payload.length;
    waiting.push(payload);
  } else {
    waiting.length = 0;
    writtenBytes = takenBytes;
    flushes++;
  }
  work().catch(fail);
}

/** @type {Buffer} */
let rest = Buffer.alloc(0);
process.stdin.on('data', (/** @type {Buffer} */ chunk) => {
  rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  while (rest.length >= HEADER_BYTES) {
    const end = HEADER_BYTES + rest.readUInt32LE(1);
    if (rest.length < end) break;
    take(String.fromCharCode(rest[0] ?? 0), rest.subarray(HEADER_BYTES, end));
    rest = rest.subarray(end);
  }
});
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL'));

/** @type {() => Device | Promise<Device>} */
let load = () => {
  throw new Error(`no driver ${driver}`);
};
try {
  const loader = DRIVERS[driver];
  if (loader !== undefined) load = loader();
} catch (error) {
  fail(error);
}
