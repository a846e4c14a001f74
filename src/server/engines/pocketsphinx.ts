/** Ears: `pocketsphinx_continuous` with its English model. */
import { writeFile } from 'node:fs/promises';
import { bytesOfMs, INPUT_FORMAT } from '../../audio/format.ts';
import type { ChildEnvironment } from '../../audio/subprocess.ts';
import { concatBytes } from '../../audio/pcm.ts';
import type { Ears } from './engine.ts';
import { outputOf, withTemporaryFile } from './run.ts';

const COMMAND = 'pocketsphinx_continuous';
/** The recogniser wants a little quiet around the words, or it swallows the first and the last. */
const QUIET_MS = 300;

/** Undefined where the program or its model is missing: found out by using it on a moment of silence. */
export async function findPocketsphinx(
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
): Promise<Ears | undefined> {
  const ears: Ears = {
    name: 'pocketsphinx',
    transcribe: async (pcm, abort) => {
      const quiet = new Uint8Array(bytesOfMs(INPUT_FORMAT, QUIET_MS));
      const output = await withTemporaryFile(async (path) => {
        await writeFile(path, concatBytes([quiet, pcm, quiet]));
        const args = ['-infile', path, '-logfn', '/dev/null'];
        return outputOf({ command: COMMAND, args, environment, signal: abort });
      });
      return output.toString('utf8').replace(/\s+/g, ' ').trim();
    },
  };
  try {
    await ears.transcribe(new Uint8Array(bytesOfMs(INPUT_FORMAT, 100)), signal);
    return ears;
  } catch {
    return undefined;
  }
}
