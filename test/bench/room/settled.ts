/** How much of the echo is on the wire, and what the canceller makes of the same room on files; and is the reply whole? */
import { setTimeout as pause } from 'node:timers/promises';

import { DELAY_SAMPLES, EchoCanceller } from '../../../src/audio/echo/canceller.ts';
import { concatBytes, floatFromS16 } from '../../../src/audio/pcm.ts';
import type { LiveRoomOptions } from '../../support/liveRoom.ts';
import { framesIn, soundIn } from '../../support/recordingProxy.ts';
import { matchBlocks } from '../../support/signal.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { dB, powerOf, RATE } from '../echo/signal.ts';
import { RoomStage, type TalkOptions } from './stage.ts';

const PIECE = RATE / 50;
const SETTLED_S = 5;
const SPEAKER_RATE_HZ = 24_000;

export type Loss = { first2s: number; settled: number; leftDbfs: number };

export type Settled = {
  live: Loss;
  onFiles: Loss;
  /** Blocks of 100 ms of the reply, those that were heard as they were, and by how much their place varied. */
  blocks: number;
  whole: number;
  lagSpreadMs: number;
};

/** `--no-interrupt` lets everything out: what is on the wire is what the canceller made. */
export async function measureSettled(
  sound: SoundServer,
  options: LiveRoomOptions,
  seconds: number,
  { args = [], prepare }: TalkOptions = {},
): Promise<Settled> {
  const stage = await RoomStage.open(sound, options, {
    args: ['--no-interrupt', ...args],
    ...(prepare && { prepare }),
  });
  try {
    await stage.makeItCount();
    await pause(seconds * 1000);
    const heard = stage.room.heard();
    const frames = framesIn(stage.proxy.fromClient);
    const wire = floatFromS16(concatBytes(frames.map(({ pcm }) => pcm)));
    const from = stage.room.samplesAt(frames[0]!.atMs) - PIECE;
    const began = heard.speaker.findIndex((sample) => Math.abs(sample) > 0.003);
    const live = lossOf(heard.microphone, wire, began, -from, seconds);
    const onFiles = lossOf(heard.microphone, cancelled(heard), began, 0, seconds);
    const sent = soundIn(stage.proxy.fromServer).slice(0, 2 * SPEAKER_RATE_HZ * (seconds - 1));
    const blocks = matchBlocks(sent, heard.pcm, { rateHz: SPEAKER_RATE_HZ });
    const lags = blocks.map(({ lagMs }) => lagMs);
    return {
      live,
      onFiles,
      blocks: blocks.length,
      whole: blocks.filter(({ correlation }) => correlation > 0.98).length,
      lagSpreadMs: Math.max(...lags) - Math.min(...lags),
    };
  } finally {
    await stage.close();
  }
}

/** `result` is `shift` samples behind the microphone. */
function lossOf(
  microphone: Float32Array,
  result: Float32Array,
  began: number,
  shift: number,
  seconds: number,
): Loss {
  const loss = (fromS: number, toS: number): number => {
    const [from, to] = [began + fromS * RATE, began + toS * RATE];
    return dB(powerOf(microphone, from, to)) - dB(powerOf(result, from + shift, to + shift));
  };
  const [from, to] = [began + SETTLED_S * RATE, began + (seconds - 1) * RATE];
  return {
    first2s: loss(0.05, 2),
    settled: loss(SETTLED_S, seconds - 1),
    leftDbfs: dB(powerOf(result, from + shift, to + shift)),
  };
}

function cancelled({
  speaker,
  microphone,
}: {
  speaker: Float32Array;
  microphone: Float32Array;
}): Float32Array {
  const canceller = new EchoCanceller();
  const out = new Float32Array(microphone.length);
  for (let at = 0; at + PIECE <= out.length; at += PIECE) {
    const end = at + PIECE;
    canceller.process(
      speaker.subarray(at, end),
      microphone.subarray(at, end),
      out.subarray(at, end),
    );
  }
  return out.subarray(DELAY_SAMPLES);
}
