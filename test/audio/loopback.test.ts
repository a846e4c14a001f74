/** The loopback test on rooms that are known: how late, how loud, how noisy, and by whose clock. */
import { describe, expect, it } from 'vitest';
import {
  CHIRP_AMPLITUDE,
  CHIRP_MS,
  chirpAt,
  chirpsPcm,
  chirpStartsMs,
} from '../../src/audio/loopback/chirp.ts';
import { findEcho } from '../../src/audio/loopback/echo.ts';
import type { EchoFinding } from '../../src/audio/loopback/echo.ts';
import { CaptureTimeline, RenderTimeline } from '../../src/audio/loopback/timeline.ts';
import { floatFromS16, levelDbfs } from '../../src/audio/pcm.ts';

const RATE_HZ = 16_000;
/** The room before the first chirp. */
const LEAD_MS = 700;
const TAIL_MS = 1500;

/** One source of chance for each room: the same room gives the same sound. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

type Room = {
  delayMs: number;
  couplingDb: number;
  noiseDbfs: number;
  driftPpm?: number;
  /** Seconds until it has fallen by 60 dB. */
  reverberation?: number;
  /** How much later the second and the third chirp are. */
  stallsMs?: readonly [number, number];
  /** One chirp of the three goes under. */
  lost?: number;
  polarity?: 1 | -1;
  seed?: number;
};

function recordingIn(room: Room): Float32Array {
  const { delayMs, couplingDb, noiseDbfs, driftPpm = 0, reverberation = 0 } = room;
  const random = chance(room.seed ?? 1);
  const gauss = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  const taps = [{ gain: 1, lateS: 0 }];
  const reflections = reverberation > 0 ? 40 : 0;
  for (let i = 0; i < reflections; i++) {
    const lateS = 0.003 + random() * reverberation * 0.5;
    taps.push({ gain: 0.25 * gauss() * 10 ** ((-3 * lateS) / reverberation), lateS });
  }
  const power = taps.reduce((sum, { gain }) => sum + gain * gain, 0);
  const scale = ((room.polarity ?? 1) * 10 ** (couplingDb / 20)) / Math.sqrt(power);
  const noise = 10 ** (noiseDbfs / 20);
  const lengthMs = LEAD_MS + (chirpStartsMs.at(-1) ?? 0) + TAIL_MS + CHIRP_MS;
  return Float32Array.from({ length: (RATE_HZ * lengthMs) / 1000 }, (_, n) => {
    // The time of this sample on the loudspeaker's clock.
    const seconds = (n - (LEAD_MS * RATE_HZ) / 1000) / (RATE_HZ * (1 + driftPpm / 1e6));
    let sample = noise * gauss();
    for (const [k, startMs] of chirpStartsMs.entries()) {
      if (k === room.lost) continue;
      const late = delayMs + (k === 0 ? 0 : (room.stallsMs?.[k - 1] ?? 0));
      const since = seconds - (startMs + late) / 1000;
      if (since < 0 || since > 1.5) continue;
      for (const { gain, lateS } of taps) sample += scale * gain * chirpAt(since - lateS).re;
    }
    // As it comes from a microphone.
    return Math.round(Math.max(-1, Math.min(1, sample)) * 32_767) / 32_768;
  });
}

const find = (room: Room): EchoFinding =>
  findEcho({
    samples: recordingIn(room),
    rateHz: RATE_HZ,
    chirpsAt: chirpStartsMs.map((startMs) => ((LEAD_MS + startMs) * RATE_HZ) / 1000),
  });

describe('the chirps', () => {
  it('are as loud as calm speech and end in silence', () => {
    const pcm = chirpsPcm(24_000);
    const samples = floatFromS16(pcm);
    expect(samples).toHaveLength(24 * (3000 + CHIRP_MS));
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    expect(loudest).toBeCloseTo(CHIRP_AMPLITUDE, 2);
    expect(levelDbfs(pcm.subarray(0, 48 * CHIRP_MS))).toBeCloseTo(-15.5, 0);
    expect(levelDbfs(pcm.subarray(48 * CHIRP_MS, 48 * 1500))).toBe(-100);
    expect(Math.abs(samples.at(-1) ?? 1)).toBeLessThan(0.001);
  });
});

