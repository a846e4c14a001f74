/** The last moments of the microphone that have not been sent: what was said just before one began to listen. */
import { FRAME_MS } from '../audio/format.ts';

/** The detector's own delay, and what goes out before an onset. */
const KEPT_FRAMES = 900 / FRAME_MS;

export class PreRoll {
  #frames: Uint8Array[] = [];

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    if (this.#frames.length > KEPT_FRAMES) this.#frames.shift();
  }

  /** The last `ms` of it, which then is empty. */
  take(ms: number): Uint8Array[] {
    const count = Math.min(this.#frames.length, Math.ceil(ms / FRAME_MS));
    const frames = this.#frames.slice(this.#frames.length - count);
    this.#frames = [];
    return frames;
  }

  clear(): void {
    this.#frames = [];
  }
}
