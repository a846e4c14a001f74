/** The rooms of the bench. The canceller was tuned on other seeds, paths and words. */
import { makeRoom, music, type Room, type RoomOptions } from './room.ts';
import { assistant, user, type Voice } from './voices.ts';

export type Plan = Omit<RoomOptions, 'far' | 'near' | 'seed'> & {
  far: Voice | 'music';
  near: Voice;
};

export const PLANS: readonly Plan[] = [
  { name: '20 ms, −3 dB', far: 'slt', near: 'rms', delayMs: 20, couplingDb: -3 },
  { name: '60 ms, −12 dB', far: 'kal16', near: 'slt', delayMs: 60, couplingDb: -12 },
  { name: '120 ms, −6 dB', far: 'rms', near: 'slt', delayMs: 120, couplingDb: -6 },
  { name: '150 ms, −6 dB', far: 'awb', near: 'rms', delayMs: 150, couplingDb: -6 },
  { name: '200 ms, −20 dB', far: 'en-us', near: 'rms', delayMs: 200, couplingDb: -20 },
  { name: '300 ms, −15 dB', far: 'en-gb+f3', near: 'slt', delayMs: 300, couplingDb: -15 },
  { name: '500 ms, −9 dB', far: 'slt', near: 'rms', delayMs: 500, couplingDb: -9 },
  { name: '40 ms, −25 dB', far: 'rms', near: 'slt', delayMs: 40, couplingDb: -25 },
  {
    name: 'long reverberation (500 ms)',
    far: 'slt',
    near: 'rms',
    delayMs: 70,
    couplingDb: -9,
    reverberationMs: 500,
  },
  {
    name: 'bad loudspeaker',
    far: 'rms',
    near: 'slt',
    delayMs: 70,
    couplingDb: -9,
    distortion: 1,
  },
  {
    name: 'noise at −50 dBFS',
    far: 'slt',
    near: 'rms',
    delayMs: 90,
    couplingDb: -8,
    noiseDbfs: -50,
  },
  { name: 'typing', far: 'rms', near: 'slt', delayMs: 70, couplingDb: -10, keys: true },
  { name: 'music', far: 'music', near: 'rms', delayMs: 100, couplingDb: -10 },
  {
    name: 'path changes',
    far: 'awb',
    near: 'slt',
    delayMs: 80,
    couplingDb: -9,
    changes: true,
  },
  { name: 'delay +60 ms', far: 'rms', near: 'slt', delayMs: 100, couplingDb: -9, jumpMs: 60 },
  { name: 'delay −80 ms', far: 'slt', near: 'rms', delayMs: 180, couplingDb: -9, jumpMs: -80 },
  {
    name: 'drift +100 ppm',
    far: 'kal16',
    near: 'rms',
    delayMs: 80,
    couplingDb: -10,
    driftPpm: 100,
  },
  { name: 'drift −100 ppm', far: 'slt', near: 'rms', delayMs: 80, couplingDb: -10, driftPpm: -100 },
  { name: 'drift +300 ppm', far: 'awb', near: 'slt', delayMs: 60, couplingDb: -9, driftPpm: 300 },
  {
    name: 'drift −300 ppm',
    far: 'en-us',
    near: 'rms',
    delayMs: 120,
    couplingDb: -12,
    driftPpm: -300,
  },
  {
    name: 'the player stalls',
    far: 'rms',
    near: 'slt',
    delayMs: 100,
    couplingDb: -9,
    player: 'stalls',
  },
  {
    name: 'replies told wrong',
    far: 'slt',
    near: 'rms',
    delayMs: 70,
    couplingDb: -9,
    player: 'replies',
  },
  { name: '700 ms, −12 dB', far: 'kal16', near: 'slt', delayMs: 700, couplingDb: -12 },
  { name: '20 ms before it is told', far: 'rms', near: 'slt', delayMs: -20, couplingDb: -10 },
];

/** Of each room its own, so that a room is the same alone and among others. */
const FIRST_SEED = 501;

export function roomOf(plan: Plan): Room {
  const far = plan.far === 'music' ? music(12, 77) : assistant(plan.far);
  return makeRoom({
    ...plan,
    far,
    near: user(plan.near),
    seed: FIRST_SEED + PLANS.indexOf(plan),
  });
}
