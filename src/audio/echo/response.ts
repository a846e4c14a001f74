/** What can be said of a room's response before it is known, and moving it. */
import { BINS, PARTITIONS } from './geometry.ts';
import type { Spectra } from './kalman.ts';

/** What is not known at first, per partition: a loud loudspeaker close by, and its reverberation. */
const FIRST_DOUBT = 0.03;
const DOUBT_DECAY = 0.95;
const LEAST_FIRST_DOUBT = 0.001;
/** The same where it is known in which partition the sound comes first: before that, there, and after it. */
const DOUBT_BEFORE = 0.001;
const DIRECT_DOUBT = 0.05;
const TAIL_DECAY = 0.8;
const LEAST_TAIL_DOUBT = 0.0003;

/** Variance of the response in a partition, the delay unknown. */
const firstDoubt = (partition: number): number =>
  FIRST_DOUBT * DOUBT_DECAY ** partition + LEAST_FIRST_DOUBT;

/** Nothing is known. */
export function firstDoubts(doubt: Float32Array): void {
  for (let p = 0; p < PARTITIONS; p++) doubt.fill(firstDoubt(p), p * BINS, (p + 1) * BINS);
}

/** The sound comes first in the partition `first`: before that is little, and after it reverberation. */
export function limitDoubt(doubt: Float32Array, first: number): void {
  for (let p = 0; p < PARTITIONS; p++) {
    const most =
      p < first ? DOUBT_BEFORE : DIRECT_DOUBT * TAIL_DECAY ** (p - first) + LEAST_TAIL_DOUBT;
    for (let at = p * BINS; at < (p + 1) * BINS; at++) doubt[at] = Math.min(doubt[at]!, most);
  }
}

/** In bin k the response is wrong by the share `wrong[k]` of its `power[k]`, nobody knows in which partition. */
export function raiseDoubt(
  doubt: Float32Array,
  power: Float64Array,
  wrong: ArrayLike<number>,
): void {
  let all = 0;
  for (let p = 0; p < PARTITIONS; p++) all += firstDoubt(p);
  for (let p = 0; p < PARTITIONS; p++) {
    const share = firstDoubt(p) / all;
    for (let k = 0; k < BINS; k++) {
      const at = p * BINS + k;
      doubt[at] = Math.max(doubt[at]!, share * wrong[k]! * power[k]!);
    }
  }
}

/** The response moves by so many partitions. What comes in is before the sound, or the end of its reverberation. */
export function shiftDoubt(doubt: Float32Array, by: number): void {
  shift(doubt, by * BINS);
  const from = by > 0 ? 0 : Math.max(0, PARTITIONS + by);
  const to = by > 0 ? Math.min(by, PARTITIONS) : PARTITIONS;
  doubt.fill(LEAST_FIRST_DOUBT, from * BINS, to * BINS);
}

/** What was at 0 is at `by` afterwards; what comes in from beyond the ends is 0. */
export function shift(values: Float32Array, by: number): void {
  if (Math.abs(by) >= values.length) {
    values.fill(0);
  } else if (by >= 0) {
    values.copyWithin(by, 0);
    values.fill(0, 0, by);
  } else {
    values.copyWithin(0, -by);
    values.fill(0, values.length + by);
  }
}

/** Onto `power`, in each bin: that of all partitions. */
export function addPower({ re, im }: Spectra, power: Float64Array): void {
  for (let p = 0; p < PARTITIONS; p++)
    for (let k = 0; k < BINS; k++)
      power[k] = power[k]! + re[p * BINS + k]! ** 2 + im[p * BINS + k]! ** 2;
}

/** The partition that has the most power. */
export function loudest({ re, im }: Spectra): number {
  let partition = 0;
  let most = 0;
  for (let p = 0; p < PARTITIONS; p++) {
    let power = 0;
    for (let at = p * BINS; at < (p + 1) * BINS; at++) power += re[at]! ** 2 + im[at]! ** 2;
    if (power <= most) continue;
    most = power;
    partition = p;
  }
  return partition;
}
