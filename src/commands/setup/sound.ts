/** Setup plays a sentence by the voice of this machine, or chirps where there is no voice. */
import { msOfBytes, OUTPUT_FORMAT } from '../../audio/format.ts';
import { chirpsPcm } from '../../audio/loopback/chirp.ts';
import type { AudioSink } from '../../audio/ports.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import type { Voice } from '../../server/engines/engine.ts';
import { findEngines } from '../../server/engines/find.ts';
import { NO_VOICE } from '../../server/engines/voices.ts';
import type { CommandContext } from '../context.ts';

/** A player may take so long until it plays the first byte. */
const STARTS_WITHIN_MS = 3000;

/** Finds the voice of the local server. The result is `none`, too, when the voice that was asked for is not here. */
export async function voiceHere(
  { settings, childEnv }: CommandContext,
  signal: AbortSignal,
): Promise<Voice> {
  const { tts } = settings;
  const choice = { environment: childEnv, stt: 'none', ...(tts !== undefined && { tts }) };
  try {
    return await findEngines(choice, signal).voice;
  } catch (error) {
    if (!(error instanceof GemliveError)) throw error;
    return NO_VOICE;
  }
}

/** Returns 24 kHz mono s16le. Chirps take the place of a voice that fails. */
export async function sentence(
  voice: Voice,
  words: string,
  voiceName: string | undefined,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chirps = (): Uint8Array => chirpsPcm(OUTPUT_FORMAT.sampleRateHz);
  if (voice === NO_VOICE) return chirps();
  return voice.speak(words, voiceName, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    return chirps();
  });
}

/** Settles when it has been heard. @throws GemliveError, or what `signal` says. */
export async function play(sink: AudioSink, pcm: Uint8Array, signal: AbortSignal): Promise<void> {
  const limitMs = Math.ceil(msOfBytes(OUTPUT_FORMAT, pcm.byteLength)) + STARTS_WITHIN_MS;
  const late = AbortSignal.timeout(limitMs);
  const stop = AbortSignal.any([signal, late]);
  const stopped = new Promise<never>((_, reject) => {
    stop.addEventListener('abort', () => reject(stop.reason as Error), { once: true });
  });
  try {
    stop.throwIfAborted();
    sink.write(pcm);
    sink.flush();
    await Promise.race([sink.drain(), stopped]);
  } catch (error) {
    sink.clear();
    signal.throwIfAborted();
    if (!late.aborted) throw error;
    throw new GemliveError('it opens, and plays nothing', {
      code: 'player_lost',
      exitCode: EXIT.audio,
    });
  }
}
