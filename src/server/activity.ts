/**
 * What the user says, cut out of what the microphone sends: automatic activity detection, or the client's
 * own markers. Gives the beginning of an utterance at once and its sound when it is over.
 */
import { FRAME_MS, INPUT_FORMAT, msOfBytes } from '../audio/format.ts';
import { concatBytes, Rechunker } from '../audio/pcm.ts';
import { createSpeechDetector, type SpeechDetector } from '../audio/speechDetector.ts';
import type { AutomaticActivityDetection } from '../protocol/messages.ts';

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
const MAX_UTTERANCE_MS = 60_000;
/** Between markers it may be a whole recording. */
const MAX_MARKED_MS = 600_000;

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
  readonly #rechunker = new Rechunker(INPUT_FORMAT);
  /** The last moments while nobody speaks, and the whole utterance while somebody does. */
  #frames: Uint8Array[] = [];
  #marked = false;
  #positionMs = 0;

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

  push(pcm: Uint8Array): void {
    for (const frame of this.#rechunker.push(pcm)) this.#pushFrame(frame);
  }

  #pushFrame(frame: Uint8Array): void {
    this.#positionMs += FRAME_MS;
    const detector = this.#detector;
    if (!detector) {
      if (this.#marked) this.#frames.push(frame);
    } else {
      this.#frames.push(frame);
      const change = detector.push(frame);
      if (change === 'start') {
        this.#keepLast(detector.positionMs - detector.onsetMs + PRE_ROLL_MS);
        this.#handlers.onStart(this.#positionMs - (detector.positionMs - detector.onsetMs));
      } else if (change === 'end') {
        this.#finish(detector.speechMs);
      } else if (!detector.speaking) {
        this.#keepLast(PRE_ROLL_MS + 1000);
      }
    }
    const maxMs = detector ? MAX_UTTERANCE_MS : MAX_MARKED_MS;
    if (this.speaking && this.#heldMs() >= maxMs) this.flush();
  }

  #heldMs(): number {
    return this.#frames.length * FRAME_MS;
  }

  #keepLast(ms: number): void {
    const excess = this.#frames.length - Math.ceil(ms / FRAME_MS);
    if (excess > 0) this.#frames.splice(0, excess);
  }

  /** `activityStart`; false where the detector decides. */
  markStart(): boolean {
    if (this.#detector) return false;
    this.#marked = true;
    this.#frames = [];
    this.#handlers.onStart(this.#positionMs);
    return true;
  }

  /** `activityEnd`; false where the detector decides. */
  markEnd(): boolean {
    if (this.#detector) return false;
    if (this.#marked) {
      this.#frames.push(this.#rechunker.rest());
      this.#finish(undefined);
    }
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
    const pcm = concatBytes(this.#frames);
    this.#frames = [];
    const utterance = { pcm, speechMs: speechMs ?? msOfBytes(INPUT_FORMAT, pcm.byteLength) };
    this.#handlers.onEnd(utterance, this.#positionMs);
  }

  close(): void {
    this.#detector?.close();
    this.#frames = [];
  }
}
