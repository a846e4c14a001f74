/** The sound that a script sends: a file, or silence. */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { bytesOfMs, OUTPUT_FORMAT } from '../../audio/format.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import { to24kHz, wholeOf } from '../engines/sound.ts';
import { msOf } from './duration.ts';
import type { Sound } from './script.ts';

const MAX_BYTES = 128 * 1024 * 1024;

/** 24 kHz mono s16le. @throws GemliveError exit 8 */
export async function readSound(sound: Sound, folder: string, where: string): Promise<Uint8Array> {
  if (typeof sound !== 'string') {
    return new Uint8Array(bytesOfMs(OUTPUT_FORMAT, msOf(sound.silence, 0)));
  }
  const path = resolve(folder, sound);
  try {
    return await wholeOf(limited(to24kHz(createReadStream(path))));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT';
    throw new GemliveError(`${where}: cannot read the sound ${sound}`, {
      code: isMissing ? 'input_missing' : 'input_unreadable',
      exitCode: EXIT.input,
      why: isMissing ? 'there is no such file' : message,
      hint: 'WAV, or raw 24 kHz mono s16le; the path counts from the script’s folder',
      cause: error,
    });
  }
}

async function* limited(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.byteLength;
    if (bytes > MAX_BYTES) throw new Error('it is larger than 128 MB');
    yield piece;
  }
}
