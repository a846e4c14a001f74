/**
 * Holds the microphone back, in whole blocks: where the echo comes before its reference the filter, which knows no
 * future, has to look at what was heard a while ago. It is held back by nothing where that is not needed.
 */
import { BLOCK, MAX_HELD_BLOCKS } from './geometry.ts';

const BLOCKS = MAX_HELD_BLOCKS + 1;

export class MicrophoneLine {
  readonly #ring = new Float64Array(BLOCKS * BLOCK);
  #newest = 0;
  #held = 0;
  #before = 0;

  /** Blocks from what goes in to what comes out. */
  get held(): number {
    return this.#held;
  }

  /** From the next block on it is held back by so many: a piece of it comes twice, or is left out. */
  hold(blocks: number): void {
    this.#held = Math.max(0, Math.min(MAX_HELD_BLOCKS, blocks));
  }

  /** A block of the microphone; `out` is the one so many blocks before. */
  pass(block: Float64Array, out: Float64Array): void {
    this.#newest = (this.#newest + 1) % BLOCKS;
    this.#ring.set(block, this.#newest * BLOCK);
    const to = this.#at(this.#held);
    const from = this.#at(this.#before);
    for (let i = 0; i < BLOCK; i++) {
      // Over one block from the one to the other: no click.
      const share = (i + 0.5) / BLOCK;
      out[i] =
        from === to
          ? this.#ring[to + i]!
          : share * this.#ring[to + i]! + (1 - share) * this.#ring[from + i]!;
    }
    this.#before = this.#held;
  }

  /** Where in the ring the block is that came so many blocks ago. */
  #at(back: number): number {
    return ((this.#newest - back + BLOCKS) % BLOCKS) * BLOCK;
  }
}
