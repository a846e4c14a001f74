// WebSocket by hand, as cheap as it can be: a load of thousands of sessions must cost its own process little.
// Frames are made and masked once and written as they are; of what comes only the first bytes are looked at.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const PATH = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
/** What is kept of a message: the keys stand before any sound. */
const HEAD_BYTES = 512;

/**
 * One masked frame.
 * @param {number} opcode
 * @param {Uint8Array} payload
 * @param {boolean} [isLast] of its message
 */
export function maskedFrame(opcode, payload, isLast = true) {
  const { length } = payload;
  const sizeBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + sizeBytes + 4 + length);
  frame[0] = (isLast ? 0x80 : 0) | opcode;
  frame[1] = 0x80 | (sizeBytes === 0 ? length : sizeBytes === 2 ? 126 : 127);
  if (sizeBytes === 2) frame.writeUInt16BE(length, 2);
  if (sizeBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  const at = 2 + sizeBytes + 4;
  mask.copy(frame, at - 4);
  for (let i = 0; i < length; i++) frame[at + i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return frame;
}

/** @param {unknown} message */
export const textFrame = (message) => maskedFrame(TEXT, Buffer.from(JSON.stringify(message)));

/** @param {Uint8Array} pcm 16 kHz mono s16le */
export const soundFrame = (pcm) =>
  textFrame({
    realtimeInput: {
      audio: { data: Buffer.from(pcm).toString('base64'), mimeType: 'audio/pcm;rate=16000' },
    },
  });

export const pingFrame = () => maskedFrame(PING, Buffer.alloc(0));
const CLOSE_FRAME = maskedFrame(CLOSE, Buffer.from([0x03, 0xe8]));

/**
 * @typedef {object} Listener
 * @property {(head: string, bytes: number) => void} [onMessage] the first bytes of a message that is here whole
 * @property {() => void} [onPong]
 * @property {(code: number | undefined) => void} [onEnd] once; undefined: without a close frame
 */

/** One connection after its upgrade. */
export class Wire {
  /** @type {Listener} */
  listener = {};
  /** Close code, once a close frame is here. @type {number | undefined} */
  code;
  /** Of the close frame. */
  reason = '';
  #head = Buffer.alloc(HEAD_BYTES);
  #headLength = 0;
  #opcode = 0;
  /** Bytes of the frame's payload that are still to come; -1 between frames. */
  #left = -1;
  #length = 0;
  /** @type {Buffer | undefined} */
  #partOfHeader;

  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('close', () => this.listener.onEnd?.(this.code));
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    let bytes = chunk;
    if (this.#partOfHeader) {
      bytes = Buffer.concat([this.#partOfHeader, chunk]);
      this.#partOfHeader = undefined;
    }
    let at = 0;
    while (at < bytes.length || this.#left === 0) {
      if (this.#left < 0) {
        const headerBytes = this.#readHeader(bytes, at);
        if (headerBytes === 0) {
          this.#partOfHeader = bytes.subarray(at);
          return;
        }
        at += headerBytes;
      }
      const here = Math.min(this.#left, bytes.length - at);
      const kept = Math.min(here, HEAD_BYTES - this.#headLength);
      if (kept > 0) this.#headLength += bytes.copy(this.#head, this.#headLength, at, at + kept);
      at += here;
      this.#left -= here;
      if (this.#left > 0) return;
      this.#left = -1;
      this.#finish();
    }
  }

  /** Returns its length; 0 when it is not here whole. @param {Buffer} bytes @param {number} at */
  #readHeader(bytes, at) {
    const size = (bytes[at + 1] ?? 0) & 0x7f;
    const length = size < 126 ? 2 : size === 126 ? 4 : 10;
    if (bytes.length - at < length) return 0;
    this.#opcode = (bytes[at] ?? 0) & 0x0f;
    this.#length = size;
    if (size === 126) this.#length = bytes.readUInt16BE(at + 2);
    if (size === 127) this.#length = Number(bytes.readBigUInt64BE(at + 2));
    this.#left = this.#length;
    this.#headLength = 0;
    return length;
  }

  #finish() {
    if (this.#opcode === PONG) this.listener.onPong?.();
    else if (this.#opcode === CLOSE) {
      this.code = this.#length >= 2 ? this.#head.readUInt16BE(0) : 1005;
      this.reason = this.#head.toString('utf8', 2, this.#headLength);
      this.socket.end(CLOSE_FRAME);
    } else {
      const head = this.#head.toString('latin1', 0, this.#headLength);
      this.listener.onMessage?.(head, this.#length);
    }
  }

  /** Says goodbye; settles when the connection is gone. */
  close() {
    return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      if (this.socket.closed) resolve();
      this.socket.once('close', () => resolve());
      this.socket.write(CLOSE_FRAME);
    });
  }
}

/**
 * Connects and upgrades. Rejects when that does not come about.
 * @param {number} port
 * @returns {Promise<Wire>}
 */
export function openWire(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', reject); // later ones come with a close, which is listened to
    socket.once('close', () => reject(new Error('closed during the upgrade')));
    const key = randomBytes(16).toString('base64');
    socket.write(
      `GET ${PATH} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    let head = Buffer.alloc(0);
    const onData = (/** @type {Buffer} */ chunk) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onData);
      const [status = ''] = head.toString('latin1', 0, end).split('\r\n');
      if (!status.includes(' 101 ')) return reject(new Error(status));
      const wire = new Wire(socket);
      if (head.length > end + 4) socket.unshift(head.subarray(end + 4));
      resolve(wire);
    };
    socket.on('data', onData);
  });
}

/**
 * Connected and set up. Rejects when the server refuses.
 * @param {number} port
 * @param {Buffer} setup a frame
 */
export async function openSession(port, setup) {
  const wire = await openWire(port);
  await /** @type {Promise<void>} */ (
    new Promise((resolve, reject) => {
      wire.listener = {
        onMessage: (head) => {
          if (head.includes('"setupComplete"')) resolve();
          else reject(new Error(`instead of setupComplete: ${head.slice(0, 200)}`));
        },
        onEnd: (code) => reject(new Error(`closed with ${code} at setup`)),
      };
      wire.socket.write(setup);
    })
  );
  wire.listener = {};
  return wire;
}
