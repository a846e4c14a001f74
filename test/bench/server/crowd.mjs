// Thousands who say nothing, and thousands who come and go.
import { setTimeout as pause } from 'node:timers/promises';
import { openSession, textFrame } from './wire.mjs';

const AT_ONCE = 100;

/**
 * Holds `sessions` open and silent for `holdMs`; tells `open` when all are.
 * @param {{ port: number, sessions: number, holdMs: number, setup: object }} options
 * @param {(progress: unknown) => void} tell
 */
export async function holdIdle({ port, sessions, holdMs, setup }, tell) {
  const frame = textFrame({ setup });
  /** @type {import('./wire.mjs').Wire[]} */
  const wires = [];
  let ended = 0;
  const startMs = performance.now();
  while (wires.length < sessions) {
    const some = Math.min(AT_ONCE, sessions - wires.length);
    wires.push(
      ...(await Promise.all(Array.from({ length: some }, () => openSession(port, frame)))),
    );
  }
  const openMs = performance.now() - startMs;
  for (const wire of wires) wire.listener = { onEnd: () => (ended += 1) };
  tell('open');
  await pause(holdMs);
  for (const wire of wires) wire.listener = {};
  await Promise.all(wires.map((wire) => wire.close()));
  return { openMs, ended };
}

/**
 * Opens, sets up, says something and leaves, `sessions` times; one in three without a goodbye.
 * @param {{ port: number, sessions: number, setup: object }} options
 */
export async function openAndClose({ port, sessions, setup }) {
  const frame = textFrame({ setup });
  const words = textFrame({ realtimeInput: { text: 'What time is it?' } });
  let begun = 0;
  const come = async () => {
    while (begun < sessions) {
      begun += 1;
      const rude = begun % 3 === 0;
      const wire = await openSession(port, frame);
      wire.socket.write(words);
      if (rude) wire.socket.destroy();
      else await wire.close();
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, come));
  return { ms: performance.now() - startMs };
}
