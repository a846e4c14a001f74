/** What one run of a player has been handed, silence included, and how much of the sound in it has been heard. */

/** `source`: as it came, where the program got it louder or softer; SILENCE where it is ours. */
export type Segment = { bytes: Uint8Array; source: Uint8Array };

export const SILENCE = new Uint8Array(0);

/** `playedBytes`, everywhere: the position of the device. It never falls. */
export class HandedSound {
  #segments: Segment[] = [];
  #bytes = 0;
  #soundBytes = 0;
  #settledBytes = 0;
  #settledSoundBytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Less than `bytes` by the silence. */
  get soundBytes(): number {
    return this.#soundBytes;
  }

  add(segment: Segment, playedBytes: number): void {
    this.#settle(playedBytes);
    this.#segments.push(segment);
    this.#bytes += segment.bytes.byteLength;
    this.#soundBytes += segment.source.byteLength;
  }

  heardBytes(playedBytes: number): number {
    this.#settle(playedBytes);
    const first = this.#segments[0];
    if (first === undefined || first.source === SILENCE) return this.#settledSoundBytes;
    return this.#settledSoundBytes + this.#heardOfFirst(playedBytes);
  }

  unheard(playedBytes: number, what: 'bytes' | 'source'): Uint8Array[] {
    this.#settle(playedBytes);
    const skip = this.#heardOfFirst(playedBytes);
    return this.#segments
      .map((one, i) => (one.source === SILENCE ? SILENCE : one[what].subarray(i === 0 ? skip : 0)))
      .filter(({ byteLength }) => byteLength > 0);
  }

  /** Nothing of it counts any more. */
  retire(): void {
    this.#segments = [];
    this.#settledSoundBytes = 0;
    this.#soundBytes = 0;
    this.#settledBytes = this.#bytes;
  }

  #heardOfFirst(playedBytes: number): number {
    return Math.max(0, playedBytes - this.#settledBytes);
  }

  #settle(playedBytes: number): void {
    let segment = this.#segments[0];
    while (segment !== undefined && this.#settledBytes + segment.bytes.byteLength <= playedBytes) {
      this.#settledBytes += segment.bytes.byteLength;
      this.#settledSoundBytes += segment.source.byteLength;
      this.#segments.shift();
      segment = this.#segments[0];
    }
  }
}
