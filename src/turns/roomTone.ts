/**
 * What is said instead of a sound that shall not go out: the room as it is between the sounds, in an order of its own.
 * Digital silence would be heard: whoever listens for speech takes it for the quietest room there is, and the fan that is
 * there again afterwards for a voice. The sound itself, made as soft as the room, would be heard too: soft music is music.
 */
import { BYTES_PER_SAMPLE, FRAME_MS } from '../audio/format.ts';
import { FLOOR_DBFS, floatFromS16, levelDbfs, s16FromFloat } from '../audio/pcm.ts';

/** The quietest frame of the last two to four seconds is the room, and with it what is hardly louder. */
const PART_FRAMES = 2000 / FRAME_MS;
const ROOM_DB = 3;
const KEPT_FRAMES = 25;

export class RoomTone {
  #frames = 0;
  #leastDbfs = 0;
  #leastBeforeDbfs = 0;
  readonly #kept: Uint8Array[] = [];
  #random = 1;

  /** Each frame of the microphone that may be the room, in order. */
  hear(pcm: Uint8Array): void {
    if (this.#frames % PART_FRAMES === 0) {
      this.#leastBeforeDbfs = this.#leastDbfs;
      this.#leastDbfs = 0;
    }
    this.#frames++;
    const dbfs = levelDbfs(pcm);
    this.#leastDbfs = Math.min(this.#leastDbfs, dbfs);
    if (dbfs > this.#roomDbfs + ROOM_DB) return;
    this.#kept.push(pcm);
    if (this.#kept.length > KEPT_FRAMES) this.#kept.shift();
  }

  /** A frame for this one, no louder than the room. */
  instead(pcm: Uint8Array): Uint8Array {
    const roomDbfs = this.#roomDbfs;
    if (roomDbfs <= FLOOR_DBFS) return new Uint8Array(pcm.byteLength);
    if (levelDbfs(pcm) <= roomDbfs) return pcm;
    const frame = this.#kept[this.#below(this.#kept.length)]!;
    // From anywhere in it, either way up: what is repeated as it was would have a pitch.
    const from = this.#below(pcm.byteLength / BYTES_PER_SAMPLE);
    const samples = floatFromS16(frame);
    const sign = this.#below(2) === 0 ? 1 : -1;
    const gain = sign * Math.min(1, 10 ** ((roomDbfs - levelDbfs(frame)) / 20));
    return s16FromFloat(samples.map((_, i) => gain * samples[(i + from) % samples.length]!));
  }

  get #roomDbfs(): number {
    return Math.min(this.#leastDbfs, this.#leastBeforeDbfs);
  }

  #below(count: number): number {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((this.#random / 0x8000_0000) * count);
  }
}
