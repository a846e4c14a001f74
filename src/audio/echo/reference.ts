/**
 * What the loudspeaker plays, by time: laid down when the device gets it, put right when it has sounded, read in
 * step with the microphone. 16 kHz, full scale 1; silence where nothing was handed over.
 *
 * A canceller can find an echo that comes late, but none that comes before its reference. So the reference is
 * read a little before it is due: what the device has already is known.
 */
import { median } from '../estimate.ts';
import { RATE_HZ } from './geometry.ts';

const SAMPLES = 4 * RATE_HZ;
const PER_MS = RATE_HZ / 1000;
/** What is expected so little earlier or later than the end of the last piece goes on there. */
const ONE_PIECE_MS = 8;
/**
 * The device says every 50 ms or so where it is, and may be off by 5 ms: the median of so many reports, of 12 ms each,
 * is better. Less than this is not put right: a canceller finds it sooner, and does not want it moved once more.
 */
const REPORTS = 25;
const JITTER_MS = 8;
/** The time that a device takes to begin is the median of so many beginnings. */
const STARTS = 5;
const LONGEST_START_MS = 400;
/** It has fallen silent after so long: shorter is a stall. */
const PAUSE_MS = 100;
/**
 * A piece of the microphone can come late, but not before it was heard: one that comes so much earlier than the
 * others did says that those were late. When all are later for a while, its clock is slow, or some were lost.
 */
const EARLY_MS = 2;
const LATE_MS = 4;
const WHILE_PIECES = 250;
/** It has stalled: it is read anew from now. */
const OUT_OF_STEP_MS = 200;

/** Samples that sound one after the other without a gap, up to the next one. */
type Stretch = {
  /** Index of its first sample, of all that were handed over, and when that sounds. */
  from: number;
  atMs: number;
  /** What it was expected to be late by, where it begins after silence: the device may take its time. */
  startMs: number | undefined;
  /** By how much it was later than expected, by the last reports of the device. */
  lateMs: number[];
};

export class Reference {
  readonly #aheadMs: number;
  readonly #ring = new Float32Array(SAMPLES);
  readonly #stretches: Stretch[] = [];
  /** Samples handed over, and heard of them. */
  #end = 0;
  #heard = 0;
  /** From what was expected to what was, at the last beginnings. */
  readonly #starts: number[] = [];
  #read: number | undefined;
  #pieces = 0;
  #leastLateMs = Number.POSITIVE_INFINITY;

  /** `aheadMs`: it is read so long before it is due. */
  constructor(aheadMs: number) {
    this.#aheadMs = aheadMs;
  }

  /** There is silence between what was handed over before and what is expected to sound at `atMs`. */
  isSilentBefore(atMs: number): boolean {
    return atMs - this.#endMs > ONE_PIECE_MS;
  }

  /** `sound` is on its way; its first sample is expected to sound at `atMs`, after silence if it `begins`. */
  handed(sound: Float32Array, atMs: number, begins = this.isSilentBefore(atMs)): void {
    if (begins) {
      const endMs = this.#endMs;
      const startMs = atMs > endMs + PAUSE_MS ? median(this.#starts) : undefined;
      const expectedMs = Math.max(endMs, atMs + (startMs ?? 0));
      this.#stretches.push({ from: this.#end, atMs: expectedMs, startMs, lateMs: [] });
    }
    this.append(sound);
  }

  /** What was handed over goes on a little. */
  append(sound: Float32Array): void {
    for (let i = 0; i < sound.length; i++) this.#ring[(this.#end + i) % SAMPLES] = sound[i]!;
    this.#end += sound.length;
  }

  /** The next `samples` were heard; the first of them at `atMs`. */
  heard(samples: number, atMs: number): void {
    const stretches = this.#stretches;
    while (stretches.length > 1 && stretches[1]!.from + SAMPLES / 2 < this.#heard)
      stretches.shift();
    const i = stretches.findLastIndex(({ from }) => from <= this.#heard);
    const stretch = stretches[i];
    if (stretch) {
      stretch.lateMs.push(atMs - (stretch.atMs + (this.#heard - stretch.from) / PER_MS));
      if (stretch.lateMs.length >= REPORTS) this.#putRight(i);
    }
    this.#heard += samples;
  }

  /** By what the last reports agree on. */
  #putRight(i: number): void {
    const { lateMs: reports, startMs } = this.#stretches[i]!;
    const lateMs = median(reports);
    reports.shift();
    if (startMs !== undefined) {
      if (Math.abs(startMs + lateMs) < LONGEST_START_MS) this.#starts.push(startMs + lateMs);
      if (this.#starts.length > STARTS) this.#starts.shift();
      this.#stretches[i]!.startMs = undefined;
    }
    if (Math.abs(lateMs) < JITTER_MS) return;
    for (const later of this.#stretches.slice(i)) later.atMs += lateMs;
    reports.length = 0;
  }

  /** What was handed over and not heard will not be heard. */
  dropped(): void {
    this.#end = Math.min(this.#end, Math.round(this.#heard));
    this.#heard = this.#end;
    while ((this.#stretches.at(-1)?.from ?? -1) >= this.#end) this.#stretches.pop();
  }

  /** The next samples, as many as `out` has, for a piece of the microphone that came at `nowMs`. */
  take(nowMs: number, out: Float32Array): void {
    const due = Math.round((nowMs + this.#aheadMs) * PER_MS) - out.length;
    const at = this.#follow(due);
    this.#read = at + out.length;
    out.fill(0);
    for (const [i, { from, atMs }] of this.#stretches.entries()) {
      const end = this.#stretches[i + 1]?.from ?? this.#end;
      // Index of the sample that sounds with the first of `out`.
      const first = from + at - Math.round(atMs * PER_MS);
      const [low, high] = [
        Math.max(first, from, this.#end - SAMPLES),
        Math.min(first + out.length, end),
      ];
      for (let index = low; index < high; index++)
        out[index - first] = this.#ring[index % SAMPLES]!;
    }
  }

  /** When the last of what was handed over has sounded. */
  get #endMs(): number {
    const last = this.#stretches.at(-1);
    return last ? last.atMs + (this.#end - last.from) / PER_MS : Number.NEGATIVE_INFINITY;
  }

  #follow(due: number): number {
    const read = this.#read ?? due;
    const lateMs = (due - read) / PER_MS;
    this.#leastLateMs = Math.min(this.#leastLateMs, lateMs);
    this.#pieces++;
    if (lateMs < -EARLY_MS || lateMs > OUT_OF_STEP_MS) {
      this.#restart();
      return due;
    }
    if (this.#pieces < WHILE_PIECES) return read;
    const slipMs = this.#leastLateMs > LATE_MS ? this.#leastLateMs : 0;
    this.#restart();
    return read + Math.round(slipMs * PER_MS);
  }

  #restart(): void {
    this.#pieces = 0;
    this.#leastLateMs = Number.POSITIVE_INFINITY;
  }
}
