/** Is an echo of the chirps in what the microphone gave, how loud, how late, and do the two clocks agree? Pure. */
import { median } from '../estimate.ts';
import { energyOf, FLOOR_DBFS } from '../pcm.ts';
import { CHIRP_MS, chirpAt } from './chirp.ts';
import { matchedFilter } from './matchedFilter.ts';
import type { AnalyticSignal } from './matchedFilter.ts';

/** Where an echo is looked for, from the moment at which the player says that the chirp sounded. */
const EARLIEST_MS = -100;
export const LATEST_MS = 1350;
/**
 * How far a peak must stand out of the noise of the filter, in its standard deviations. Of the 23,000 places of
 * a window the highest of mere noise is at 4.5; 7 comes once in a million runs.
 */
const SIGNIFICANT = 7;
/** Echoes of one room are as late as each other; two clocks of a machine do not differ by more in three seconds. */
const SAME_WITHIN_MS = 3;
/** What stands out by so much is no chance: it counts although a stall lies between it and the next one. */
const CERTAIN = 12;
const STALLED_WITHIN_MS = 100;
/** No two clocks of a machine are as different. */
const MOST_DRIFT_PPM = 1000;
/** After a chirp the room goes on. */
const REVERBERATION_MS = 200;
/** The error of one 16-bit sample, where a filter finds no other noise. */
const QUANTISATION = 1 / 32_768 / Math.sqrt(12);
/** What can be told of the place of a peak at best, in samples. */
const BEST_PLACE_SAMPLES = 0.03;
/** More than this from a straight line: sound was lost or the device has stalled. */
const STEADY_WITHIN_MS = 0.5;

export type EchoFinding = {
  heard: boolean;
  /** Of the room, before the first chirp. */
  noiseDbfs: number;
  /** The faintest echo that would have been heard, relative to what was played. */
  sensitivityDb: number;
  /** From the loudspeaker, by the player's word, to us. Undefined where nothing was heard. */
  delayMs?: number;
  /** How loud it came back, relative to what was played. */
  echoDb?: number;
  /** How many of the chirps were heard. */
  chirps: number;
  /** How much faster the microphone's clock runs than the loudspeaker's; absent where it cannot be told. */
  drift?: { ppm: number; uncertaintyPpm: number };
  /** How much later one echo is than another, where that is no drift. */
  jumpMs?: number;
};

export type LoopbackRecording = {
  /** What the microphone gave: mono, full scale 1. */
  samples: Float32Array;
  rateHz: number;
  /** The sample of the recording at whose time each chirp began to sound. */
  chirpsAt: readonly number[];
};

type Peak = { lag: number; amplitude: number; significance: number; width: number };

/** `chirpsAt` that lie outside of what was recorded are not looked for. */
export function findEcho({ samples, rateHz, chirpsAt }: LoopbackRecording): EchoFinding {
  const template = templateAt(rateHz);
  const perMs = rateHz / 1000;
  const noise = roomBefore(samples, chirpsAt[0] ?? samples.length, perMs);
  const found = chirpsAt.map((at) => lookFor(samples, template, at, perMs));
  const looked = found.filter((one) => one !== undefined);
  const sensitivity = Math.max(...looked.map(({ leastAmplitude }) => leastAmplitude), 1e-9);
  const none: EchoFinding = {
    heard: false,
    chirps: 0,
    noiseDbfs: noise.dbfs,
    sensitivityDb: decibel(sensitivity * sensitivity),
  };
  const peaks = found.map((one) => one?.peak);
  const certain = peaks.map((peak) => (peak && peak.significance > CERTAIN ? peak : undefined));
  const together = alike(peaks, SAME_WITHIN_MS * perMs);
  const heard = together.length < 2 ? alike(certain, STALLED_WITHIN_MS * perMs) : together;
  if (heard.length < 2) return none;
  const lags = heard.map(({ peak }) => peak.lag);
  const echoPowers = heard.map(({ peak, at }) =>
    powerOf(samples, { peak, at: chirpsAt[at] ?? 0 }, { template, noisePower: noise.power, perMs }),
  );
  return {
    ...none,
    heard: true,
    chirps: heard.length,
    delayMs: median(lags) / perMs,
    echoDb: decibel(median(echoPowers)),
    ...clocks(heard, chirpsAt, perMs),
  };
}

function templateAt(rateHz: number): AnalyticSignal {
  const count = Math.round((rateHz * CHIRP_MS) / 1000);
  const values = Array.from({ length: count }, (_, i) => chirpAt(i / rateHz));
  return {
    re: Float64Array.from(values, ({ re }) => re),
    im: Float64Array.from(values, ({ im }) => im),
  };
}

