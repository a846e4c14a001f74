/** What a canceller did with a room. */
import { CHANGE_S, NEAR_END_S, NEAR_S, type Room } from './room.ts';
import { dB, powerOf, RATE } from './signal.ts';

export type Figures = {
  /** Echo return loss (microphone over result, where only the assistant speaks), dB. */
  first2s: number;
  settled: number;
  /** In the two seconds after a change (the worst; none: infinite), and settled again. */
  changed: number;
  settledAgain: number;
  /** What is left when settled, over the room's own noise, dB. */
  overNoiseDb: number;
  /** Share of frames of near speech that come out within 6 dB, 0 to 1. */
  kept: number;
  /** SI-SDR of near speech in the result, and how much more than in the microphone, dB. */
  siSdr: number;
  siSdrGain: number;
  /** Share of frames, while the assistant alone speaks, that are 20 dB below the room's noise. */
  holes: number;
};

const FRAME = RATE / 50;
/** Frames of near speech softer than that share of its mean are pauses. */
const SPEECH = 0.3;

/** `result`: as long as the room and in step with it. */
export function measure(room: Room, result: Float32Array): Figures {
  const { microphone, near, noise, changesS } = room;
  const loss = (fromS: number, toS: number): number => {
    const [from, to] = [Math.round(fromS * RATE), Math.round(toS * RATE)];
    return dB(powerOf(microphone, from, to)) - dB(powerOf(result, from, to));
  };
  const siSdr = siSdrOf(near, result);
  return {
    first2s: loss(0.05, 2),
    settled: loss(5, CHANGE_S),
    changed: Math.min(...changesS.map((atS) => loss(atS, atS + 2))),
    settledAgain: loss(NEAR_S - 4, NEAR_S - 0.2),
    overNoiseDb:
      dB(powerOf(result, 5 * RATE, CHANGE_S * RATE)) -
      dB(powerOf(noise, 5 * RATE, CHANGE_S * RATE)),
    kept: keptOf(near, result),
    siSdr,
    siSdrGain: siSdr - siSdrOf(near, microphone),
    holes: holesOf(result, noise),
  };
}

function keptOf(near: Float32Array, result: Float32Array): number {
  const mean = powerOf(near, NEAR_S * RATE, NEAR_END_S * RATE);
  let kept = 0;
  let all = 0;
  for (let at = NEAR_S * RATE; at + FRAME <= NEAR_END_S * RATE; at += FRAME) {
    const said = powerOf(near, at, at + FRAME);
    if (said < mean * SPEECH ** 2) continue;
    all++;
    if (Math.abs(dB(powerOf(result, at, at + FRAME)) - dB(said)) <= 6) kept++;
  }
  return kept / all;
}

/** J. Le Roux et al.: SDR – half-baked or well done? ICASSP 2019. */
function siSdrOf(near: Float32Array, result: Float32Array): number {
  const [from, to] = [NEAR_S * RATE, NEAR_END_S * RATE];
  let along = 0;
  for (let i = from; i < to; i++) along += near[i]! * result[i]!;
  const gain = along / ((to - from) * powerOf(near, from, to));
  let rest = 0;
  for (let i = from; i < to; i++) rest += (result[i]! - gain * near[i]!) ** 2;
  return dB(gain * gain * powerOf(near, from, to)) - dB(rest / (to - from));
}

function holesOf(result: Float32Array, noise: Float32Array): number {
  const floor = powerOf(noise) / 100;
  let holes = 0;
  let all = 0;
  for (let at = RATE; at + FRAME <= CHANGE_S * RATE; at += FRAME) {
    all++;
    if (powerOf(result, at, at + FRAME) < floor) holes++;
  }
  return holes / all;
}
