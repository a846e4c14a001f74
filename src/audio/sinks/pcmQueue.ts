/** Bytes that wait to be played: first in, first out, taken in any portions. Unbounded. */
import { concatBytes } from '../pcm.ts';

export class PcmQueue {
  #parts: Uint8Array[] = [];
  /** Read position in the first part. */
  #offset = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#parts.push(bytes);
    this.#bytes += bytes.byteLength;
  }

  /** Puts sound back in front. */
  unshift(parts: readonly Uint8Array[]): void {
    const first = this.#parts[0];
    if (first !== undefined) this.#parts[0] = first.subarray(this.#offset);
    this.#offset = 0;
    this.#parts.unshift(...parts);
    for (const part of parts) this.#bytes += part.byteLength;
  }

  /** The next `bytes` bytes, or all there are. */
  take(bytes: number): Uint8Array {
    const taken: Uint8Array[] = [];
    for (let missing = bytes; missing > 0;) {
      const first = this.#parts[0];
      if (first === undefined) break;
      const piece = first.subarray(this.#offset, this.#offset + missing);
      taken.push(piece);
      missing -= piece.byteLength;
      this.#bytes -= piece.byteLength;
      this.#offset += piece.byteLength;
      if (this.#offset === first.byteLength) {
        this.#parts.shift();
        this.#offset = 0;
      }
    }
    const [only] = taken;
    return taken.length === 1 && only !== undefined ? only : concatBytes(taken);
  }

  clear(): void {
    this.#parts = [];
    this.#offset = 0;
    this.#bytes = 0;
  }
}
