// A microphone for latency: 20 ms of 16 kHz silence in real time, each with the moment of its writing in it.
import { mark, nowMs } from './marks.mjs';

const FRAME_MS = 20;
let dueMs = nowMs();
process.stdout.on('error', () => process.exit(0));
const next = () => {
  const frame = Buffer.alloc(640);
  mark(frame);
  process.stdout.write(frame);
  dueMs += FRAME_MS;
  setTimeout(next, Math.max(0, dueMs - nowMs()));
};
next();
