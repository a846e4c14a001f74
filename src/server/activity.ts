/**
 * What the user says, cut out of what the microphone sends: automatic activity detection, or the client's
 * own markers. Gives the beginning of an utterance at once and its sound when it is over.
 */
import { bytesOfMs, FRAME_MS, INPUT_FORMAT, msOfBytes } from '../audio/format.ts';
import { createSpeechDetector, type SpeechDetector } from '../audio/speechDetector.ts';
import type { AutomaticActivityDetection } from '../protocol/messages.ts';
import { HeldSound } from './heldSound.ts';

export type Utterance = {
  /** 16 kHz mono s16le, with a little of what came before its first sound. */
  pcm: Uint8Array;
  /** How long somebody spoke. */
  speechMs: number;
};

export type ActivityHandlers = {
  /** `atMs`: where its first sound is, from the beginning of the stream. */
  onStart(atMs: number): void;
  onEnd(utterance: Utterance, atMs: number): void;
};

const DEFAULT_SILENCE_MS = 800;
const PATIENT_SILENCE_MS = 1200;
const DEFAULT_START_MS = 100;
/** Look-back from the first voiced frame: a voice begins softly. */
const PRE_ROLL_MS = 300;
/** An utterance that does not end is ended: memory has a bound. */
const MAX_UTTERANCE_BYTES = bytesOfMs(INPUT_FORMAT, 60_000);
/** Between markers it may be a whole recording. */
const MAX_MARKED_BYTES = bytesOfMs(INPUT_FORMAT, 600_000);
const BYTES_PER_MS = bytesOfMs(INPUT_FORMAT, 1);
const FRAME_BYTES = bytesOfMs(INPUT_FORMAT, FRAME_MS);

export async function createActivity(
  config: AutomaticActivityDetection,
  handlers: ActivityHandlers,
): Promise<Activity> {
  if (config.disabled === true) return new Activity(undefined, handlers);
  const detector = await createSpeechDetector({
    startMs: Math.min(1000, Math.max(20, config.prefixPaddingMs ?? DEFAULT_START_MS)),
    endSilenceMs: Math.max(
      20,
      config.silenceDurationMs ??
        (config.endOfSpeechSensitivity === 'END_SENSITIVITY_LOW'
          ? PATIENT_SILENCE_MS
          : DEFAULT_SILENCE_MS),
    ),
    mode: config.startOfSpeechSensitivity === 'START_SENSITIVITY_LOW' ? 3 : 2,
  });
  return new Activity(detector, handlers);
}

export class Activity {
  readonly #detector: SpeechDetector | undefined;
  readonly #handlers: ActivityHandlers;
  /** The last moments while nobody speaks, and the whole utterance while somebody does. */
  readonly #held = new HeldSound();
  /** Its end, less than a frame, that the detector has not heard yet. */
  #unheardBytes = 0;
  #marked = false;
  #receivedBytes = 0;

  /** Without a detector the client's markers say what is speech. */
  constructor(detector: SpeechDetector | undefined, handlers: ActivityHandlers) {
    this.#detector = detector;
    this.#handlers = handlers;
  }

  get automatic(): boolean {
    return this.#detector !== undefined;
  }

  /** Somebody speaks, as far as is known. */
  get speaking(): boolean {
    return this.#detector?.speaking ?? this.#marked;
  }

  /** From the beginning of the stream. */
  get receivedMs(): number {
    return this.#receivedBytes / BYTES_PER_MS;
  }

  /** Where what is held begins, from the beginning of the stream. */
  get heldFromMs(): number {
    return (this.#receivedBytes - this.#held.byteLength) / BYTES_PER_MS;
  }

  /** Where what is held and heard ends, from the beginning of the stream. */
  get #positionMs(): number {
    return (this.#receivedBytes - this.#unheardBytes) / BYTES_PER_MS; // exact in binary
  }

  /** Whole samples. */
  push(pcm: Uint8Array): void {
    this.#receivedBytes += pcm.byteLength;
    if (this.#detector) this.#listen(pcm, this.#detector);
    else if (this.#marked) this.#keepMarked(pcm);
  }

  #keepMarked(pcm: Uint8Array): void {
    const room = MAX_MARKED_BYTES - this.#held.byteLength;
    this.#held.append(pcm.subarray(0, room));
    if (pcm.byteLength >= room) this.flush();
  }

  #listen(pcm: Uint8Array, detector: SpeechDetector): void {
    this.#held.append(pcm);
    this.#unheardBytes += pcm.byteLength;
    while (this.#unheardBytes >= FRAME_BYTES) {
      const at = this.#held.byteLength - this.#unheardBytes;
      this.#unheardBytes -= FRAME_BYTES;
      const change = detector.push(this.#held.view(at, at + FRAME_BYTES));
      if (change === 'start') {
        const spokenMs = detector.positionMs - detector.onsetMs;
        this.#keepLast(spokenMs + PRE_ROLL_MS);
        this.#handlers.onStart(this.#positionMs - spokenMs);
      } else if (change === 'end') {
        this.#finish(detector.speechMs);
      } else if (!detector.speaking) {
        this.#keepLast(PRE_ROLL_MS + detector.longestBeginningMs);
      } else if (at + FRAME_BYTES >= MAX_UTTERANCE_BYTES) this.flush();
    }
  }

  /** What the detector has not heard stays in any case. */
  #keepLast(ms: number): void {
    this.#held.drop(this.#held.byteLength - this.#unheardBytes - bytesOfMs(INPUT_FORMAT, ms));
  }

  /** `activityStart`; false where the detector decides. */
  markStart(): boolean {
    if (this.#detector) return false;
    this.#marked = true;
    this.#held.clear();
    this.#handlers.onStart(this.#positionMs);
    return true;
  }

  /** `activityEnd`; false where the detector decides. */
  markEnd(): boolean {
    if (this.#detector) return false;
    if (this.#marked) this.#finish(undefined);
    return true;
  }

  /** `audioStreamEnd`: what is being said is over now. */
  flush(): void {
    if (!this.speaking) return;
    const speechMs = this.#detector?.speechMs;
    this.#detector?.reset();
    this.#finish(speechMs);
  }

  #finish(speechMs: number | undefined): void {
    this.#marked = false;
    const pcm = this.#held.take(this.#held.byteLength - this.#unheardBytes);
    const utterance = { pcm, speechMs: speechMs ?? msOfBytes(INPUT_FORMAT, pcm.byteLength) };
    this.#handlers.onEnd(utterance, this.#positionMs);
  }

  close(): void {
    this.#detector?.close();
    this.#held.clear();
    this.#unheardBytes = 0;
  }
}
