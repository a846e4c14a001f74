/** Sound on its way to the ear, told when it is heard. Holds nothing while nobody listens. */
import { msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { RenderAhead } from '../ports.ts';
import { PcmQueue } from './pcmQueue.ts';

/** `atMs`: when its first sample sounded, on the sink's clock. */
export type RenderListener = (pcm: Uint8Array, atMs: number) => void;

/** How often it is told while it sounds. With a late timer this is still less than 20 ms. */
export const RENDER_EVERY_MS = 12;

export class RenderTap {
  readonly #format: PcmFormat;
  readonly #listeners = new Set<{ listener: RenderListener; ahead?: RenderAhead }>();
  /** Handed over and not told yet. */
  readonly #handed = new PcmQueue();
  #toldBytes = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(format: PcmFormat) {
    this.#format = format;
  }

  get listening(): boolean {
    return this.#listeners.size > 0;
  }

  /** `heardBytes`: as for {@link tell}; `handed`: sound that is on its way already. The result ends it. */
  listen(
    listener: RenderListener,
    heardBytes: number,
    handed: readonly Uint8Array[] = [],
    ahead?: RenderAhead,
  ): () => void {
    if (!this.listening) {
      this.#toldBytes = heardBytes;
      for (const pcm of handed) this.#handed.push(pcm);
    }
    // An object of its own, so that one that listens twice hears twice, and ends once.
    const own = { listener, ...(ahead && { ahead }) };
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
      if (!this.listening) this.#handed.clear();
    };
  }

  /** `atMs`: when its first sample is expected to sound. */
  hand(pcm: Uint8Array, atMs: number): void {
    if (!this.listening) return;
    this.#handed.push(pcm);
    for (const { ahead } of this.#listeners) ahead?.handed(pcm, atMs);
  }

  /** `heardBytes`: sound heard since the sink was opened; the last of it at `untilMs`. */
  tell(heardBytes: number, untilMs: number): void {
    if (!this.listening || heardBytes <= this.#toldBytes) return;
    const pcm = this.#handed.take(heardBytes - this.#toldBytes);
    this.#toldBytes = heardBytes;
    if (pcm.byteLength === 0) return;
    // A device that reports late catches up in one step: not to before the sound that came first.
    const atMs = Math.max(this.#toldAtMs, untilMs - msOfBytes(this.#format, pcm.byteLength));
    this.#toldAtMs = atMs;
    for (const { listener } of this.#listeners) listener(pcm, atMs);
  }

  /** What was handed over and not heard will not be heard. */
  forget(): void {
    this.#handed.clear();
    for (const { ahead } of this.#listeners) ahead?.dropped();
  }
}
