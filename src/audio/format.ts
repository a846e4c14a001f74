/**
 * The shape of sound in gemlive: always signed 16-bit little-endian PCM, so a format is its rate and its
 * channels. The rates of the Live API stand here once.
 */

export type PcmFormat = { sampleRateHz: number; channels: 1 | 2 };

/** What goes out: `audio/pcm;rate=16000`. */
export const INPUT_FORMAT: PcmFormat = { sampleRateHz: 16_000, channels: 1 };
/** What comes back: `audio/pcm;rate=24000`. */
export const OUTPUT_FORMAT: PcmFormat = { sampleRateHz: 24_000, channels: 1 };

/** Length of a microphone frame on the wire, in milliseconds. */
export const FRAME_MS = 20;

export const BYTES_PER_SAMPLE = 2;

/** Bytes of `ms` milliseconds, rounded down to whole sample frames. */
export function bytesOfMs(format: PcmFormat, ms: number): number {
  return Math.floor((format.sampleRateHz * ms) / 1000) * format.channels * BYTES_PER_SAMPLE;
}

/** Milliseconds that `bytes` bytes last. */
export function msOfBytes(format: PcmFormat, bytes: number): number {
  return (bytes / (BYTES_PER_SAMPLE * format.channels) / format.sampleRateHz) * 1000;
}