/** The level of what came before the first chirp could be heard. */
function roomBefore(
  samples: Float32Array,
  chirpAt: number,
  perMs: number,
): { power: number; dbfs: number } {
  const until = Math.floor(chirpAt + EARLIEST_MS * perMs);
  const room = samples.subarray(0, Math.max(0, until));
  const power = room.length === 0 ? 0 : energyOf(room) / room.length;
  return { power, dbfs: Math.max(FLOOR_DBFS, decibel(power)) };
}

/** The highest place of one window, and the lowest that would have been significant. Undefined: not recorded. */
function lookFor(
  samples: Float32Array,
  template: AnalyticSignal,
  chirpAt: number,
  perMs: number,
): { peak: Peak | undefined; leastAmplitude: number } | undefined {
  const from = Math.max(0, Math.round(chirpAt + EARLIEST_MS * perMs));
  const until = Math.round(chirpAt + LATEST_MS * perMs) + template.re.length;
  const envelope = matchedFilter(samples.subarray(from, until), template);
  if (envelope.length < 100 * perMs) return undefined;
  // The envelope of noise is Rayleigh distributed: its median is 1.177 of the deviation. An echo is short.
  const floor = QUANTISATION / Math.sqrt(energyOf(template.re));
  const deviation = Math.max(floor, median(envelope) / 1.177);
  let at = 0;
  for (let i = 1; i < envelope.length; i++) if (envelope[i]! > envelope[at]!) at = i;
  const amplitude = envelope[at]!;
  const significance = amplitude / deviation;
  const leastAmplitude = SIGNIFICANT * deviation;
  if (significance < SIGNIFICANT) return { peak: undefined, leastAmplitude };
  const { shift, width } = summit(envelope, at);
  return {
    peak: { lag: from + at + shift - chirpAt, amplitude, significance, width },
    leastAmplitude,
  };
}

/** The top of the parabola through a maximum and its neighbours, and how wide it is there, in samples. */
function summit(envelope: Float64Array, at: number): { shift: number; width: number } {
  const [before, top, after] = [envelope[at - 1], envelope[at]!, envelope[at + 1]];
  if (before === undefined || after === undefined) return { shift: 0, width: 1 };
  const bend = 2 * top - before - after;
  if (bend <= 0) return { shift: 0, width: 1 };
  return { shift: (after - before) / (2 * bend), width: Math.sqrt(top / bend) };
}

type Heard = { at: number; peak: Peak };

/** The largest number of peaks that are equally late. */
function alike(peaks: readonly (Peak | undefined)[], within: number): Heard[] {
  const all = peaks.flatMap((peak, at): Heard[] => (peak ? [{ at, peak }] : []));
  const groups = all.map(({ peak }) =>
    all.filter((other) => Math.abs(other.peak.lag - peak.lag) <= within),
  );
  return groups.toSorted((a, b) => b.length - a.length)[0] ?? [];
}

/** Of the echo with its reverberation, relative to the chirp; where noise hides that, of its strongest part alone. */
function powerOf(
  samples: Float32Array,
  { peak, at }: { peak: Peak; at: number },
  { template, noisePower, perMs }: { template: AnalyticSignal; noisePower: number; perMs: number },
): number {
  const from = Math.max(0, Math.round(at + peak.lag));
  const heard = samples.subarray(from, from + template.re.length + REVERBERATION_MS * perMs);
  const whole = energyOf(heard) - noisePower * heard.length;
  return Math.max(whole / energyOf(template.re), peak.amplitude ** 2);
}

/** The echoes' own pace against the chirps'. Three make a line, and show how straight it is. */
function clocks(
  heard: readonly Heard[],
  chirpsAt: readonly number[],
  perMs: number,
): Pick<EchoFinding, 'drift' | 'jumpMs'> {
  if (heard.length < 3) {
    const lags = heard.map(({ peak }) => peak.lag / perMs);
    const jumpMs = Math.max(...lags) - Math.min(...lags);
    return jumpMs > SAME_WITHIN_MS ? { jumpMs } : {};
  }
  const points = heard.map(({ at, peak }) => ({ x: chirpsAt[at] ?? 0, y: peak.lag }));
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const offLine = Math.max(...points.map(({ x, y }) => Math.abs(y - meanY - slope * (x - meanX))));
  if (offLine / perMs > STEADY_WITHIN_MS || Math.abs(slope) * 1e6 > MOST_DRIFT_PPM) {
    const lags = points.map(({ y }) => y / perMs);
    return { jumpMs: Math.max(...lags) - Math.min(...lags) };
  }
  // What noise does to the place of a peak, and what was seen of it: the larger one, twice.
  const byNoise = Math.max(...heard.map(({ peak }) => peak.width / peak.significance));
  const place = Math.max(BEST_PLACE_SAMPLES, byNoise, offLine * Math.sqrt(1.5));
  const uncertaintyPpm = ((2 * place) / Math.sqrt(spread)) * 1e6;
  return { drift: { ppm: slope * 1e6, uncertaintyPpm } };
}

const decibel = (power: number): number => 10 * Math.log10(Math.max(power, 1e-20));
