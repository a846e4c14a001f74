/** What can be done about echo, each run over a room in pieces of 20 ms, as sound comes. */
import { DELAY_SAMPLES, EchoCanceller } from '../../../src/audio/echo/canceller.ts';
import { EchoGate } from '../../../src/audio/echo/gate.ts';
import type { Room } from './room.ts';
import { RATE } from './signal.ts';

export type Outcome = {
  /** In step with the room. */
  result: Float32Array;
  delayMs: number;
  /** Of a core, in real time. */
  cpuShare: number;
};

export type Method = (room: Room) => Promise<Outcome>;

const PIECE = RATE / 50;
/** Of the resamplers and filter banks of the package, measured with a click. */
const AEC3_DELAY_SAMPLES = 168;
const AEC3_RATE = 48_000;

type Step = (reference: Float32Array, microphone: Float32Array, out: Float32Array) => void;

export const off: Method = ({ microphone }) =>
  Promise.resolve({ result: microphone, delayMs: 0, cpuShare: 0 });

export const gate: Method = (room) => {
  const one = new EchoGate();
  return run(
    room,
    () => one.delaySamples,
    (far, mic, out) => one.process(far, mic, out),
  );
};

export const ours: Method = (room) => {
  const one = new EchoCanceller();
  const step: Step = (far, mic, out) => one.process(far, mic, out);
  const held = (): number => (one.statistics.heldBackMs * RATE) / 1000;
  return run(room, () => DELAY_SAMPLES + held(), step);
};

let loading: ReturnType<(typeof import('@ennuicastr/webrtcaec3.js'))['default']> | undefined;

/** WebRTC's, as wasm, at its best rate. */
export const aec3: Method = async (room) => {
  loading ??= import('@ennuicastr/webrtcaec3.js').then(({ default: load }) => load());
  const { AEC3 } = await loading;
  const one = new AEC3(AEC3_RATE, 1, 1);
  const waiting: number[] = [];
  const step: Step = (far, mic, out) => {
    const rates = { sampleRateIn: RATE, sampleRateOut: RATE };
    for (let at = 0; at < PIECE; at += PIECE / 2) {
      one.analyze([far.subarray(at, at + PIECE / 2)], { sampleRateIn: RATE });
      const piece = [mic.subarray(at, at + PIECE / 2)];
      const made = [new Float32Array(one.processSize(piece, rates))];
      one.process(made, piece, rates);
      waiting.push(...made[0]!);
    }
    for (let i = 0; i < PIECE; i++) out[i] = waiting.shift() ?? 0;
  };
  return run(room, () => AEC3_DELAY_SAMPLES, step);
};

/** `delay`: of the result, in samples, as it is at the end. */
function run(room: Room, delay: () => number, step: Step): Promise<Outcome> {
  const { reference, microphone } = room;
  const out = new Float32Array(microphone.length);
  const from = process.cpuUsage();
  for (let at = 0; at + PIECE <= out.length; at += PIECE) {
    const end = at + PIECE;
    step(reference.subarray(at, end), microphone.subarray(at, end), out.subarray(at, end));
  }
  const { user, system } = process.cpuUsage(from);
  const delaySamples = delay();
  const result = new Float32Array(out.length);
  result.set(out.subarray(delaySamples));
  return Promise.resolve({
    result,
    delayMs: (delaySamples / RATE) * 1000,
    cpuShare: (user + system) / 1e6 / (out.length / RATE),
  });
}
