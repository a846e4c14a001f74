/** Voices: `flite` and `espeak-ng`, a process a sentence; and what is common to all voices. */
import { createReadStream } from 'node:fs';
import { bytesOfMs, OUTPUT_FORMAT } from '../../audio/format.ts';
import type { ChildEnvironment } from '../../audio/subprocess.ts';
import type { Voice } from './engine.ts';
import { outputOf, streamOf, withTemporaryFile } from './run.ts';
import { to24kHz, wholeOf } from './sound.ts';

/** Gemini's voices that sound like a man's; the others are spoken by slt. */
const LOW_VOICES = new Set(
  (
    'puck charon fenrir orus enceladus iapetus umbriel algieba algenib rasalgethi alnilam schedar achird ' +
    'zubenelgenubi sadachbia sadaltager'
  ).split(' '),
);

const isLow = (voiceName: string | undefined): boolean =>
  LOW_VOICES.has((voiceName ?? '').toLowerCase());

/** flite's woman or flite's man. */
export const fliteVoice = (voiceName: string | undefined): 'slt' | 'rms' =>
  isLow(voiceName) ? 'rms' : 'slt';

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
      return withTemporaryFile(async (path) => {
        const args = ['-voice', fliteVoice(voiceName), '-o', path, '-t', speakable(text)];
        await outputOf({ command: 'flite', args, environment, signal: abort });
        return wholeOf(to24kHz(createReadStream(path)));
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
  return streaming('espeak-ng', (text, voiceName, abort) =>
    streamOf({
      command: 'espeak-ng',
      args: ['--stdin', '--stdout', '-v', isLow(voiceName) ? 'en-us' : 'en-us+f3'],
      input: speakable(text),
      environment,
      signal: abort,
    }),
  );
}

/** A voice over whatever gives its sound piece by piece, in a format that {@link to24kHz} reads. */
export function streaming(
  name: string,
  make: (
    text: string,
    voiceName: string | undefined,
    signal: AbortSignal,
  ) => AsyncIterable<Uint8Array>,
): Required<Voice> {
  const stream: Required<Voice>['stream'] = async function* (text, ...rest) {
    // Of a line of dashes there is nothing to say, and many a voice fails at it.
    if (/[\p{L}\p{N}]/u.test(text)) yield* to24kHz(make(text, ...rest));
  };
  return { name, stream, speak: (...request) => wholeOf(stream(...request)) };
}

/** One line that no engine takes for a file's name or for markup, and that is never empty. */
export const speakable = (text: string): string =>
  ` ${text
    .replace(/\*\*|`+|^\s*(?:#+|[*-])\s/gm, ' ')
    .replace(/[<>\p{Cc}]/gu, ' ')
    .trim()} `;

const WORDS_PER_MINUTE = 150;

/** As long as somebody would speak; 24 kHz mono s16le. */
export function silenceFor(text: string): Uint8Array {
  const words = text.split(/\s+/).filter((word) => word !== '').length;
  return new Uint8Array(bytesOfMs(OUTPUT_FORMAT, (words / WORDS_PER_MINUTE) * 60_000));
}

/** Without a voice. */
export const NO_VOICE: Voice = { name: 'none', speak: async (text) => silenceFor(text) };
