/** Rooms for the tests of the canceller, with voices from files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { EchoCanceller } from '../../src/audio/echo/canceller.ts';
import { floatFromS16 } from '../../src/audio/pcm.ts';
import { measure, type Figures } from '../bench/echo/measure.ts';
import { ours } from '../bench/echo/methods.ts';
import { makeRoom, type Room, type RoomOptions } from '../bench/echo/room.ts';

const HEADER_BYTES = 44;
const voice = (name: string): Float32Array =>
  floatFromS16(
    readFileSync(join(import.meta.dirname, '..', '..', 'audio-fixtures', name)).subarray(
      HEADER_BYTES,
    ),
  );
export const assistant = voice('long.wav');
export const user = voice('three-questions.wav');

export const roomWith = (options: Partial<RoomOptions>): Room =>
  makeRoom({
    name: 'test',
    far: assistant,
    near: user,
    seed: 77,
    delayMs: 80,
    couplingDb: -10,
    ...options,
  });

export async function inRoom(options: Partial<RoomOptions>): Promise<Figures> {
  const room = roomWith(options);
  return measure(room, (await ours(room)).result);
}

/** Either is enough: nobody hears the difference. */
export const isQuiet = ({ settled, overNoiseDb }: Figures): boolean =>
  settled >= 35 || overNoiseDb <= 3;

export function run(
  canceller: EchoCanceller,
  reference: Float32Array,
  microphone: Float32Array,
  piece = 320,
): Float32Array {
  const out = new Float32Array(microphone.length);
  for (let at = 0; at < out.length; at += piece) {
    const end = Math.min(out.length, at + piece);
    const far = reference.subarray(at, end);
    canceller.process(far, microphone.subarray(at, end), out.subarray(at, end));
  }
  return out;
}
