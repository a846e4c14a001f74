/** How well echo is taken out: figures for people. */
import { energyOf } from '../pcm.ts';
import { BLOCK, BLOCK_MS } from './geometry.ts';

export type EchoStatistics = {
  /** Microphone over result while only the assistant spoke, dB, over some seconds; undefined until an echo path was found. */
  returnLossDb: number | undefined;
  /** Power of the microphone meanwhile, dBFS (0: a full-scale square wave). */
  echoDbfs: number | undefined;
  /** Length of the echo that these two figures were measured on. On headphones it stays 0, also while the user speaks. */
  measuredMs: number;
  /** Somebody near speaks, 0 to 1. */
  near: number;
  /** From the reference to its echo (negative: it comes before); undefined before it is known. */
  delayMs: number | undefined;
  /** The microphone is held back by so much, since the echo comes before the reference; 0 in other rooms. */
  heldBackMs: number;
};

/** Over so many blocks with echo: 4 s. */
const KEPT = 1 - 1 / 500;
/** The reference is heard for so long after it has sounded. */
const TAIL_BLOCKS = 25;
const LOUD = 1e-6;
const NOBODY_NEAR = 0.3;
/** The user has been silent for this long: a pause between two words does not count. */
const HUSH_BLOCKS = 40;

export class Statistics {
  #tail = 0;
  #hush = 0;
  #blocks = 0;
  #mic = 0;
  #left = 0;
  #near = 0;

  /**
   * One block of each. `out` is behind the others, which does not matter in the mean. `heard`: the microphone
   * hears the loudspeaker. Without that, a loud microphone says nothing about echo.
   */
  update(
    far: Float64Array,
    mic: Float64Array,
    out: Float64Array,
    { near, heard }: { near: number; heard: boolean },
  ): void {
    this.#near = near;
    this.#tail = energyOf(far) / BLOCK > LOUD ? TAIL_BLOCKS : Math.max(0, this.#tail - 1);
    this.#hush = near > NOBODY_NEAR ? 0 : this.#hush + 1;
    if (!heard || this.#tail === 0 || this.#hush < HUSH_BLOCKS) return;
    this.#blocks++;
    this.#mic = KEPT * this.#mic + energyOf(mic) / BLOCK;
    this.#left = KEPT * this.#left + energyOf(out) / BLOCK;
  }

  now(delayBlocks: number | undefined, heldBlocks: number): EchoStatistics {
    const known = this.#blocks >= TAIL_BLOCKS && this.#mic > 0;
    const weight = (1 - KEPT ** this.#blocks) / (1 - KEPT);
    return {
      returnLossDb: known ? 10 * Math.log10(this.#mic / (this.#left + 1e-12)) : undefined,
      echoDbfs: known ? 10 * Math.log10(this.#mic / weight + 1e-12) : undefined,
      measuredMs: this.#blocks * BLOCK_MS,
      near: this.#near,
      delayMs: delayBlocks === undefined ? undefined : delayBlocks * BLOCK_MS,
      heldBackMs: heldBlocks * BLOCK_MS,
    };
  }
}
