// What the bare loop and the SDK's loop share: a recorder and a player as child processes, no more.
import { spawn } from 'node:child_process';

const FRAME_BYTES = 640; // 20 ms of 16 kHz mono s16le

/** The words after the URL: two lines for the shell. Without them the subject only connects. */
export const [, , url = '', recorder, player] = process.argv;

/** @param {(frame: Buffer) => void} take called with every 20 ms of the microphone */
export function record(take) {
  if (recorder === undefined) return;
  const child = spawn(`exec ${recorder}`, { shell: true, stdio: ['ignore', 'pipe', 'ignore'] });
  process.once('exit', () => child.kill());
  /** @type {Buffer} */
  let held = Buffer.alloc(0);
  child.stdout.on('data', (/** @type {Buffer} */ chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    for (; at + FRAME_BYTES <= held.length; at += FRAME_BYTES)
      take(held.subarray(at, at + FRAME_BYTES));
    held = held.subarray(at);
  });
}

/** @returns {(pcm: Buffer) => void} */
export function play() {
  if (player === undefined) return () => {};
  const child = spawn(`exec ${player}`, { shell: true, stdio: ['pipe', 'ignore', 'ignore'] });
  process.once('exit', () => child.kill());
  return (pcm) => child.stdin.write(pcm);
}

process.on('SIGTERM', () => process.exit(0));
