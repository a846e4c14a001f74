/** What setup plays: a sentence by the voice of this machine, or chirps where there is none. */
import { msOfBytes, OUTPUT_FORMAT } from '../../audio/format.ts';
import { chirpsPcm } from '../../audio/loopback/chirp.ts';
import type { AudioSink } from '../../audio/ports.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import type { Voice } from '../../server/engines/engine.ts';
import { findEngines } from '../../server/engines/find.ts';
import { NO_VOICE } from '../../server/engines/voices.ts';
import type { CommandContext } from '../context.ts';

/** What a player may take from the first byte to its word that it plays. */
const STARTS_WITHIN_MS = 3000;

/** That of the local server; `none` where the one that was asked for is not here, either. */
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

/** 24 kHz mono s16le. A voice that fails is no reason to hear nothing. */
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
