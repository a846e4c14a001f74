/** Processes each piece of 20 ms: removes the echo, and decides whether the rest can be a voice. */
import { energyOf, floatFromS16, s16FromFloat } from '../pcm.ts';
import { EchoCanceller } from './canceller.ts';
import type { Cancelled } from './echoFree.ts';
import { EchoGate } from './gate.ts';

/** Every so many pieces the result carries statistics. */
const TELL_EVERY = 25;
/** Mean square of a sample of the reference from which on it can be heard. */
const AUDIBLE = 1e-7;
/** An echo lasts this much longer than the reference: it comes late and reverberates. */
const TAIL_PIECES = 30;
/** Below this value of {@link EchoCanceller.near} nobody speaks. */
const SOMEBODY = 0.65;

export class EchoProcessor {
  readonly #canceller: EchoCanceller | undefined;
  readonly #echo: EchoCanceller | EchoGate;
  #pieces = 0;
  #tail = 0;

  constructor(how: 'aec' | 'gate') {
    this.#canceller = how === 'gate' ? undefined : new EchoCanceller();
    this.#echo = this.#canceller ?? new EchoGate();
  }

  process(far: Float32Array, mic: Uint8Array): Cancelled {
    const sound = floatFromS16(mic);
    this.#tail = energyOf(far) > AUDIBLE * far.length ? TAIL_PIECES : Math.max(0, this.#tail - 1);
    this.#echo.process(far, sound, sound);
    this.#pieces++;
    const canceller = this.#canceller;
    const isTime = this.#pieces % TELL_EVERY === 0;
    return {
      pcm: s16FromFloat(sound),
      isEcho: this.#tail > 0 && (canceller?.near ?? 1) < SOMEBODY,
      ...(canceller && isTime && { statistics: canceller.statistics }),
    };
  }
}
