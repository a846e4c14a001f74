/** Hands sound over to a player program: by its position, so far ahead of the ear that a late timer is not heard. */
import type { Clock } from '../clock.ts';
import { bytesOfMs, msOfBytes } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import { ExtraAhead } from './extraAhead.ts';
import type { Gain } from './gain.ts';
import type { PcmQueue } from './pcmQueue.ts';
import type { PlayerProgram } from './playerProgram.ts';
import type { PlayerRun } from './playerRun.ts';
import type { RenderTap } from './renderTap.ts';

/** Handed over beyond what the device wants to hold. */
const AHEAD_OF_BUFFER_MS = 60;
const WRITE_MS = 20;
const MAX_WRITE_MS = 40;
/** When the silence after the last sound is sent although more sound may yet come. */
const PAD_WHEN_LEFT_MS = 20;
/** It has all it may get and does not move: it waits for more than that. */
const STARVED_AFTER_MS = 300;
/** It does not move whatever it gets: it is gone. Longer before it has ever moved: a device may have to wake up. */
const STUCK_AFTER_MS = 700;
const STUCK_AT_START_MS = 3000;

const SUSPENDED_LOOK_MS = 1000;

/** What is fed. */
export type FedDevice = Pick<
  PlayerRun,
  'bufferMs' | 'suspended' | 'aheadMs' | 'heardBytes' | 'unheardBytes' | 'write' | 'writeSilence'
>;

export type FeederOptions = {
  program: PlayerProgram;
  format: PcmFormat;
  clock: Clock;
  queue: PcmQueue;
  gain: Gain;
  tap: RenderTap;
};

export class Feeder {
  readonly #options: FeederOptions;
  readonly #extra = new ExtraAhead();
  #run: FedDevice | undefined;
  /** Last change of its position; `lookedMs`: what was last done about there being none. */
  #moved = { heardBytes: 0, atMs: 0, lookedMs: 0 };
  #padded = false;

  constructor(options: FeederOptions) {
    this.#options = options;
  }

  /** The last sound of the queue has been handed over with silence after it. */
  get padded(): boolean {
    return this.#padded;
  }

  /** Sound comes again after an end, or a new program takes it. */
  restart(): void {
    this.#padded = false;
    // In the pause nobody looked, and nothing had to move.
    const nowMs = this.#options.clock.nowMs();
    this.#moved = { ...this.#moved, atMs: nowMs, lookedMs: nowMs };
  }

  /** There was sound and it came too late: this device wants more in advance. */
  starved(): void {
    this.#extra.starved(this.#options.clock.nowMs());
  }

  /**
   * Hands over what is due. `ending`: no more sound is known to come. Gives the milliseconds until it wants to
   * be called again; `heard` when all has been, `stuck` when the device takes no sound.
   */
  feed(run: FedDevice, ending: boolean): number | 'heard' | 'stuck' {
    const { program, format, queue } = this.#options;
    if (this.#isStuck(run)) return 'stuck';
    const targetMs = Math.max(program.aheadMs, run.bufferMs + AHEAD_OF_BUFFER_MS) + this.#extra.ms;
    while (queue.bytes > 0 && run.aheadMs() + WRITE_MS <= targetMs) {
      const roomMs = Math.min(MAX_WRITE_MS, targetMs - run.aheadMs());
      this.#hand(run, queue.take(bytesOfMs(format, roomMs)));
    }
    const aheadMs = run.aheadMs();
    // Nothing is due before it is resumed, which its program reports.
    if (run.suspended) return SUSPENDED_LOOK_MS;
    if (queue.bytes > 0) return aheadMs - targetMs + WRITE_MS;
    if (run.unheardBytes() === 0) return 'heard';
    if (!this.#padded) {
      const leftMs = ending ? program.padWhenLeftMs : PAD_WHEN_LEFT_MS;
      if (aheadMs > leftMs) return aheadMs - leftMs;
      this.#padded = true;
      run.writeSilence(program.padMs);
    }
    return msOfBytes(format, run.unheardBytes());
  }

  #hand(run: FedDevice, sound: Uint8Array): void {
    const { gain, tap, clock } = this.#options;
    const louder = gain.apply(sound);
    tap.hand(louder, clock.nowMs() + run.aheadMs());
    run.write(louder, sound);
  }

  #isStuck(run: FedDevice): boolean {
    const nowMs = this.#options.clock.nowMs();
    const heardBytes = run.heardBytes();
    const moves = heardBytes !== this.#moved.heardBytes || run.aheadMs() <= 0;
    if (run !== this.#run || moves || run.suspended) {
      this.#run = run;
      this.#moved = { heardBytes, atMs: nowMs, lookedMs: nowMs };
      this.#extra.plays(nowMs);
      return false;
    }
    if (nowMs - this.#moved.lookedMs >= STARVED_AFTER_MS) {
      this.#moved.lookedMs = nowMs;
      this.starved();
    }
    return nowMs - this.#moved.atMs >= (heardBytes > 0 ? STUCK_AFTER_MS : STUCK_AT_START_MS);
  }
}
