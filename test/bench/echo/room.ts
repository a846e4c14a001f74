/**
 * A room on files: what a loudspeaker plays comes back to the microphone through distortion, a path with
 * reverberation and a delay, with the user's words and noise on top. All parts are kept, so that what a
 * canceller did with each can be told.
 */
import { atLevel, convolve, drifted, fromDb, gauss, powerOf, randomOf, RATE } from './signal.ts';

export type RoomOptions = {
  name: string;
  /** What the assistant plays and what the user says. Repeated as long as needed. */
  far: Float32Array;
  near: Float32Array;
  seed: number;
  /** From the reference to its echo; it may be before it. */
  delayMs: number;
  /** Echo at the microphone over the reference. */
  couplingDb: number;
  /** Time in which it dies away by 60 dB. Default 300. */
  reverberationMs?: number;
  /** How far the loudspeaker is driven into its limit. Default 0.5. */
  distortion?: number;
  /** The microphone's clock against the loudspeaker's. */
  driftPpm?: number;
  /** At {@link CHANGE_S} the path becomes another one, or the delay jumps. */
  changes?: boolean;
  jumpMs?: number;
  /** What is told of the time of what is played is wrong, as it is by a real player. */
  player?: Player;
  noiseDbfs?: number;
  nearDbfs?: number;
  /** Besides: somebody types. */
  keys?: boolean;
};

/**
 * `stalls`: three times it stops for 5 to 40 ms, and what follows is that much later than was told, once while
 * the user speaks. `replies`: 3 s each with 1 s between them, and each is told up to 8 ms too early or late.
 */
export type Player = 'stalls' | 'replies';

/** Seconds: all rooms go by the same clock. Nobody but the assistant speaks before `NEAR_S`. */
export const CHANGE_S = 9;
export const NEAR_S = 16;
export const NEAR_END_S = 24;
export const END_S = 25;

export type Room = {
  options: RoomOptions;
  reference: Float32Array;
  microphone: Float32Array;
  near: Float32Array;
  echo: Float32Array;
  noise: Float32Array;
  /** Seconds at which the echo became another one, before the user speaks. */
  changesS: readonly number[];
};

/** From `atS` on what is played is `ms` behind what was told; `gapMs`: nothing is played before it goes on. */
type Shift = { atS: number; ms: number; gapMs: number };

const REPLY_S = 4;
const PAUSE_S = 1;

export function makeRoom(options: RoomOptions): Room {
  const { far, seed, couplingDb, delayMs, changes, jumpMs = 0, player } = options;
  const samples = END_S * RATE;
  const told = repeat(far, samples);
  if (player === 'replies')
    for (let i = 0; i < samples; i++)
      if (i % (REPLY_S * RATE) >= (REPLY_S - PAUSE_S) * RATE) told[i] = 0;
  const reference = atLevel(told, -20);
  const shifts = shiftsOf(player, seed);
  const played = drifted(
    shifted(reference, shifts).map(throughSpeaker(options.distortion ?? 0.5)),
    options.driftPpm ?? 0,
  );
  const through = (pathSeed: number, ms: number): Float32Array => {
    const path = response(pathSeed, Math.max(0, ms), options.reverberationMs ?? 300);
    const ahead = Math.round((Math.max(0, -ms) * RATE) / 1000);
    const sound = convolve(
      played.map((_, i) => played[i + ahead] ?? 0),
      path,
    );
    const gain = Math.sqrt(powerOf(reference) / powerOf(sound)) * fromDb(couplingDb);
    return sound.map((sample) => sample * gain);
  };
  const echo = through(seed, delayMs);
  const anew = changes === true || jumpMs !== 0;
  if (anew) {
    const after = through(changes ? seed + 1000 : seed, delayMs + jumpMs);
    echo.set(after.subarray(CHANGE_S * RATE), CHANGE_S * RATE);
  }
  const near = new Float32Array(samples);
  const words = repeat(options.near, (NEAR_END_S - NEAR_S) * RATE);
  near.set(atLevel(words, options.nearDbfs ?? -26), NEAR_S * RATE);
  const noise = roomNoise(samples, seed, options.noiseDbfs ?? -66, options.keys ?? false);
  const microphone = echo.map((sample, i) => clip(sample + near[i]! + noise[i]!));
  const changesS = [...shifts.map(({ atS }) => atS), ...(anew ? [CHANGE_S] : [])];
  return {
    options,
    reference,
    microphone,
    near,
    echo,
    noise,
    changesS: changesS.filter((atS) => atS < NEAR_S - 2),
  };
}

