/** The loopback test: chirps are played and recorded at once. */
import { BYTES_PER_SAMPLE, INPUT_FORMAT, msOfBytes, OUTPUT_FORMAT } from '../../audio/format.ts';
import { CHIRP_MS, chirpStartsMs, chirpsPcm } from '../../audio/loopback/chirp.ts';
import { findEcho, LATEST_MS } from '../../audio/loopback/echo.ts';
import type { EchoFinding } from '../../audio/loopback/echo.ts';
import { RenderTimeline } from '../../audio/loopback/timeline.ts';
import type { AudioSink } from '../../audio/ports.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import { failed, type Check, type Fix } from './check.ts';
import { isDummy, openedCheck, type Opened } from './devices.ts';
import type { Ear } from './ear.ts';
import { deviceFix, fixesFor } from './fixes.ts';
import type { System } from './system.ts';

/** Further than the echo canceller reaches. */
const REACH_MS = 1000;
/** Most rooms have answered by then. */
const SOON_MS = 600;
/** What a player may take from the first byte to its word that it plays. */
const STARTS_WITHIN_MS = 3000;
const LOW_VOLUME_PERCENT = 10;
/** A canceller follows less; more shows that a device resamples. */
const NOTABLE_DRIFT_PPM = 100;

export type Played = { startMs: number } | { error: GemliveError };

