// Those who take more than their share, beside those who are measured.
import { setTimeout as pause } from 'node:timers/promises';
import { maskedFrame, openSession, textFrame } from './wire.mjs';

const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** JSON of almost 16 MiB: as much sound as a frame can hold. @param {number} rateHz */
function hugeSound(rateHz) {
  const bytes = Math.floor(((MAX_FRAME_BYTES - 200) / 4) * 3);
  const pcm = Buffer.alloc(bytes - (bytes % 2));
  for (let at = 0; at < pcm.length; at += 2) pcm.writeInt16LE(((at * 7919) % 20_000) - 10_000, at);
  const audio = { data: pcm.toString('base64'), mimeType: `audio/pcm;rate=${rateHz}` };
  return textFrame({ realtimeInput: { audio } });
}

/**
 * `deaf`: asks for long answers and reads nothing. `huge`: frames of 16 MiB of sound, at 16 kHz and at 48 kHz.
 * `garbage`: megabytes that are no message, on ever new connections.
 * @param {{ port: number, kind: 'deaf' | 'huge' | 'garbage', times: number, everyMs: number, setup: object }} options
 */
export async function misbehave({ port, kind, times, everyMs, setup }) {
  const frame = textFrame({ setup });
  const frames = {
    deaf: [textFrame({ realtimeInput: { text: 'Count to one hundred.' } })],
    huge: [hugeSound(16_000), hugeSound(48_000)],
    garbage: [maskedFrame(1, Buffer.alloc(4 * 1024 * 1024, '['))],
  }[kind];
  /** @type {import('./wire.mjs').Wire[]} */
  const wires = [];
  for (let i = 0; i < times; i++) {
    if (kind !== 'huge' || wires.length === 0) wires.push(await openSession(port, frame));
    const wire = wires.at(-1);
    if (kind === 'deaf') wire?.socket.pause();
    wire?.socket.write(frames[i % frames.length] ?? '');
    await pause(everyMs);
  }
  const codes = wires.map((wire) => wire.code);
  for (const wire of wires) wire.socket.destroy();
  return { codes };
}
