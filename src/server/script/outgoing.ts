/**
 * The way from the server to one client, with what can be wrong about it: sound that is slow or comes in
 * bursts, transcriptions that come late, keys that nobody knows, and what distortions do to the messages. The order of
 * frames stays as it was, but for what is late.
 */
import { encodeServerMessage } from '../../protocol/codec.ts';
import type { ServerMessage } from '../../protocol/messages.ts';
import { distortionFor, type Distortion, type Out } from './distortions.ts';
import { msOf } from './duration.ts';
import type { Fault } from './script.ts';
import { soundMsOf } from './soundFaults.ts';

type Exit = {
  send(frame: Buffer): void;
  close(code: number, reason: string): void;
};

/** What is wrong at the moment. */
type Shape = {
  slow?: { factor: number | undefined; delayMs: number };
  burstMs?: number;
  lateMs?: number;
  unknownKeys?: true;
};

type Waiting = { dueMs: number } & ({ frame: Buffer } | { code: number; reason: string });

const DEFAULT_MS = 1000;
const NOBODY_KNOWS = { gemliveUnknownKey: { nested: [1, 'two', null] } };

export class Outgoing {
  readonly #exit: Exit;
  #shape: Shape = {};
  /** By the name of the fault, in the order they were set. */
  readonly #distortions = new Map<string, Distortion>();
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #lastDueMs = 0;
  /** When the sound of the last frame would have been played, at the speed that it comes at. */
  #soundUntilMs = 0;
  #holdUntilMs = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #late = new Set<NodeJS.Timeout>();

  constructor(exit: Exit) {
    this.#exit = exit;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** For faults that last. Others change nothing here. */
  set(fault: Fault, distortion: Distortion | undefined = distortionFor(fault)): void {
    if (distortion) this.#distortions.set(fault.fault, distortion);
    switch (fault.fault) {
      case 'slow-audio':
        this.#shape.slow = { factor: fault.factor, delayMs: msOf(fault.delay, 0) };
        if (fault.factor === undefined && fault.delay === undefined) {
          this.#shape.slow = { factor: 0.5, delayMs: 0 };
        }
        break;
      case 'burst':
        this.#shape.burstMs = msOf(fault.hold, DEFAULT_MS);
        break;
      case 'late-transcription':
        this.#shape.lateMs = msOf(fault.delay, DEFAULT_MS);
        break;
      case 'unknown-keys':
        this.#shape.unknownKeys = true;
        break;
      case 'none':
        this.#shape = {};
        this.#distortions.clear();
        break;
      default:
        break;
    }
  }

  /** `message` is what `frame` says, where it says something. */
  send(frame: Buffer, message: ServerMessage | undefined): void {
    const isPlain = Object.keys(this.#shape).length === 0 && this.#distortions.size === 0;
    if (message === undefined || isPlain) {
      this.#line(frame, 0);
      return;
    }
    for (const out of this.#distorted(message)) this.#sendOne(out);
  }

  #distorted(message: ServerMessage): Out[] {
    let outs: Out[] = [{ message }];
    for (const distort of this.#distortions.values()) {
      outs = outs.flatMap(({ message: before, afterMs = 0 }) =>
        distort(before).map((out) => ({ ...out, afterMs: afterMs + (out.afterMs ?? 0) })),
      );
    }
    return outs;
  }

  #sendOne({ message, afterMs = 0 }: Out): void {
    const { lateMs, unknownKeys } = this.#shape;
    const [now, late] = lateMs === undefined ? [message, undefined] : split(message);
    const encode = (part: ServerMessage): Buffer =>
      encodeServerMessage(unknownKeys ? withUnknownKeys(part) : part);
    if (now && afterMs > 0) this.#later(encode(now), afterMs);
    else if (now) this.#line(encode(now), soundMsOf(now));
    if (late) this.#later(encode(late), afterMs + (lateMs ?? 0));
  }

  #line(frame: Buffer, soundMs: number): void {
    const now = performance.now();
    let dueMs = Math.max(now, this.#lastDueMs);
    const { slow, burstMs } = this.#shape;
    if (slow && soundMs > 0) {
      dueMs = Math.max(dueMs, this.#soundUntilMs) + slow.delayMs;
      this.#soundUntilMs = slow.factor === undefined ? dueMs : dueMs + soundMs / slow.factor;
    }
    if (burstMs !== undefined) {
      if (soundMs > 0 && this.#holdUntilMs < now) this.#holdUntilMs = now + burstMs;
      dueMs = Math.max(dueMs, this.#holdUntilMs);
    }
    if (this.#waiting.length === 0 && dueMs <= now) {
      this.#exit.send(frame);
      return;
    }
    this.#lastDueMs = dueMs;
    this.#waitingBytes += frame.byteLength;
    this.#waiting.push({ dueMs, frame });
    this.#wake();
  }

  #later(frame: Buffer, ms: number): void {
    this.#waitingBytes += frame.byteLength;
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      this.#waitingBytes -= frame.byteLength;
      this.#exit.send(frame);
    }, ms);
    this.#late.add(timer);
  }

  /** After all that still waits in line. */
  close(code: number, reason: string): void {
    if (this.#waiting.length === 0) {
      this.#exit.close(code, reason);
      return;
    }
    this.#waiting.push({ dueMs: this.#lastDueMs, code, reason });
    this.#wake();
  }

  #wake(): void {
    if (this.#timer || this.#waiting.length === 0) return;
    const ms = (this.#waiting[0]?.dueMs ?? 0) - performance.now();
    this.#timer = setTimeout(() => this.#timerOnDue(), Math.max(0, ms));
  }

  #timerOnDue(): void {
    this.#timer = undefined;
    while (this.#waiting.length > 0 && (this.#waiting[0]?.dueMs ?? 0) <= performance.now()) {
      const next = this.#waiting.shift();
      if (!next) break;
      if ('frame' in next) {
        this.#waitingBytes -= next.frame.byteLength;
        this.#exit.send(next.frame);
      } else this.#exit.close(next.code, next.reason);
    }
    this.#wake();
  }

  /** What waits is never sent. Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const timer of this.#late) clearTimeout(timer);
    this.#late.clear();
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }
}

/** What is sent now, and the transcriptions of it. */
function split(message: ServerMessage): [ServerMessage | undefined, ServerMessage | undefined] {
  const content = message.serverContent;
  if (!content?.inputTranscription && !content?.outputTranscription) return [message, undefined];
  const { inputTranscription, outputTranscription, ...others } = content;
  const late: ServerMessage = {
    serverContent: {
      ...(inputTranscription && { inputTranscription }),
      ...(outputTranscription && { outputTranscription }),
    },
  };
  const { serverContent: _, ...rest } = message;
  const now: ServerMessage =
    Object.keys(others).length > 0 ? { ...rest, serverContent: others } : rest;
  return [Object.keys(now).length > 0 ? now : undefined, late];
}

function withUnknownKeys(message: ServerMessage): ServerMessage {
  const { serverContent } = message;
  return {
    ...NOBODY_KNOWS,
    ...message,
    ...(serverContent && { serverContent: { ...NOBODY_KNOWS, ...serverContent } }),
  };
}