describe('an echo', () => {
  const ROOMS = [20, 84.3, 250, 500, 1000].flatMap((delayMs) =>
    [-3, -20, -40].map((couplingDb) => ({ delayMs, couplingDb })),
  );
  it.each(ROOMS)('of $couplingDb dB after $delayMs ms is found', ({ delayMs, couplingDb }) => {
    const noiseDbfs = -65;
    const seed = delayMs - couplingDb;
    const found = find({ delayMs, couplingDb, noiseDbfs, reverberation: 0.4, seed });
    expect(found).toMatchObject({ heard: true, chirps: 3 });
    // The loudest part of a room may be its first reflection.
    expect(found.delayMs).toBeGreaterThan(delayMs - 0.3);
    expect(found.delayMs).toBeLessThan(delayMs + 8);
    expect(Math.abs((found.echoDb ?? 0) - couplingDb)).toBeLessThan(2.5);
    expect(found.noiseDbfs).toBeCloseTo(noiseDbfs, 0);
  });

  it('before its sound is told, by the player, to have sounded', () => {
    expect(find({ delayMs: -60, couplingDb: -10, noiseDbfs: -70 }).delayMs).toBeCloseTo(-60, 1);
  });

  it('of a loudspeaker wired the wrong way round', () => {
    const found = find({ delayMs: 100, couplingDb: -10, noiseDbfs: -70, polarity: -1 });
    expect(found.delayMs).toBeCloseTo(100, 1);
  });

  it('that is fainter than the noise', () => {
    // The echo is at -58 dBFS.
    const found = find({ delayMs: 120, couplingDb: -43, noiseDbfs: -50, seed: 7 });
    expect(found.heard).toBe(true);
    expect(found.delayMs).toBeCloseTo(120, 0);
    expect(Math.abs((found.echoDb ?? 0) + 43)).toBeLessThan(4);
    expect(found.sensitivityDb).toBeLessThan(-43);
  });

  it('of which one chirp was lost', () => {
    const found = find({ delayMs: 120, couplingDb: -12, noiseDbfs: -60, lost: 1 });
    expect(found).toMatchObject({ heard: true, chirps: 2 });
    expect(found.drift).toBeUndefined();
  });

  it('ends before what was recorded does not matter', () => {
    const samples = recordingIn({ delayMs: 50, couplingDb: -12, noiseDbfs: -60 });
    const chirpsAt = chirpStartsMs.map((startMs) => ((LEAD_MS + startMs) * RATE_HZ) / 1000);
    const short = samples.subarray(0, (RATE_HZ * (LEAD_MS + 3000 + CHIRP_MS + 100)) / 1000);
    expect(findEcho({ samples: short, rateHz: RATE_HZ, chirpsAt })).toMatchObject({ chirps: 3 });
    const empty = findEcho({ samples: new Float32Array(0), rateHz: RATE_HZ, chirpsAt });
    expect(empty).toMatchObject({ heard: false, chirps: 0 });
  });
});

describe('no echo', () => {
  it.each([-90, -60, -30, -10])('is heard in noise of %i dBFS', (noiseDbfs) => {
    for (let seed = 1; seed <= 3; seed++) {
      const found = find({ delayMs: 0, couplingDb: -200, noiseDbfs, seed });
      expect(found.heard).toBe(false);
      expect(found.delayMs).toBeUndefined();
    }
  });

  it('is heard in digital silence, or where two chirps are not equally late', () => {
    expect(find({ delayMs: 0, couplingDb: -200, noiseDbfs: -200 }).heard).toBe(false);
    const once = recordingIn({ delayMs: 100, couplingDb: -10, noiseDbfs: -60, lost: 1 });
    // Only the first of them.
    const samples = once.subarray(0, (RATE_HZ * (LEAD_MS + 1000)) / 1000);
    const whole = new Float32Array(once.length);
    whole.set(samples);
    const chirpsAt = chirpStartsMs.map((startMs) => ((LEAD_MS + startMs) * RATE_HZ) / 1000);
    expect(findEcho({ samples: whole, rateHz: RATE_HZ, chirpsAt }).heard).toBe(false);
  });
});

describe('two clocks', () => {
  it.each([-300, -100, -20, 0, 50, 200])('that differ by %i ppm', (driftPpm) => {
    const room = { delayMs: 90, couplingDb: -12, noiseDbfs: -65, driftPpm, reverberation: 0.3 };
    const { drift } = find(room);
    expect(drift?.uncertaintyPpm).toBeLessThan(20);
    expect(Math.abs((drift?.ppm ?? 1e6) - driftPpm)).toBeLessThanOrEqual(
      drift?.uncertaintyPpm ?? 0,
    );
  });

  it('are told with as much doubt as there is noise', () => {
    const faint = { delayMs: 90, couplingDb: -38, noiseDbfs: -50, driftPpm: 60, seed: 3 };
    const { drift } = find(faint);
    const clear = find({ ...faint, noiseDbfs: -80 }).drift;
    expect(drift?.uncertaintyPpm).toBeGreaterThan(2 * (clear?.uncertaintyPpm ?? 1e6));
    expect(Math.abs((drift?.ppm ?? 1e6) - 60)).toBeLessThanOrEqual(drift?.uncertaintyPpm ?? 0);
  });

  it.each<[stallsMs: [number, number], jumpMs: number]>([
    [[0, 2.4], 2.4],
    [[20, 20], 20],
    [[25, 50], 50],
    [[-30, 35], 65],
  ])('are not told of where the device stalled: %j', (stallsMs, jumpMs) => {
    const found = find({ delayMs: 90, couplingDb: -12, noiseDbfs: -65, stallsMs });
    expect(found.heard).toBe(true);
    expect(found.drift).toBeUndefined();
    // Of two that agree among three, the third is left out.
    if (found.chirps === 3) expect(found.jumpMs).toBeCloseTo(jumpMs, 0);
    expect(found.chirps === 3 || stallsMs[0] === stallsMs[1]).toBe(true);
  });
});

describe('when a sample came', () => {
  it('is told by the piece that was least late', () => {
    const capture = new CaptureTimeline(RATE_HZ);
    for (const [at, lateMs] of [0, 4, 30, 9, 0, 17].entries()) {
      capture.push(320, 1000 + (at + 1) * 20 + lateMs);
    }
    expect(capture.sampleAt(1000)).toBeCloseTo(0, 6);
    expect(capture.sampleAt(1050.5)).toBeCloseTo(808, 6);
  });

  it('and when it sounded by the median of the reports', () => {
    const render = new RenderTimeline(24_000);
    expect(render.startMs).toBeUndefined();
    for (const [at, lateMs] of [0, 1, -2, 40, 0].entries())
      render.push(288, 500 + at * 12 + lateMs);
    expect(render.startMs).toBeCloseTo(500, 6);
  });
});
