/** What a script's shorthands say, as messages of the server. */
import { bytesOfMs, OUTPUT_FORMAT } from '../../audio/format.ts';
import { audioBlob } from '../../protocol/codec.ts';
import type { ServerMessage, Setup } from '../../protocol/messages.ts';
import type { Voice } from '../engines/engine.ts';
import { silenceFor } from '../engines/voices.ts';

export const CHUNK_MS = 240;

export const soundMessage = (pcm: Uint8Array): ServerMessage => ({
  serverContent: {
    modelTurn: { parts: [{ inlineData: audioBlob(pcm, OUTPUT_FORMAT.sampleRateHz) }] },
  },
});

export function chunksOf(pcm: Uint8Array): Uint8Array[] {
  const size = bytesOfMs(OUTPUT_FORMAT, CHUNK_MS);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < pcm.byteLength; at += size) chunks.push(pcm.subarray(at, at + size));
  return chunks;
}

/** Words spread over the chunks of their sound; as text where the client asked for text. */
export async function spoken(
  text: string,
  setup: Setup | undefined,
  voice: Voice,
  signal: AbortSignal,
): Promise<ServerMessage[]> {
  if (setup?.generationConfig?.responseModalities?.[0] === 'TEXT') {
    return [{ serverContent: { modelTurn: { parts: [{ text }] } } }];
  }
  const voiceName =
    setup?.generationConfig?.speechConfig?.voiceConfig?.prebuiltVoiceConfig?.voiceName;
  let pcm: Uint8Array;
  try {
    pcm = await voice.speak(text, voiceName, signal);
  } catch {
    pcm = silenceFor(text);
  }
  const chunks = chunksOf(pcm);
  const words = text.match(/\s*\S+(?:\s+$)?/g) ?? [text];
  if (chunks.length === 0) return [{ serverContent: { outputTranscription: { text } } }];
  let told = 0;
  return chunks.map((chunk, index) => {
    const upTo = Math.ceil((words.length * (index + 1)) / chunks.length);
    const transcription = words.slice(told, upTo).join('');
    told = upTo;
    const { serverContent } = soundMessage(chunk);
    return {
      serverContent: {
        ...serverContent,
        ...(transcription !== '' && { outputTranscription: { text: transcription } }),
      },
    };
  });
}
