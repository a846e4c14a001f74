/**
 * What the canceller was given, for whoever looks for its faults: a WAV file of 16 kHz with the reference, as it was told, on the
 * left and the microphone on the right. The same canceller makes the same of them again.
 */
import { join } from 'node:path';

import { WavFileWriter } from '../fileWriters.ts';
import { floatFromS16, s16FromFloat } from '../pcm.ts';
import { RATE_HZ } from './geometry.ts';

export class EchoRecording {
  readonly #file: WavFileWriter;

  /** Begins `echo-PID.wav` in `folder`. Throws GemliveError, as {@link write} does. */
  constructor(folder: string) {
    const path = join(folder, `echo-${process.pid}.wav`);
    this.#file = new WavFileWriter(path, { sampleRateHz: RATE_HZ, channels: 2 });
  }

  write(far: Float32Array, mic: Uint8Array): void {
    const near = floatFromS16(mic);
    const both = new Float32Array(2 * far.length);
    for (let i = 0; i < far.length; i++) both.set([far[i]!, near[i]!], 2 * i);
    this.#file.write(s16FromFloat(both));
  }
}
