/** Any format that ffmpeg or sox reads, as 16 kHz mono s16le: a child process with a pipe out of it. */
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { EXIT, GemliveError } from '../../errors.ts';
import { INPUT_FORMAT } from '../format.ts';
import { startProcess } from '../subprocess.ts';
import type { ChildEnvironment, Subprocess } from '../subprocess.ts';

export type DecodeOptions = {
  /** What it is, for messages: `MP3`. */
  name: string;
  soxType?: string;
  /** A file, read by the program itself (some formats need to seek); else the bytes. */
  input: { path: string } | { bytes: AsyncIterable<Uint8Array> };
  environment: ChildEnvironment | undefined;
  signal: AbortSignal;
};

export type Decoded = {
  chunks: AsyncIterable<Uint8Array>;
  /** What the program complained about, once the chunks have ended. */
  complaint: () => string | undefined;
};

type Decoder = { command: string; args: (options: DecodeOptions) => string[] | undefined };

const RATE = String(INPUT_FORMAT.sampleRateHz);

const DECODERS: readonly Decoder[] = [
  {
    command: 'ffmpeg',
    args: ({ input }) => {
      const from = 'path' in input ? `file:${resolve(input.path)}` : 'pipe:0';
      // The white list: a playlist must not make it read from the network.
      const quiet = '-nostdin -hide_banner -loglevel error -protocol_whitelist file,pipe'.split(
        ' ',
      );
      const to = `-map 0:a:0 -f s16le -ac 1 -ar ${RATE} pipe:1`.split(' ');
      return [...quiet, '-i', from, ...to];
    },
  },
  {
    command: 'sox',
    args: ({ input, soxType }) => {
      // An absolute path, since sox would run a name that begins with `|`.
      const from = 'path' in input ? [resolve(input.path)] : soxType && ['-t', soxType, '-'];
      if (!from) return undefined;
      const to = `-t raw -e signed-integer -b 16 -r ${RATE} -c 1 -`.split(' ');
      return ['-V1', ...from, ...to];
    },
  },
];

/** Starts the first decoder that is here and gives sound. Throws GemliveError, exit 8. */
export async function decode(options: DecodeOptions): Promise<Decoded> {
  const failures: string[] = [];
  let missing = 0;
  for (const { command, args } of DECODERS) {
    const line = args(options);
    if (line === undefined) continue;
    const child = startProcess({
      command,
      args: line,
      stdin: 'path' in options.input ? 'ignore' : 'pipe',
      stdout: 'pipe',
      environment: options.environment,
    });
    const abort = (): void => child.kill();
    options.signal.addEventListener('abort', abort, { once: true });
    void child.exited.then(() => options.signal.removeEventListener('abort', abort));
    if (options.signal.aborted) child.kill();

    const chunks = outputOf(child);
    const first = chunks.next();
    // Nothing is fed before it is known that the program runs: the bytes can be read only once.
    if (await isMissing(child)) {
      missing++;
      continue;
    }
    if ('bytes' in options.input) void feed(child, options.input.bytes);
    const { value, done } = await first;
    if (!done) {
      const end = child.closed;
      let complaint: string | undefined;
      return {
        chunks: (async function* () {
          yield value;
          yield* chunks;
          if ((await end).code !== 0) complaint = child.stderrTail.at(-1);
        })(),
        complaint: () => complaint,
      };
    }
    options.signal.throwIfAborted();
    await child.closed;
    failures.push(`${command}: ${child.stderrTail.at(-1) ?? 'found no sound in it'}`);
    if ('bytes' in options.input) break;
  }
  throw undecodable(options.name, failures, missing === DECODERS.length);
}

/** ffmpeg's words for `-map 0:a:0` without an audio stream; its last line is advice for that option. */
const NO_SOUND_TRACK = /matches no streams|trailing '\?' to the map/;

function undecodable(name: string, failures: string[], noneHere: boolean): GemliveError {
  if (failures.length === 0) {
    return new GemliveError(`${name} needs a decoder to be read`, {
      code: 'input_not_audio',
      exitCode: EXIT.input,
      why: noneHere ? 'neither ffmpeg nor sox is installed' : 'ffmpeg is not installed',
      hint: 'apt install ffmpeg (dnf, pacman, brew: the same name), or convert it to WAV',
    });
  }
  if (failures.some((failure) => NO_SOUND_TRACK.test(failure))) {
    return new GemliveError('there is no sound in it', {
      code: 'input_not_audio',
      exitCode: EXIT.input,
      why: 'it has no sound track',
      hint: 'give it a recording, or a video with sound',
    });
  }
  const needsFfmpeg = failures.every((failure) => failure.startsWith('sox: '));
  return new GemliveError(`cannot be decoded as ${name}`, {
    code: 'input_not_audio',
    exitCode: EXIT.input,
    why: failures.join('; '),
    hint: needsFfmpeg
      ? 'apt install ffmpeg (dnf, pacman, brew: the same name), or convert it to WAV'
      : 'play it with another program to see whether it is whole, or convert it to WAV',
  });
}

async function* outputOf(child: Subprocess): AsyncGenerator<Uint8Array, undefined> {
  try {
    for await (const chunk of child.stdout ?? []) yield chunk as Uint8Array;
  } catch {
    // A killed child; its end tells the rest.
  } finally {
    child.kill();
  }
  return undefined;
}

/** A process that could not be started says so before anything else can happen. */
async function isMissing(child: Subprocess): Promise<boolean> {
  if (child.pid !== undefined) return false;
  return (await child.exited).failedToStart !== undefined;
}

async function feed(child: Subprocess, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    if (child.stdin !== null) await pipeline(bytes, child.stdin);
  } catch {
    // A decoder that has seen enough, or an input that broke: what has come is decoded.
  }
}
