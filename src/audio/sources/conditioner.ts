/**
 * What live capture passes through before anybody sees it, never the samples of a file: its offset is taken
 * out, and three faults of a microphone are told, each once: it clips, it is far too quiet, it is dead.
 */
import { BYTES_PER_SAMPLE, FRAME_MS, INPUT_FORMAT } from '../format.ts';
import { FLOOR_DBFS, levelDbfs, viewOf } from '../pcm.ts';

export type MicFault = 'clips' | 'quiet' | 'silent';

/** Below the lowest voice by three octaves: what is there is no sound, and a voice keeps its shape. */
const CUTOFF_HZ = 10;
const POLE = 1 - (2 * Math.PI * CUTOFF_HZ) / INPUT_FORMAT.sampleRateHz;

const FULL_SCALE = 32_760;
/** Above this somebody speaks, or something sounds as loud. */
const SOUND_DBFS = -30;
const framesOf = (ms: number): number => ms / FRAME_MS;
/** So much sound is looked at together. */
const CLIP_WINDOW_FRAMES = framesOf(3000);
/** In a clap one frame or two clip; in speech that is too loud, each strong vowel. */
const CLIPPED_FRAMES = 0.1 * CLIP_WINDOW_FRAMES;
const CLIPPED_SAMPLES = 0.005;

const SILENT_FRAMES = framesOf(5000);
/** Once it has given sound: a noise gate closes in every pause. */
const SILENT_AFTER_SOUND_FRAMES = framesOf(30_000);

const QUIET_WINDOW_FRAMES = framesOf(10_000);
/** Of two windows in a row: not for one cough in a quiet room. */
const QUIET_WINDOWS = 2;
/** The loudest that such a microphone gives; speech at an arm's length is 20 dB louder. */
const QUIET_DBFS = -50;
/** Speech stands out of the room by this much, for so long; a quiet room or some keystrokes do not. */
const SPEECH_OVER_FLOOR_DB = 12;
const SPEECH_FRAMES = framesOf(3000);

/**
 * One-pole high-pass, y[n] = x[n] − x[n−1] + R·y[n−1]. A frame of zeros stays one and starts it anew, so that
 * mute and unmute make no step.
 */
class OffsetRemover {
  #lastIn: number | undefined;
  #lastOut = 0;

  push(frame: Uint8Array): Uint8Array {
    if (isZero(frame)) {
      this.#lastIn = undefined;
      this.#lastOut = 0;
      return frame;
    }
    const result = new Uint8Array(frame.byteLength);
    const [from, to] = [viewOf(frame), viewOf(result)];
    let lastIn = this.#lastIn ?? from.getInt16(0, true);
    let lastOut = this.#lastOut;
    for (let at = 0; at + 1 < frame.byteLength; at += BYTES_PER_SAMPLE) {
      const sample = from.getInt16(at, true);
      lastOut = sample - lastIn + POLE * lastOut;
      lastIn = sample;
      to.setInt16(at, Math.max(-32_768, Math.min(32_767, Math.round(lastOut))), true);
    }
    this.#lastIn = lastIn;
    this.#lastOut = lastOut;
    return result;
  }
}

export class Conditioner {
  readonly #onFault: (fault: MicFault) => void;
  readonly #told = new Set<MicFault>();
  #offset = new OffsetRemover();
  #sound = { frames: 0, clippedFrames: 0, clippedSamples: 0, samples: 0 };
  #zeroFrames = 0;
  #hasSounded = false;
  #levels: number[] = [];
  #quietWindows = 0;

  constructor(onFault: (fault: MicFault) => void) {
    this.#onFault = onFault;
  }

  /**
   * A frame of {@link FRAME_MS} as it came from the microphone → the same without its offset. Frames of
   * zeros come back as they are. `isMonitor`: it hears a program, which may well be silent.
   */
  push(frame: Uint8Array, { isMonitor = false } = {}): Uint8Array {
    const result = this.#offset.push(frame);
    const level = levelDbfs(result);
    this.#checkSilence(isZero(frame) && !isMonitor);
    this.#checkClipping(frame, level);
    this.#checkQuiet(level);
    return result;
  }

  /** Another microphone: nothing of the one before counts. */
  reset(): void {
    this.#offset = new OffsetRemover();
    this.#sound = { frames: 0, clippedFrames: 0, clippedSamples: 0, samples: 0 };
    this.#zeroFrames = 0;
    this.#hasSounded = false;
    this.#levels = [];
    this.#quietWindows = 0;
  }

  #tell(fault: MicFault): void {
    if (this.#told.has(fault)) return;
    this.#told.add(fault);
    this.#onFault(fault);
  }

  /** Every converter has noise; zeros come from software. */
  #checkSilence(isSilent: boolean): void {
    this.#zeroFrames = isSilent ? this.#zeroFrames + 1 : 0;
    if (!isSilent) this.#hasSounded = true;
    if (this.#zeroFrames === (this.#hasSounded ? SILENT_AFTER_SOUND_FRAMES : SILENT_FRAMES))
      this.#tell('silent');
  }

  #checkClipping(frame: Uint8Array, level: number): void {
    if (level < SOUND_DBFS) return;
    const sound = this.#sound;
    const view = viewOf(frame);
    const before = sound.clippedSamples;
    for (let at = 0; at + 1 < frame.byteLength; at += BYTES_PER_SAMPLE) {
      if (Math.abs(view.getInt16(at, true)) >= FULL_SCALE) sound.clippedSamples += 1;
    }
    sound.samples += frame.byteLength / BYTES_PER_SAMPLE;
    sound.frames += 1;
    if (sound.clippedSamples > before) sound.clippedFrames += 1;
    if (sound.frames < CLIP_WINDOW_FRAMES) return;
    const { clippedFrames, clippedSamples, samples } = sound;
    this.#sound = { frames: 0, clippedFrames: 0, clippedSamples: 0, samples: 0 };
    if (clippedFrames >= CLIPPED_FRAMES && clippedSamples / samples >= CLIPPED_SAMPLES)
      this.#tell('clips');
  }

  #checkQuiet(level: number): void {
    if (this.#told.has('quiet')) return;
    this.#levels.push(level);
    if (this.#levels.length < QUIET_WINDOW_FRAMES) return;
    const sorted = this.#levels.toSorted((a, b) => a - b);
    this.#levels = [];
    const floor = sorted[Math.floor(sorted.length / 5)] ?? 0;
    const top = sorted.at(-1) ?? 0;
    const speech = sorted.filter((one) => one > floor + SPEECH_OVER_FLOOR_DB).length;
    // A floor of zeros is a gate or a program: its pauses say nothing about the room.
    const isQuiet = floor > FLOOR_DBFS && top < QUIET_DBFS && speech >= SPEECH_FRAMES;
    this.#quietWindows = isQuiet ? this.#quietWindows + 1 : 0;
    if (this.#quietWindows === QUIET_WINDOWS) this.#tell('quiet');
  }
}

const isZero = (frame: Uint8Array): boolean => frame.every((byte) => byte === 0);
