/** Voices: `flite` (slt, rms) and `espeak-ng`, a process a sentence. */
import { readFile } from 'node:fs/promises';
import { bytesOfMs, OUTPUT_FORMAT } from '../../audio/format.ts';
import { s16FromFloat } from '../../audio/pcm.ts';
import { createResampler } from '../../audio/resample.ts';
import type { ChildEnvironment } from '../../audio/subprocess.ts';
import { decodeSamples, parseWav } from '../../audio/wav.ts';
import { outputOf, withTemporaryFile, type Voice } from './engine.ts';

/** Gemini's voices that sound like a man's; the others are spoken by slt. */
const LOW_VOICES = new Set(
  (
    'puck charon fenrir orus enceladus iapetus umbriel algieba algenib rasalgethi alnilam schedar achird ' +
    'zubenelgenubi sadachbia sadaltager'
  ).split(' '),
);

const isLow = (voiceName: string | undefined): boolean =>
  LOW_VOICES.has((voiceName ?? '').toLowerCase());

export async function findFlite(
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
): Promise<Voice | undefined> {
  try {
    const listed = await outputOf({ command: 'flite', args: ['-lv'], environment, signal });
    if (!/\b(slt|rms)\b/.test(listed.toString('utf8'))) return undefined;
  } catch {
    return undefined;
  }
  return {
    name: 'flite',
    speak: async (text, voiceName, abort) => {
      const voice = isLow(voiceName) ? 'rms' : 'slt';
      return withTemporaryFile(async (path) => {
        const args = ['-voice', voice, '-o', path, '-t', speakable(text)];
        await outputOf({ command: 'flite', args, environment, signal: abort });
        return to24kHz(await readFile(path));
      });
    },
  };
}

export async function findEspeak(
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
): Promise<Voice | undefined> {
  try {
    await outputOf({ command: 'espeak-ng', args: ['--version'], environment, signal });
  } catch {
    return undefined;
  }
  return {
    name: 'espeak-ng',
    speak: async (text, voiceName, abort) =>
      to24kHz(
        await outputOf({
          command: 'espeak-ng',
          args: ['--stdin', '--stdout', '-v', isLow(voiceName) ? 'en-us' : 'en-us+f3'],
          input: Buffer.from(speakable(text)),
          environment,
          signal: abort,
        }),
      ),
  };
}

/** A text that no engine takes for a file's name or for markup, and that is never empty. */
const speakable = (text: string): string => ` ${text.replace(/[<>\p{Cc}]/gu, ' ').trim()} `;

async function to24kHz(wav: Uint8Array): Promise<Uint8Array> {
  const { format, data } = parseWav(wav);
  const samples = decodeSamples(data, format);
  if (format.sampleRateHz === OUTPUT_FORMAT.sampleRateHz) return s16FromFloat(samples);
  const resampler = await createResampler(format.sampleRateHz, OUTPUT_FORMAT.sampleRateHz);
  const body = resampler.push(samples);
  const tail = resampler.end();
  const whole = new Float32Array(body.length + tail.length);
  whole.set(body);
  whole.set(tail, body.length);
  return s16FromFloat(whole);
}

const WORDS_PER_MINUTE = 150;

/** Without a voice: silence for as long as somebody would speak. */
export const NO_VOICE: Voice = {
  name: 'none',
  speak: async (text) => {
    const words = text.split(/\s+/).filter((word) => word !== '').length;
    return new Uint8Array(bytesOfMs(OUTPUT_FORMAT, (words / WORDS_PER_MINUTE) * 60_000));
  },
};
