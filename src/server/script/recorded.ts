/** A recorded session is a script: the server says again what it said, when the client does what it did. */
import { usageError } from '../../errors.ts';
import { readFrame, wordsIn, type ClientFrame } from './frames.ts';
import type { LoadedScript, LoadedSession, LoadedStep, Place } from './loaded.ts';
import type { LogLine } from './log.ts';
import type { Json, Step } from './script.ts';

/** Less sound than this between two frames of the server is the pace of a stream, and not a thing to wait for. */
const MIN_SOUND_MS = 200;
/** Another client may cut the same sound into other frames, and begin a little later. */
const ENOUGH = 0.9;
const WITHIN_MS = 30_000;

export const isRecording = (text: string): boolean =>
  /^\uFEFF?\{"log":"gemlive"/.test(text.slice(0, 40));

/** @throws GemliveError exit 2, with the line */
export function scriptFromRecording(text: string, name: string): LoadedScript {
  const parts = new Map<number, Part>();
  for (const [index, line] of text.split('\n').entries()) {
    if (index === 0 || line.trim() === '') continue;
    const place = { where: `${name}:${index + 1}`, line: index + 1 };
    const read = readLine(line, place);
    let part = parts.get(read.session);
    if (!part) parts.set(read.session, (part = new Part(place)));
    part.add(read, place);
  }
  if (parts.size === 0) {
    throw usageError(`${name}: nothing was recorded`, 'record a session with --log FILE first');
  }
  return { sessions: [...parts.values()].map((part) => part.session()), each: undefined };
}

function readLine(line: string, { where }: Place): LogLine {
  let value: Partial<Record<string, unknown>> | undefined;
  try {
    value = JSON.parse(line) as Partial<Record<string, unknown>>;
  } catch {
    // Told below; the last line of a log that was cut short is the usual case.
  }
  const isKnown =
    typeof value?.['t'] === 'number' &&
    typeof value['session'] === 'number' &&
    (typeof value['open'] === 'string' ||
      typeof value['raw'] === 'string' ||
      isObject(value['frame']) ||
      isObject(value['close']));
  if (isKnown) return value as LogLine;
  throw usageError(`${where}: not a line of a log of gemlive serve`, 'take this line out');
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One session on its way to steps. */
class Part {
  readonly #start: Place;
  readonly #steps: LoadedStep[] = [];
  #atMs: number | undefined;
  #sound: { ms: number; place: Place } | undefined;

  constructor(start: Place) {
    this.#start = start;
  }

  add(line: LogLine, place: Place): void {
    if ('open' in line) return;
    if ('close' in line) {
      const { code, reason, by } = line.close;
      if (by === 'client') this.#step({ expect: 'close' }, place);
      else {
        this.#pause(line.t, place);
        // 1005 and 1006 are told of an end without a close frame, and cannot be sent.
        const isSent = code !== 1005 && code !== 1006;
        this.#step(isSent ? { close: { code, reason } } : { fault: 'drop' }, place);
      }
    } else if (line.from === 'client') this.#fromClient(line, place);
    else {
      this.#pause(line.t, place);
      if ('frame' in line) this.#step({ send: line.frame as { [key: string]: Json } }, place);
      else this.#step({ fault: 'malformed-frame' }, place);
    }
    this.#atMs = line.t;
  }

  #fromClient(line: Extract<LogLine, { from: string }>, place: Place): void {
    if (!('frame' in line)) return; // was refused then, and will be now
    const frame = readFrame(line.frame);
    if (frame.kind === 'audio') {
      this.#sound ??= { ms: 0, place };
      this.#sound.ms += frame.audioMs;
      return;
    }
    this.#expectSound();
    this.#step({ expect: expectedOf(frame) }, place);
  }

  #expectSound(): boolean {
    const sound = this.#sound;
    this.#sound = undefined;
    if (!sound || sound.ms < MIN_SOUND_MS) return false;
    this.#step({ expect: 'audio', ms: sound.ms * ENOUGH }, sound.place);
    return true;
  }

  /** As long as the server took; where it listened meanwhile, as long as the client speaks. */
  #pause(t: number, place: Place): void {
    const ms = this.#atMs === undefined ? 0 : t - this.#atMs;
    this.#expectSound();
    if (ms >= 1) this.#step({ wait: ms }, place);
  }

  #step(step: Step, place: Place): void {
    this.#steps.push({ ...place, step, steps: [] });
  }

  session(): LoadedSession {
    return { ...this.#start, steps: this.#steps, faults: [], loose: false, withinMs: WITHIN_MS };
  }
}

/** Kinds, and the user's words; not how the client spells them, and not what it may choose anew each time. */
function expectedOf(frame: ClientFrame): Extract<Step, { expect: unknown }>['expect'] {
  const words = wordsIn(frame);
  if (words !== undefined && words !== '') return { text: `/^${escaped(words)}$/` };
  return frame.kind === 'unknown' ? 'realtimeInput' : frame.kind;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
