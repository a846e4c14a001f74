/** Ears and voices that are OpenAI-compatible services. */
import { wavHeader } from '../../audio/fileWriters.ts';
import { INPUT_FORMAT } from '../../audio/format.ts';
import { concatBytes } from '../../audio/pcm.ts';
import { wordsIn } from './commands.ts';
import type { Ears, Voice } from './engine.ts';
import { jsonIn, Service } from './service.ts';
import { speakable, streaming } from './voices.ts';

export type ServiceOptions = { key: string | undefined; stallMs?: number };

/** `POST …/v1/audio/transcriptions`, multipart. `?language=de` is passed on in the form. */
export async function serviceEars(
  url: URL,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<Ears> {
  const service = new Service(
    url,
    {
      option: '--stt',
      endpoint: '/audio/transcriptions',
      models: /whisper|transcri|stt|asr|parakeet/i,
      defaultModel: 'whisper-1',
    },
    options,
  );
  const language = service.parameter('language');
  await service.connect(signal);
  return {
    name: service.name,
    transcribe: async (pcm, abort) => {
      const wav = concatBytes([wavHeader(INPUT_FORMAT, pcm.byteLength), pcm]);
      const form = new FormData();
      form.set('file', new Blob([wav], { type: 'audio/wav' }), 'speech.wav');
      form.set('model', service.model);
      form.set('response_format', 'json');
      if (language !== undefined) form.set('language', language);
      const answer = await service.postForText(form, abort);
      const body = jsonIn(answer);
      if (body === undefined) return wordsIn(answer);
      const { text } = Object(body) as { text?: unknown };
      if (typeof text !== 'string') throw new Error(`${service.host} answered without a text`);
      return wordsIn(text);
    },
  };
}

/**
 * `POST …/v1/audio/speech`. `?voice=` is its voice, since Gemini's names mean nothing there; `?format=` what
 * it is asked for: `wav`, which tells its rate, or `pcm`, 24 kHz mono s16le.
 */
export async function serviceVoice(
  url: URL,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<Voice> {
  const service = new Service(
    url,
    {
      option: '--tts',
      endpoint: '/audio/speech',
      models: /tts|speech|kokoro|piper|voice/i,
      defaultModel: 'tts-1',
    },
    options,
  );
  const voice = service.parameter('voice') ?? 'alloy';
  const format = service.parameter('format') ?? 'wav';
  await service.connect(signal);
  return streaming(service.name, (text, _voiceName, abort) => {
    const input = speakable(text).trim();
    return service.post({ model: service.model, input, voice, response_format: format }, abort);
  });
}
