/**
 * What stands between the socket of a client and whoever answers it, the session of the local server or a
 * script: faults happen here, and frames are seen here, as the client sends and gets them.
 */
import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { decodeFrame, encodeServerMessage } from '../../protocol/codec.ts';
import type { ServerMessage } from '../../protocol/messages.ts';
import { closeReason } from '../refusal.ts';
import { msOf } from './duration.ts';
import type { LoadedFault } from './loaded.ts';
import { gatesFor, type Gate } from './gates.ts';
import { readIncoming } from './incoming.ts';
import { Outgoing } from './outgoing.ts';
import type { After, Fault } from './script.ts';
import { soundMsOf } from './soundFaults.ts';

export type WireOptions = {
  faults: readonly LoadedFault[];
  /** Every frame, when it comes or really goes. */
  onFrame?: ((from: 'client' | 'server', frame: Buffer) => void) | undefined;
};

type Pending = { after: After; fault: Fault };

/** A WebSocket as far as a session uses one: `message`, `error` and `close`, send, close, terminate, bufferedAmount. */
export class Wire extends EventEmitter {
  readonly #socket: WebSocket;
  readonly #onFrame: WireOptions['onFrame'];
  readonly #outgoing: Outgoing;
  readonly #timers: NodeJS.Timeout[] = [];
  #pending: Pending[] = [];
  #sent = { turns: 0, frames: 0, audioMs: 0 };
  #isHalfOpen = false;
  #isBroken = false;
  #endedByUs = false;
  /** Frames are changed on their way, and so have to be read. */
  #shapes = false;
  /** What a client sends has to get through these. */
  readonly #gates = new Map<string, Gate>();

  constructor(socket: WebSocket, { faults, onFrame }: WireOptions) {
    super();
    this.#socket = socket;
    this.#onFrame = onFrame;
    this.#outgoing = new Outgoing({
      send: (frame) => this.#write(frame),
      close: (code, reason) => socket.close(code, reason),
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.#onFrame?.('client', data);
      if (!this.#passes(data)) return;
      this.emit('message', data, isBinary);
    });
    socket.on('error', (error) => this.emit('error', error));
    socket.on('close', (code: number, reason: Buffer) => {
      this.#stop();
      this.emit('close', code, reason);
    });
    for (const { fault } of faults) this.#plan(fault);
  }

  #passes(data: Buffer): boolean {
    if (this.#gates.size === 0) return true;
    const message = readIncoming(data, true) ?? {};
    return [...this.#gates.values()].every((passes) => passes(message));
  }

  /** What a `Session` takes. */
  asSocket(): WebSocket {
    return this as unknown as WebSocket;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount + this.#outgoing.waitingBytes;
  }

  /** A fault has ended it: what the client does not do any more is not the client's fault. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Who ended it, once it is closed. */
  get endedBy(): 'client' | 'server' {
    return this.#endedByUs ? 'server' : 'client';
  }

  #plan(fault: LoadedFault['fault']): void {
    if (fault.after) this.#pending.push({ after: fault.after, fault });
    else if (fault.at === undefined) this.inflict(fault);
    else this.#timers.push(setTimeout(() => this.inflict(fault), msOf(fault.at, 0)));
  }

  send(frame: Buffer): void {
    this.#outgoing.send(frame, this.#shapes ? messageIn(frame) : undefined);
  }

  #write(frame: Buffer): void {
    if (this.#isHalfOpen || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#onFrame?.('server', frame);
    this.#socket.send(frame);
    if (this.#pending.length > 0) this.#count(frame);
  }

  #count(frame: Buffer): void {
    const message = messageIn(frame);
    this.#sent.frames += 1;
    if (message?.serverContent?.turnComplete === true) this.#sent.turns += 1;
    if (message) this.#sent.audioMs += soundMsOf(message);
    const { turns, frames, audioMs } = this.#sent;
    const isDue = ({ after }: Pending): boolean => {
      if ('turns' in after) return turns >= after.turns;
      return 'frames' in after ? frames >= after.frames : audioMs >= msOf(after.audio, 0);
    };
    const due = this.#pending.filter(isDue);
    this.#pending = this.#pending.filter((pending) => !due.includes(pending));
    for (const { fault } of due) this.inflict(fault);
  }

  inflict(fault: Fault): void {
    if (['drop', 'half-open', 'close'].includes(fault.fault)) this.#isBroken = true;
    switch (fault.fault) {
      case 'drop':
        this.terminate();
        break;
      case 'half-open':
        this.#isHalfOpen = true;
        this.#outgoing.stop();
        this.#socket.pause();
        break;
      case 'malformed-frame':
        this.#write(malformed(fault.kind ?? 'not-json'));
        break;
      case 'close':
        this.close(fault.code ?? 1011, fault.reason ?? 'Internal error encountered.');
        break;
      case 'goAway': {
        const seconds = msOf(fault.timeLeft, 30_000) / 1000;
        this.send(encodeServerMessage({ goAway: { timeLeft: `${seconds}s` } }));
        break;
      }
      case 'error-frame':
        this.#write(errorFrame(fault));
        break;
      default:
        this.#shapes = fault.fault !== 'none';
        this.#last(fault);
    }
  }

  /** A fault that lasts. */
  #last(fault: Fault): void {
    if (fault.fault === 'none') this.#gates.clear();
    const { incoming, outgoing } = gatesFor(fault, (code, reason, afterMs) => {
      this.#isBroken = true;
      this.#timers.push(setTimeout(() => this.close(code, reason), afterMs));
    });
    if (incoming) this.#gates.set(fault.fault, incoming);
    this.#outgoing.set(fault, outgoing);
  }

  close(code: number, reason: string): void {
    this.#endedByUs = true;
    if (this.#isHalfOpen) this.terminate();
    else this.#outgoing.close(code, closeReason(reason));
  }

  terminate(): void {
    this.#endedByUs = true;
    this.#stop();
    this.#socket.terminate();
  }

  #stop(): void {
    this.#outgoing.stop();
    this.#pending = [];
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

function messageIn(frame: Buffer): ServerMessage | undefined {
  const decoded = decodeFrame(frame);
  return decoded.ok ? decoded.message : undefined;
}

const errorFrame = ({
  code = 13,
  message = 'Internal error encountered.',
  status = 'INTERNAL',
}: Extract<Fault, { fault: 'error-frame' }>): Buffer =>
  Buffer.from(`${JSON.stringify({ error: { code, message, status } }, null, 2)}\n`);

function malformed(kind: 'not-json' | 'bad-utf8' | 'not-object'): Buffer {
  if (kind === 'bad-utf8') return Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]);
  return Buffer.from(kind === 'not-json' ? '{"serverContent": {' : '["not", "an", "object"]');
}
