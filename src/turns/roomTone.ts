/**
 * What is said instead of a sound that shall not go out: the room as it is between the sounds. Digital silence
 * would be heard: whoever listens for speech takes it for the quietest room there is, and the fan that is
 * there again afterwards for a voice.
 */
import { FRAME_MS } from '../audio/format.ts';
import { FLOOR_DBFS, floatFromS16, levelDbfs, s16FromFloat } from '../audio/pcm.ts';

/** The quietest frame of the last two to four seconds is the room. */
const PART_FRAMES = 2000 / FRAME_MS;

export class RoomTone {
  #frames = 0;
  #leastDbfs = 0;
  #leastBeforeDbfs = 0;

  /** Each frame of the microphone, in order. */
  hear(pcm: Uint8Array): void {
    if (this.#frames % PART_FRAMES === 0) {
      this.#leastBeforeDbfs = this.#leastDbfs;
      this.#leastDbfs = 0;
    }
    this.#frames++;
    this.#leastDbfs = Math.min(this.#leastDbfs, levelDbfs(pcm));
  }

  /** The frame, no louder than the room. */
  instead(pcm: Uint8Array): Uint8Array {
    const roomDbfs = Math.min(this.#leastDbfs, this.#leastBeforeDbfs);
    if (roomDbfs <= FLOOR_DBFS) return new Uint8Array(pcm.byteLength);
    const overDb = levelDbfs(pcm) - roomDbfs;
    if (overDb <= 0) return pcm;
    const gain = 10 ** (-overDb / 20);
    return s16FromFloat(floatFromS16(pcm).map((sample) => sample * gain));
  }
}