/** Plays them to the end. @throws what `signal` says. */
export async function playChirps(sink: AudioSink, signal: AbortSignal): Promise<Played> {
  const pcm = chirpsPcm(OUTPUT_FORMAT.sampleRateHz);
  const rendered = new RenderTimeline(OUTPUT_FORMAT.sampleRateHz);
  const stop = sink.onRender((piece, atMs) => {
    rendered.push(piece.byteLength / BYTES_PER_SAMPLE, atMs);
  });
  const limitMs = Math.ceil(msOfBytes(OUTPUT_FORMAT, pcm.byteLength)) + STARTS_WITHIN_MS;
  const late = AbortSignal.timeout(limitMs);
  let suspended: string | undefined;
  sink.onDevice?.((notice) => {
    suspended = notice.state === 'suspended' ? notice.device : undefined;
  });
  try {
    sink.write(pcm);
    await Promise.race([sink.drain(), aborted(AbortSignal.any([signal, late]))]);
    const { startMs } = rendered;
    if (startMs !== undefined) return { startMs };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof GemliveError) return { error };
    if (!late.aborted) throw error;
  } finally {
    stop();
  }
  const common = { code: 'player_lost', exitCode: EXIT.audio } as const;
  if (suspended !== undefined)
    return {
      error: new GemliveError(`the sound server has suspended ${suspended}`, {
        ...common,
        hint: `pactl suspend-sink ${suspended} 0`,
      }),
    };
  return {
    error: new GemliveError('it opens, and plays nothing', {
      ...common,
      why: `${(limitMs / 1000).toFixed(1)} s after the chirps were handed over they have not been played`,
      hint: 'choose another one: gemlive devices, then --player and --output-device',
    }),
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** While and after they are played. Undefined: the microphone was lost. @throws what `signal` says. */
export async function listenForChirps(
  ear: Ear,
  startMs: number,
  signal: AbortSignal,
): Promise<EchoFinding | undefined> {
  const perMs = INPUT_FORMAT.sampleRateHz / 1000;
  const lastEndMs = (chirpStartsMs.at(-1) ?? 0) + CHIRP_MS;
  const find = (): EchoFinding => {
    const first = ear.timeline.sampleAt(startMs);
    const chirpsAt = chirpStartsMs.map((ms) => first + ms * perMs);
    return findEcho({ samples: ear.samples(), rateHz: INPUT_FORMAT.sampleRateHz, chirpsAt });
  };
  const hearUntil = (ms: number): Promise<void> =>
    ear.until(ear.timeline.sampleAt(startMs + ms) / perMs, signal);
  await hearUntil(lastEndMs + SOON_MS);
  const soon = find();
  if (soon.heard && soon.chirps === chirpStartsMs.length) return soon;
  await hearUntil(lastEndMs + LATEST_MS);
  return ear.lost ? undefined : find();
}

// ---- what it means ------------------------------------------------------------------------------

export function playerCheck(opened: Opened<AudioSink>, played: Played, system: System): Check {
  if ('error' in played) return failed('player', played.error);
  const check = openedCheck(opened);
  if (isDummy(opened)) {
    const summary = 'there is no loudspeaker: the sound server plays into nothing';
    const fix = fixesFor('noDevice', system);
    return { ...check, status: 'fail', summary, fix, exitCode: EXIT.audio };
  }
  const { device, backend } = opened;
  const fix = (what: 'unmute' | 'louder'): Fix[] => [
    deviceFix(what, 'output', backend?.system, device?.id ?? '@DEFAULT_SINK@'),
  ];
  if (device?.muted)
    return { ...check, status: 'warn', summary: `${device.name} is muted`, fix: fix('unmute') };
  const { volumePercent: volume = 100, name = '' } = device ?? {};
  if (volume < LOW_VOLUME_PERCENT) {
    const summary = `${name} is turned down to ${volume} %`;
    return { ...check, status: 'warn', summary, fix: fix('louder') };
  }
  return check;
}

/** `player`: the verdict on it, which may be why nothing was heard. */
export function loopbackCheck(found: EchoFinding, player: Check): Check {
  const { heard, delayMs = 0, echoDb = 0, noiseDbfs, sensitivityDb, drift, jumpMs } = found;
  const suggested = !heard ? 'off' : delayMs > REACH_MS ? 'gate' : 'auto';
  const facts = {
    heard,
    chirps: found.chirps,
    suggestedEcho: suggested,
    noiseDbfs: tenth(noiseDbfs),
    sensitivityDb: tenth(sensitivityDb),
    ...(heard && { delayMs: tenth(delayMs), echoDb: tenth(echoDb) }),
    ...(drift && { driftPpm: tenth(drift.ppm), driftUncertaintyPpm: tenth(drift.uncertaintyPpm) }),
    ...(jumpMs !== undefined && { jumpMs: tenth(jumpMs) }),
  };
  const common = { name: 'loopback', facts } as const;
  if (!heard) {
    const summary = 'the loudspeaker is not heard by the microphone';
    if (player.status === 'warn') {
      const { summary: why, fix = [] } = player;
      return { ...common, status: 'warn', summary: `${summary}: ${why}`, fix };
    }
    const least = Math.round(sensitivityDb);
    return {
      ...common,
      status: 'warn',
      summary,
      more: [
        `that is as it should be with headphones; an echo of ${least} dB would have been heard`,
      ],
      fix: [
        { words: 'with headphones: gemlive talk --echo off; else: do you hear what plays?' },
        { run: 'gemlive devices' },
      ],
    };
  }
  const summary = `heard at ${Math.round(echoDb)} dB after ${Math.round(delayMs)} ms: --echo ${suggested}`;
  const more = clockWords(found);
  if (suggested === 'gate') {
    return {
      ...common,
      status: 'warn',
      summary,
      more: [`an echo that comes after more than ${REACH_MS / 1000} s is not cancelled`, ...more],
      fix: [{ words: 'use devices with a cable, or headphones; else gemlive talk --echo gate' }],
    };
  }
  return { ...common, status: 'ok', summary, more };
}

function clockWords({ drift, jumpMs }: EchoFinding): string[] {
  if (jumpMs !== undefined)
    return [`the delay jumps, by ${jumpMs.toFixed(1)} ms: the sound stalls now and then`];
  if (drift === undefined) return [];
  const doubt = Math.max(1, Math.ceil(drift.uncertaintyPpm));
  if (Math.abs(drift.ppm) <= drift.uncertaintyPpm)
    return [`no drift of the clocks within ${doubt} ppm`];
  const note = Math.abs(drift.ppm) > NOTABLE_DRIFT_PPM ? ', which is much' : '';
  return [`the clocks drift by ${Math.round(drift.ppm)} ppm, give or take ${doubt}${note}`];
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
