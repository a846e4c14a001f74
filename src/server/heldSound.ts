/** A stretch of sound that grows at its end and is forgotten from its beginning, in one piece of memory. */

/** Memory of more than this is given back when what it was for is taken. */
const KEPT_BYTES = 64 * 1024;
const FIRST_BYTES = 8 * 1024;

export class HeldSound {
  #memory = new Uint8Array(0);
  #start = 0;
  #end = 0;

  get byteLength(): number {
    return this.#end - this.#start;
  }

  append(pcm: Uint8Array): void {
    this.#makeRoom(pcm.byteLength);
    this.#memory.set(pcm, this.#end);
    this.#end += pcm.byteLength;
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#memory.byteLength) return;
    const held = this.byteLength;
    if (held + bytes <= this.#memory.byteLength / 2) {
      // Half of it is free: moving what is held to the front costs less than it has gained.
      this.#memory.copyWithin(0, this.#start, this.#end);
    } else {
      const memory = new Uint8Array(Math.max(FIRST_BYTES, (held + bytes) * 2));
      memory.set(this.#memory.subarray(this.#start, this.#end));
      this.#memory = memory;
    }
    this.#start = 0;
    this.#end = held;
  }

  /** Good until the next change. Offsets from the beginning of what is held. */
  view(from: number, to: number): Uint8Array {
    return this.#memory.subarray(this.#start + from, this.#start + to);
  }

  drop(bytes: number): void {
    this.#start += Math.max(0, Math.min(bytes, this.byteLength));
  }

  /** The first `bytes` in memory of their own; they are held no longer. */
  take(bytes: number): Uint8Array {
    const taken = this.view(0, bytes).slice();
    this.drop(bytes);
    if (this.#memory.byteLength > KEPT_BYTES) {
      const rest = this.view(0, this.byteLength);
      this.clear();
      if (rest.byteLength > 0) this.append(rest);
    }
    return taken;
  }

  clear(): void {
    this.#memory = new Uint8Array(0);
    this.#start = 0;
    this.#end = 0;
  }
}