function shiftsOf(player: Player | undefined, seed: number): Shift[] {
  const random = randomOf(seed + 9);
  const shifts: Shift[] = [];
  if (player === 'stalls') {
    let ms = 0;
    for (const fromS of [CHANGE_S, CHANGE_S + 2, NEAR_S + 2]) {
      const gapMs = 5 + 35 * random();
      shifts.push({ atS: fromS + random() / 2, ms: (ms += gapMs), gapMs });
    }
  } else if (player === 'replies')
    for (let atS = REPLY_S; atS < END_S; atS += REPLY_S)
      shifts.push({ atS, ms: 16 * random() - 8, gapMs: 0 });
  return shifts;
}

function shifted(told: Float32Array, shifts: readonly Shift[]): Float32Array {
  const played = told.slice();
  for (const { atS, ms, gapMs } of shifts) {
    // A reply that is told too late begins before.
    const from = Math.round((atS + Math.min(0, ms) / 1000) * RATE);
    const behind = Math.round((ms * RATE) / 1000);
    const silentTo = from + Math.round((gapMs * RATE) / 1000);
    for (let i = from; i < played.length; i++)
      played[i] = i < silentTo ? 0 : (told[i - behind] ?? 0);
  }
  return played;
}

const clip = (sample: number): number => Math.max(-1, Math.min(32_767 / 32_768, sample));

export const throughSpeaker = (drive: number) => (sample: number) =>
  drive === 0 ? sample : Math.tanh(sample * drive * 3) / (drive * 3);

export function repeat(sound: Float32Array, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => sound[i % sound.length]!);
}

/** A direct path, a few reflections, and a tail that dies away. */
export function response(seed: number, delayMs: number, reverberationMs: number): Float32Array {
  const random = randomOf(seed);
  const direct = Math.round((delayMs * RATE) / 1000);
  const tail = Math.round((reverberationMs * RATE) / 1000);
  const out = new Float32Array(direct + tail);
  out[direct] = 1;
  for (let i = 8; i < tail; i++) {
    const sparse = i > 160 || random() < 0.1 ? 1 : 0;
    out[direct + i] = sparse * 0.2 * gauss(random) * 10 ** ((-3 * i) / tail);
  }
  return out;
}

/** More of it at low frequencies, as from a fan; `keys`: about six strokes a second besides. */
function roomNoise(samples: number, seed: number, dbfs: number, keys: boolean): Float32Array {
  const random = randomOf(seed + 5);
  let low = 0;
  const hiss = Float32Array.from({ length: samples }, () => {
    const white = gauss(random);
    low = 0.95 * low + 0.3 * white;
    return white + low;
  });
  const noise = atLevel(hiss, dbfs);
  if (!keys) return noise;
  for (let at = 0; at < samples; at += Math.floor((0.08 + 0.16 * random()) * RATE)) {
    const loud = fromDb(-32 - 8 * random());
    for (let i = 0; i < 500 && at + i < samples; i++)
      noise[at + i] = noise[at + i]! + loud * gauss(random) * Math.exp(-i / 60);
  }
  return noise;
}

/** Chords of four voices, a new one in every half second, as an assistant plays with a game or a timer. */
export function music(seconds: number, seed: number): Float32Array {
  const random = randomOf(seed);
  const out = new Float32Array(seconds * RATE);
  const beat = RATE / 2;
  for (let at = 0; at < out.length; at += beat) {
    const root = 110 * 2 ** (Math.floor(random() * 12) / 12);
    for (const step of [0, 4, 7, 12]) {
      const hz = root * 2 ** (step / 12);
      for (let i = 0; i < 1.5 * beat && at + i < out.length; i++) {
        const envelope = Math.min(1, i / 80) * Math.exp(-i / (beat * 0.6));
        let wave = 0;
        for (let partial = 1; partial <= 8; partial++)
          wave += Math.sin((2 * Math.PI * hz * partial * i) / RATE) / partial;
        out[at + i] = out[at + i]! + envelope * wave;
      }
    }
  }
  return out;
}
