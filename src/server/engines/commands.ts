/** Ears and voices that are commands of the user: sound or text in, text or sound out. */
import { readFile, writeFile } from 'node:fs/promises';
import { wavHeader } from '../../audio/fileWriters.ts';
import { INPUT_FORMAT } from '../../audio/format.ts';
import { concatBytes } from '../../audio/pcm.ts';
import type { ChildEnvironment } from '../../audio/subprocess.ts';
import { programOf, shortened } from './choice.ts';
import type { Ears, Voice } from './engine.ts';
import { outputOf, streamOf, withTemporaryFile } from './run.ts';
import { speakable, streaming } from './voices.ts';

/** Stands for the path of a file in a command. */
const FILE = '{file}';
const MAX_TEXT_BYTES = 1024 * 1024;

/** What known programs need besides, unless the user has said so. */
const COMPLETIONS: Record<string, { unless: RegExp; add: string }> = {
  'whisper-cli': { unless: /\{file\}|(?:^|\s)(?:-f|--file)\b/, add: ' -nt -np -f {file}' },
  pocketsphinx_continuous: { unless: /-infile\b/, add: ' -infile {file} -logfn /dev/null' },
  // Not to stdout: its Python versions get a header wrong that they cannot go back to.
  piper: { unless: /(?:^|\s)(?:-[fd]|--output[-_]\w+)\b/, add: ' --output_file {file}' },
  'espeak-ng': { unless: /--stdout\b|(?:^|\s)-w\b/, add: ' --stdin --stdout' },
  flite: { unless: /(?:^|\s)-o\b/, add: ' -o {file}' },
};

function completed(line: string): string {
  const program = programOf(line)?.split('/').at(-1) ?? '';
  const completion = Object.hasOwn(COMPLETIONS, program) ? COMPLETIONS[program] : undefined;
  return completion && !completion.unless.test(line) ? line + completion.add : line;
}

/**
 * A command that gets a WAV (16 kHz mono s16le) on stdin, or as the file that `{file}` stands for, and writes
 * what was said.
 */
export function commandEars(
  line: string,
  environment: ChildEnvironment | undefined,
  name = shortened(line),
): Ears {
  const command = completed(line);
  const run = { shell: true, environment, maxBytes: MAX_TEXT_BYTES };
  return {
    name,
    transcribe: async (pcm, signal) => {
      const wav = concatBytes([wavHeader(INPUT_FORMAT, pcm.byteLength), pcm]);
      if (!command.includes(FILE)) {
        return wordsIn(await outputOf({ ...run, command, input: wav, signal }));
      }
      return withTemporaryFile(async (path) => {
        await writeFile(path, wav);
        return wordsIn(await outputOf({ ...run, command: withPath(command, path), signal }));
      }, 'speech.wav');
    },
  };
}

/** Recognisers put times before lines, and `[BLANK_AUDIO]` or `(silence)` where there were no words. */
export const wordsIn = (output: Uint8Array | string): string =>
  (typeof output === 'string' ? output : Buffer.from(output).toString('utf8'))
    .replace(/^\s*\[[\d:.,]+ *--> *[\d:.,]+\]/gm, ' ')
    .replace(/^\s*(?:\[[^\]\n]*\]|\([^)\n]*\)|\*[^*\n]*\*)\s*$/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim();

/**
 * A command that gets a line of text on stdin and writes WAV or raw 24 kHz mono s16le to stdout, or into the
 * file that `{file}` stands for. From stdout it is heard while it is made.
 */
export function commandVoice(
  line: string,
  environment: ChildEnvironment | undefined,
  name = shortened(line),
): Voice {
  const command = completed(line);
  const run = { shell: true, environment };
  const inputOf = (text: string): string => `${speakable(text).trim()}\n`;
  if (!command.includes(FILE)) {
    return streaming(name, (text, _voiceName, signal) =>
      streamOf({ ...run, command, input: inputOf(text), signal }),
    );
  }
  const { speak } = streaming(name, (text, _voiceName, signal) =>
    throughFile((path) =>
      outputOf({ ...run, command: withPath(command, path), input: inputOf(text), signal }),
    ),
  );
  return { name, speak };
}

async function* throughFile(make: (path: string) => Promise<unknown>): AsyncGenerator<Uint8Array> {
  yield await withTemporaryFile(async (path) => {
    await make(path);
    return readFile(path);
  }, 'speech.wav');
}

/** Quoted for the shell where the folder for temporary files has an unusual name. */
function withPath(command: string, path: string): string {
  const word = /^[\w./:\\-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
  return command.replaceAll(FILE, () => word);
}

type Find<T> = (
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
) => Promise<T | undefined>;

/** whisper.cpp, where `WHISPER_MODEL` names its model. */
export const findWhisper: Find<Ears> = async (environment, signal) => {
  const model = environment?.['WHISPER_MODEL'];
  if (!model || !(await runs('whisper-cli --help', environment, signal))) return undefined;
  return commandEars('whisper-cli -m "$WHISPER_MODEL"', environment, 'whisper-cli');
};

/** piper, where `PIPER_MODEL` names its voice. */
export const findPiper: Find<Voice> = async (environment, signal) => {
  const model = environment?.['PIPER_MODEL'];
  if (!model || !(await runs('piper --help', environment, signal))) return undefined;
  return commandVoice('piper -m "$PIPER_MODEL"', environment, 'piper');
};

async function runs(
  command: string,
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await outputOf({ command, shell: true, environment, signal });
    return true;
  } catch {
    return false;
  }
}
