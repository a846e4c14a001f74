/** A microphone that is listened to for a while: all that it gave, when, and whether it still lives. */
import { BYTES_PER_SAMPLE, FRAME_MS, INPUT_FORMAT } from '../../audio/format.ts';
import { CaptureTimeline } from '../../audio/loopback/timeline.ts';
import { concatBytes, FLOOR_DBFS, floatFromS16, levelDbfs } from '../../audio/pcm.ts';
import type { RecorderSource } from '../../audio/sources/recorder.ts';
import { EXIT, GemliveError } from '../../errors.ts';

const PER_MS = INPUT_FORMAT.sampleRateHz / 1000;
/** Sound that does not come: a recorder that lives and is silent is lost after a second, and this is more. */
const LATE_MS = 3000;

export type RoomLevels = {
  /** What is there all the time: a fifth of the 20 ms frames are quieter. */
  floorDbfs: number;
  /** Nine tenths of them are quieter. */
  loudDbfs: number;
};

export class Ear {
  readonly timeline = new CaptureTimeline(INPUT_FORMAT.sampleRateHz);
  readonly #source: RecorderSource;
  readonly #frames: Uint8Array[] = [];
  readonly #listening: Promise<void>;
  #wake = (): void => {};
  #over = false;
  #samples = 0;
  #lost: GemliveError | undefined;
  /** A sample was something else than zero. */
  hasSound = false;

  constructor(source: RecorderSource, signal: AbortSignal) {
    this.#source = source;
    source.onDevice?.((notice) => {
      if (notice.state === 'lost') this.#lose(notice.why);
      if (notice.state === 'suspended')
        this.#lose(`the sound server has suspended ${notice.device}`);
    });
    this.#listening = this.#listen(signal);
  }

  /** Why it gives nothing any more. */
  get lost(): GemliveError | undefined {
    return this.#lost;
  }

  get capturedMs(): number {
    return this.#samples / PER_MS;
  }

  /** Settles when so much has come since the beginning, when it is lost, or when `signal` aborts (throws). */
  async until(ms: number, signal: AbortSignal): Promise<void> {
    const wake = (): void => this.#wake();
    const late = AbortSignal.timeout(Math.ceil(Math.max(0, ms - this.capturedMs)) + LATE_MS);
    const stop = AbortSignal.any([signal, late]);
    stop.addEventListener('abort', wake);
    while (this.capturedMs < ms && !this.#over && !stop.aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    stop.removeEventListener('abort', wake);
    signal.throwIfAborted();
    if (late.aborted && this.capturedMs < ms) this.#lose('no sound comes any more');
  }

  /** Everything from the first frame on, full scale 1. */
  samples(): Float32Array {
    return floatFromS16(concatBytes(this.#frames));
  }

  /** From `fromMs` on: s16le. */
  pcm(fromMs: number): Uint8Array {
    return concatBytes(this.#frames.slice(Math.floor(fromMs / FRAME_MS)));
  }

  /** Of the frames from `fromMs` on. */
  levels(fromMs: number): RoomLevels {
    return levelsOf(
      this.#frames.slice(Math.floor(fromMs / FRAME_MS)).map((frame) => levelDbfs(frame)),
    );
  }

  /** Of the last frame. */
  levelNow(): number {
    const frame = this.#frames.at(-1);
    return frame ? levelDbfs(frame) : FLOOR_DBFS;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#source.close();
    await this.#listening;
  }

  async #listen(signal: AbortSignal): Promise<void> {
    try {
      for await (const frame of this.#source.frames(signal)) {
        if (this.#lost) break;
        this.#frames.push(frame);
        const count = frame.byteLength / BYTES_PER_SAMPLE;
        this.#samples += count;
        this.timeline.push(count, performance.now());
        this.hasSound ||= frame.some((byte) => byte !== 0);
        this.#wake();
      }
    } catch (error) {
      if (!(error instanceof GemliveError)) throw error;
      this.#lost ??= error;
    } finally {
      this.#over = true;
      this.#wake();
    }
  }

  #lose(why: string): void {
    this.#over = true;
    this.#lost ??= new GemliveError('the microphone is lost', {
      code: 'recorder_lost',
      exitCode: EXIT.audio,
      why,
      hint: 'connect the device again, or see that the sound server runs',
    });
    this.#wake();
  }
}

/** `dbfs`: of frames. */
export function levelsOf(dbfs: readonly number[]): RoomLevels {
  const sorted = dbfs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? FLOOR_DBFS;
  return { floorDbfs: at(0.2), loudDbfs: at(0.9) };
}
