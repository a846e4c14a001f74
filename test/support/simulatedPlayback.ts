/** Playback of recorded arrivals on a device that is only reckoned, by a clock that is only counted. */
import type { Clock } from '../../src/audio/clock.ts';
import { bytesOfMs, msOfBytes, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes } from '../../src/audio/pcm.ts';
import type { PlayoutBuffer } from '../../src/audio/sinks/jitterBuffer.ts';
import { Playout } from '../../src/audio/sinks/playout.ts';
import type { PlayoutDevice } from '../../src/audio/sinks/playout.ts';
import { pacat } from '../../src/audio/backends/players.ts';

/** Runs what is due, in order, each at its own time. */
export class CountedClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; work: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, work: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, work };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** To `untilMs`, or, left out, until nothing waits any more. */
  run(untilMs?: number): void {
    for (;;) {
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > (untilMs ?? Number.POSITIVE_INFINITY)) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.work();
    }
    if (untilMs !== undefined) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }
}

type Handed = { bytes: number; startMs: number; source: Uint8Array | undefined };

/** Plays what it has, as fast as time, and knows exactly where it is. */
class CountedDevice implements PlayoutDevice {
  readonly handed: Handed[] = [];
  readonly alive = true;
  readonly estimated = true;
  readonly bufferMs = 0;
  readonly suspended = false;
  readonly #clock: Clock;
  #endMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  aheadMs(): number {
    return Math.max(0, this.#endMs - this.#clock.nowMs());
  }

  heardBytes(): number {
    let bytes = 0;
    for (const { source, startMs } of this.handed) {
      if (source === undefined) continue;
      const heard = bytesOfMs(OUTPUT_FORMAT, Math.max(0, this.#clock.nowMs() - startMs + 1e-6));
      bytes += Math.min(source.byteLength, heard);
    }
    return bytes;
  }

  heardAtMs(): number {
    return this.#clock.nowMs();
  }

  unheardBytes(): number {
    const sound = this.handed.reduce((sum, { source }) => sum + (source?.byteLength ?? 0), 0);
    return sound - this.heardBytes();
  }

  unheard(): Uint8Array[] {
    return [];
  }

  retire(): { heardBytes: number; unheard: Uint8Array[] } {
    return { heardBytes: this.heardBytes(), unheard: [] };
  }

  write(bytes: Uint8Array, source: Uint8Array): void {
    this.#hand(bytes.byteLength, source);
  }

  writeSilence(ms: number): void {
    this.#hand(bytesOfMs(OUTPUT_FORMAT, ms), undefined);
  }

  #hand(bytes: number, source: Uint8Array | undefined): void {
    const startMs = Math.max(this.#endMs, this.#clock.nowMs());
    this.handed.push({ bytes, startMs, source });
    this.#endMs = startMs + msOfBytes(OUTPUT_FORMAT, bytes);
  }
}

/** One reply: its sound, when each piece of it came, and when its end was told (absent: never). */
export type ArrivedReply = { chunks: { atMs: number; pcm: Uint8Array }[]; endAtMs?: number };

export type SimulatedReply = {
  /** As it was played. */
  pcm: Uint8Array;
  /** From the arrival of the first sound to its playing. */
  startedAfterMs: number;
  /** Silences in the midst of it. */
  gapsMs: number[];
};

/** The replies must not overlap in playing: the next one comes when the last has been heard. */
export function simulatePlayback(
  replies: readonly ArrivedReply[],
  buffer: PlayoutBuffer,
): { replies: SimulatedReply[]; underruns: number } {
  const clock = new CountedClock();
  let device = new CountedDevice(clock);
  const playout = new Playout({
    program: pacat,
    format: OUTPUT_FORMAT,
    clock,
    buffer,
    run: () => device,
    onStuck: () => {
      throw new Error('a counted device is never stuck');
    },
    onRest: () => undefined,
  });
  const simulated = replies.map(({ chunks, endAtMs }) => {
    // Times go on from the last reply; what counts is the distance between its own.
    const shiftMs = clock.nowMs() - Math.min(chunks[0]?.atMs ?? 0, endAtMs ?? Infinity);
    const firstAtMs = clock.nowMs();
    for (const { atMs, pcm } of chunks) {
      clock.run(atMs + shiftMs);
      playout.write(pcm);
    }
    if (endAtMs !== undefined) {
      clock.run(endAtMs + shiftMs);
      playout.end();
    }
    clock.run();
    playout.end();
    clock.run();
    const sounds = device.handed.filter(({ source }) => source !== undefined);
    const gapsMs = sounds
      .map(({ startMs }, i) => {
        const before = sounds[i - 1];
        return before === undefined
          ? 0
          : startMs - before.startMs - msOfBytes(OUTPUT_FORMAT, before.bytes);
      })
      .filter((ms) => ms > 0.01);
    const pcm = concatBytes(sounds.map(({ source }) => source ?? new Uint8Array(0)));
    playout.retire();
    device = new CountedDevice(clock);
    return { pcm, startedAfterMs: (sounds[0]?.startMs ?? firstAtMs) - firstAtMs, gapsMs };
  });
  return { replies: simulated, underruns: playout.position().underruns };
}

/** What gemlive had before it learnt: 60 ms, or 80 ms after the first sound. */
export const fixedBuffer = (targetMs = 60, maxWaitMs = 80): PlayoutBuffer => ({
  targetMs,
  maxWaitMs,
  began: () => undefined,
  arrived: () => undefined,
  underrun: () => undefined,
  replyEnded: () => undefined,
});
