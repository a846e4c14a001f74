// The other side of every measurement, in a process of its own: a minimal Live server. The bench forks it
// and tells it by messages how to behave; it tells when setup frames and marked frames arrived.
import { WebSocketServer } from 'ws';

import { findMark, mark, nowMs } from './marks.mjs';

const RATE_HZ = 24_000;
const PIECE_MS = 40;
const PIECE_BYTES = (RATE_HZ * 2 * PIECE_MS) / 1000;
const WORD_EVERY = 10; // pieces: 400 ms, as in speech

/**
 * @typedef {object} Behaviour
 * @property {number} turnMs length of a turn's sound; 0: the server never speaks
 * @property {number} pauseMs between two turns
 * @property {boolean} marks pieces carry the time they were sent, frames of the microphone that of their making
 */

/** @type {Behaviour} */
let behaviour = { turnMs: 0, pauseMs: 0, marks: false };
process.on('message', (/** @type {Behaviour} */ next) => (behaviour = next));
process.on('disconnect', () => process.exit(0));

/** A quiet tone of 250 Hz: whole periods in a piece, so that pieces join without a click. */
const tone = Buffer.alloc(PIECE_BYTES);
for (let i = 0; i < PIECE_BYTES / 2; i++)
  tone.writeInt16LE(Math.round(4000 * Math.sin((2 * Math.PI * 250 * i) / RATE_HZ)), i * 2);

/** As the service writes: binary frames of indented JSON. @param {object} message */
const frame = (message) => Buffer.from(`${JSON.stringify(message, null, 2)}\n`);

/** @param {Buffer} pcm */
const sound = (pcm) => {
  const inlineData = { mimeType: `audio/pcm;rate=${RATE_HZ}`, data: pcm.toString('base64') };
  return frame({ serverContent: { modelTurn: { parts: [{ inlineData }] } } });
};
const plainPiece = sound(tone);
const word = frame({ serverContent: { outputTranscription: { text: 'word ' } } });
const generated = frame({ serverContent: { generationComplete: true } });
const turnOver = frame({ serverContent: { turnComplete: true } });

/** @param {boolean} isFirst of its turn */
function markedPiece(isFirst) {
  const pcm = Buffer.from(tone);
  mark(pcm, isFirst);
  return sound(pcm);
}

/** Speaks in real time, by the clock and not by the sum of its timers. @param {import('ws').WebSocket} socket */
function speak(socket) {
  const { turnMs, pauseMs, marks } = behaviour;
  const pieces = turnMs / PIECE_MS;
  let piece = 0;
  let dueMs = nowMs();
  const next = () => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(marks ? markedPiece(piece === 0) : plainPiece);
    piece += 1;
    dueMs += PIECE_MS;
    if (piece % WORD_EVERY === 0) socket.send(word);
    if (piece === pieces) {
      socket.send(generated);
      socket.send(turnOver);
      piece = 0;
      dueMs += pauseMs;
    }
    setTimeout(next, Math.max(0, dueMs - nowMs()));
  };
  next();
}

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('connection', (socket) => {
  let isSetUp = false;
  let frames = 0;
  socket.on('error', () => {});
  socket.on('close', () => process.send?.({ type: 'closed', frames }));
  socket.on('message', (/** @type {Buffer} */ data) => {
    const atMs = nowMs();
    if (!isSetUp) {
      isSetUp = true;
      process.send?.({ type: 'setup', atMs });
      socket.send(frame({ setupComplete: {} }));
      if (behaviour.turnMs > 0) speak(socket);
      return;
    }
    const { audio } = JSON.parse(data.toString()).realtimeInput ?? {};
    if (audio === undefined) return;
    const pcm = Buffer.from(audio.data, 'base64');
    frames += 1;
    if (!behaviour.marks) return;
    for (const { atMs: madeMs } of findMark(pcm))
      process.send?.({ type: 'marked', delayMs: atMs - madeMs });
  });
});
server.on('listening', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.send?.({ type: 'listening', port: address.port });
});
