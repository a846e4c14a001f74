/** Chance with a seed: every conversation can be held again by its number. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to and without `end`. */
  below(end: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  /** True `share` of the time. */
  is(share: number): boolean {
    return this.below(1_000_000) < share * 1_000_000;
  }

  one<Value>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error('nothing to choose from');
    return value;
  }

  /** Of the kinds by their weights. */
  weighted<Value>(values: readonly (readonly [weight: number, value: Value])[]): Value {
    let at = this.below(values.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of values) {
      if (at < weight) return value;
      at -= weight;
    }
    throw new Error('nothing to choose from');
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }

  text(maxLength: number): string {
    const letters = 'abc XYZ 019 _-./\\"{}[]\n\t\u0000é€😀\ud800';
    let text = '';
    for (let length = this.below(maxLength + 1); length > 0; length--)
      text += letters[this.below(letters.length)];
    return text;
  }
}
