/**
 * Half-duplex: while the loudspeaker plays, the microphone is silent, unless what it hears is clearly louder
 * than the echo ever was. Costs nothing and cannot fail in odd ways, but the user has to raise the voice.
 */
import { energyOf } from '../pcm.ts';

/** Pieces are judged in frames of 20 ms. */
const FRAME = 320;
/** Mean square below which the loudspeaker is silent. */
const SILENCE = 1e-6;
/** How fast reverberation dies away, per frame: 60 dB in 0.6 s. */
const TAIL = 0.63;
/** It is quiet for so long after the sound: what plays is heard a little later. */
const HANG_FRAMES = 15;
/** The echo is learnt as a high quantile: one frame in five is above it. */
const UP = 1.08;
const DOWN = 0.98;
const LEAST = 1e-4;
/** 9 dB above the echo, for 60 ms, is somebody. */
const LOUDER = 8;
const OPEN_AFTER_FRAMES = 3;
const STAYS_OPEN_FRAMES = 20;

export class EchoGate {
  readonly #far = new Float32Array(FRAME);
  readonly #mic = new Float32Array(FRAME);
  readonly #out = new Float32Array(FRAME);
  #filled = 0;
  /** Echo over reference, as powers. */
  #coupling = 1;
  #tail = 0;
  #hang = 0;
  #loud = 0;
  #open = 0;

  /** Samples from the microphone to the result. */
  readonly delaySamples = FRAME;

  /** Pieces of one length, any; 16 kHz, full scale 1. */
  process(reference: Float32Array, microphone: Float32Array, out: Float32Array): void {
    for (let i = 0; i < microphone.length; i++) {
      const at = this.#filled;
      this.#far[at] = reference[i]!;
      this.#mic[at] = microphone[i]!;
      out[i] = this.#out[at]!;
      this.#filled = (at + 1) % FRAME;
      if (this.#filled === 0) this.#judge();
    }
  }

  #judge(): void {
    const far = power(this.#far);
    const mic = power(this.#mic);
    this.#tail = Math.max(far, TAIL * this.#tail);
    this.#hang = this.#tail > SILENCE ? HANG_FRAMES : Math.max(0, this.#hang - 1);
    if (this.#hang === 0) {
      this.#out.set(this.#mic);
      return;
    }
    const echo = this.#coupling * Math.max(this.#tail, SILENCE);
    this.#loud = mic > LOUDER * echo ? this.#loud + 1 : 0;
    if (this.#loud >= OPEN_AFTER_FRAMES) this.#open = STAYS_OPEN_FRAMES;
    // What is learnt while somebody speaks is not the echo.
    if (this.#tail > SILENCE && this.#loud === 0 && this.#open === 0)
      this.#coupling = Math.min(1, Math.max(LEAST, this.#coupling * (mic > echo ? UP : DOWN)));
    if (this.#open > 0) this.#out.set(this.#mic);
    else this.#out.fill(0);
    this.#open = Math.max(0, this.#open - 1);
  }
}

/** What is no number counts as silence. */
function power(frame: Float32Array): number {
  const energy = energyOf(frame);
  return Number.isFinite(energy) ? energy / FRAME : 0;
}
