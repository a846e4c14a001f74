/**
 * Tells once when a whole answer is as good as silent: services were seen to send such sound, and the fault is then
 * looked for in the loudspeaker.
 */
import { msOfBytes, OUTPUT_FORMAT } from '../audio/format.ts';
import { energyOf, FLOOR_DBFS, floatFromS16 } from '../audio/pcm.ts';
import type { Warning } from '../errors.ts';
import type { ConversationEvent } from '../events.ts';

/** Speech has −15 to −35 dBFS; nobody hears this from a loudspeaker that is turned up for speech. */
const SILENT_DBFS = -60;
/** Less than this may be the silence before the first word. */
const MIN_MS = 500;

export class QuietAnswers {
  readonly #warn: (warning: Warning) => void;
  #energy = 0;
  #bytes = 0;
  #isTold = false;

  constructor(warn: (warning: Warning) => void) {
    this.#warn = warn;
  }

  reply(pcm: Uint8Array): void {
    if (this.#isTold) return;
    this.#energy += energyOf(floatFromS16(pcm));
    this.#bytes += pcm.byteLength;
  }

  event({ type }: ConversationEvent): void {
    if (type === 'turn') this.#turnEnded();
  }

  #turnEnded(): void {
    const samples = this.#bytes / 2;
    const isLong = msOfBytes(OUTPUT_FORMAT, this.#bytes) >= MIN_MS;
    const dbfs = Math.max(FLOOR_DBFS, 10 * Math.log10(this.#energy / Math.max(1, samples)));
    this.#energy = 0;
    this.#bytes = 0;
    if (this.#isTold || !isLong || dbfs >= SILENT_DBFS) return;
    this.#isTold = true;
    const level = dbfs === FLOOR_DBFS ? 'all zeros' : `−${Math.round(-dbfs)} dBFS`;
    this.#warn({
      code: 'quiet_answer',
      message: `the answer is nearly silent: ${level}`,
      hint: 'the service sent it like this, and your loudspeaker is not the cause: ask again',
    });
  }
}
