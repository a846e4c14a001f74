/** Nothing to hear, without end: what `--no-mic` and the time after a recording are made of. */
import { bytesOfMs, FRAME_MS, INPUT_FORMAT } from '../format.ts';
import type { PcmFormat } from '../format.ts';
import type { AudioSource } from '../ports.ts';

/** Zeros for ever, as fast as they are taken: see {@link pace}. */
export function silence(format: PcmFormat = INPUT_FORMAT): AudioSource {
  return {
    format,
    label: 'silence',
    async *frames(signal) {
      const bytes = bytesOfMs(format, FRAME_MS);
      while (!signal.aborted) yield new Uint8Array(bytes);
    },
  };
}
