/**
 * Where speech begins and ends in 16 kHz mono sound: WebRTC's voice activity detector (libfvad as wasm)
 * says voiced or not for every 20 ms; this adds the patience that makes utterances of it.
 */
import type { FvadModule } from '@echogarden/fvad-wasm';

import { FRAME_MS, INPUT_FORMAT } from './format.ts';

export type SpeechDetectorOptions = {
  /** Voiced sound, with gaps of at most {@link GAP_MS} in it, before a start is committed. Default 100. */
  startMs?: number;
  /** Unvoiced time after which the utterance has ended. Default 500. */
  endSilenceMs?: number;
  /** libfvad's aggressiveness: 0 hears speech in everything, 3 only where it is sure. */
  mode?: 0 | 1 | 2 | 3;
};

/** A stop consonant within a word is as long: it does not undo the beginning before it. */
const GAP_MS = 60;
const FRAME_SAMPLES = (INPUT_FORMAT.sampleRateHz * FRAME_MS) / 1000;
const SAMPLE_BYTES = 2;
const FRAME_BYTES = FRAME_SAMPLES * SAMPLE_BYTES;

let loading: Promise<FvadModule> | undefined;

/** Loads the wasm once; everything after that is synchronous. */
export async function createSpeechDetector(
  options: SpeechDetectorOptions = {},
): Promise<SpeechDetector> {
  loading ??= import('@echogarden/fvad-wasm').then((module) => module.default());
  return new SpeechDetector(await loading, options);
}

export class SpeechDetector {
  readonly #fvad: FvadModule;
  readonly #startMs: number;
  readonly #endSilenceMs: number;
  readonly #mode: number;
  readonly #frame: number;
  #state: number;
  #positionMs = 0;
  #voiced = false;
  #speaking = false;
  #onsetMs = 0;
  #lastVoicedMs = 0;
  /** A beginning that is not committed yet; no voiced time when there is none. */
  #candidate = { onsetMs: 0, voicedMs: 0, lastVoicedMs: 0 };

  /** @internal Use {@link createSpeechDetector}: the module has no types that a library could show. */
  constructor(
    fvad: FvadModule,
    { startMs = 100, endSilenceMs = 500, mode = 2 }: SpeechDetectorOptions,
  ) {
    this.#fvad = fvad;
    this.#startMs = startMs;
    this.#endSilenceMs = endSilenceMs;
    this.#mode = mode;
    this.#state = fvad._fvad_new();
    this.#frame = fvad._malloc(FRAME_BYTES);
    if (this.#state === 0 || this.#frame === 0)
      throw new Error('no memory for the speech detector');
    this.#configure();
  }

  /** Between a `start` and its `end`. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** What the last frame alone was. */
  get voiced(): boolean {
    return this.#voiced;
  }

  /** Length of all sound pushed since the beginning or reset(), ms. */
  get positionMs(): number {
    return this.#positionMs;
  }

  /** Position at which the current or last utterance began: its first voiced frame, before `start` was known. */
  get onsetMs(): number {
    return this.#onsetMs;
  }

  /** Position at which the last voiced frame of it ended: before `end` was known. */
  get lastVoicedMs(): number {
    return this.#lastVoicedMs;
  }

  /** Length of the current or last utterance so far, ms. */
  get speechMs(): number {
    return Math.max(0, this.#lastVoicedMs - this.#onsetMs);
  }

  /** No more than this is between the first voiced frame of an utterance and its `start`, with all gaps. */
  get longestBeginningMs(): number {
    return Math.ceil(this.#startMs / FRAME_MS) * (FRAME_MS + GAP_MS);
  }

  /** One frame of 20 ms; a shorter one (the end of a recording) is filled up with silence. */
  push(frame: Uint8Array): 'start' | 'end' | undefined {
    this.#voiced = this.#isVoiced(frame);
    const frameStartMs = this.#positionMs;
    this.#positionMs += FRAME_MS;
    return this.#speaking ? this.#goOn() : this.#lookOut(frameStartMs);
  }

  #goOn(): 'end' | undefined {
    if (this.#voiced) this.#lastVoicedMs = this.#positionMs;
    if (this.#positionMs - this.#lastVoicedMs < this.#endSilenceMs) return undefined;
    this.#speaking = false;
    return 'end';
  }

  #lookOut(frameStartMs: number): 'start' | undefined {
    const candidate = this.#candidate;
    if (!this.#voiced) {
      if (this.#positionMs - candidate.lastVoicedMs > GAP_MS) candidate.voicedMs = 0;
      return undefined;
    }
    if (candidate.voicedMs === 0) candidate.onsetMs = frameStartMs;
    candidate.voicedMs += FRAME_MS;
    candidate.lastVoicedMs = this.#positionMs;
    if (candidate.voicedMs < this.#startMs) return undefined;
    this.#onsetMs = candidate.onsetMs;
    this.#lastVoicedMs = candidate.lastVoicedMs;
    candidate.voicedMs = 0;
    this.#speaking = true;
    return 'start';
  }

  /** As new: positions begin at 0, the noise it has learnt is forgotten. */
  reset(): void {
    if (this.#state === 0) return;
    this.#fvad._fvad_reset(this.#state);
    this.#configure();
    this.#positionMs = 0;
    this.#voiced = false;
    this.#speaking = false;
    this.#onsetMs = 0;
    this.#lastVoicedMs = 0;
    this.#candidate = { onsetMs: 0, voicedMs: 0, lastVoicedMs: 0 };
  }

  /** Frees its memory. Idempotent; nothing is speech afterwards. */
  close(): void {
    if (this.#state === 0) return;
    this.#fvad._fvad_free(this.#state);
    this.#fvad._free(this.#frame);
    this.#state = 0;
  }

  #configure(): void {
    this.#fvad._fvad_set_mode(this.#state, this.#mode);
    this.#fvad._fvad_set_sample_rate(this.#state, INPUT_FORMAT.sampleRateHz);
  }

  #isVoiced(frame: Uint8Array): boolean {
    if (this.#state === 0) return false;
    // A microphone that is muted, or away. libfvad would take it for a quiet room, and the noise of the real one for a voice after it.
    if (!this.#voiced && frame.every((byte) => byte === 0)) return false;
    // wasm is little-endian everywhere, as the sound is. The heap is read anew: the memory may have grown.
    const heap = new Uint8Array(this.#fvad.HEAP16.buffer, this.#frame, FRAME_BYTES);
    const length = Math.min(FRAME_BYTES, frame.byteLength - (frame.byteLength % SAMPLE_BYTES));
    heap.set(length === frame.byteLength ? frame : frame.subarray(0, length));
    if (length < FRAME_BYTES) heap.fill(0, length);
    return this.#fvad._fvad_process(this.#state, this.#frame, FRAME_SAMPLES) === 1;
  }
}
