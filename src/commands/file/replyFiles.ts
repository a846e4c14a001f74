/** Where the replies go, checked before anything is opened: a reply must not replace a recording. */
import { statSync, type Stats } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { usageError } from '../../errors.ts';

/** What `-o` writes; any other name would promise a format that the file does not have. */
const WRITTEN = /\.(wave?|pcm|raw|s16|s16le|sw)$/i;

export type Places = {
  inputs: readonly string[];
  output: string | undefined;
  outDir: string | undefined;
  overwrite: boolean;
};

/** Where the reply to `input` goes under `--out-dir`. */
export function replyPath(input: string, outDir: string): string {
  const name = input === '-' ? 'stdin' : basename(input, extname(input));
  return join(outDir, `${name}.reply.wav`);
}

/** @throws GemliveError (usage). */
export function checkReplyFiles({ inputs, output, outDir, overwrite }: Places): void {
  if (output !== undefined && output !== '-') {
    checkName(output);
    checkPlace(output, inputs, overwrite, '-o');
  }
  if (outDir === undefined) return;
  const paths = new Map<string, string>();
  for (const input of inputs) {
    const path = replyPath(input, outDir);
    const other = paths.get(path);
    if (other !== undefined) {
      throw usageError(
        `the replies to ${other} and ${input} would both be ${path}`,
        'rename one of them, or send them one by one with -o',
      );
    }
    paths.set(path, input);
    checkPlace(path, inputs, overwrite, '--out-dir');
  }
}

function checkName(path: string): void {
  // Devices and pipes have any name.
  const found = statusOf(path);
  if (WRITTEN.test(path) || (found !== undefined && !found.isFile())) return;
  throw usageError(
    `the reply cannot be written as ${extname(path) || 'a file without an extension'}`,
    'name it .wav or .pcm: -o reply.wav',
  );
}

function checkPlace(
  path: string,
  inputs: readonly string[],
  overwrite: boolean,
  flag: '-o' | '--out-dir',
): void {
  const found = statusOf(path);
  for (const input of inputs) {
    if (input === '-' || !isSameFile(path, found, input)) continue;
    throw usageError(
      inputs.length === 1
        ? `${path} is the recording itself`
        : `the reply would replace ${input}, which is an input`,
      `name another place with ${flag}`,
    );
  }
  if (found?.isFile() && !overwrite) {
    throw usageError(
      `${path} exists already`,
      `add --overwrite to replace it, or name another place with ${flag}`,
    );
  }
}

function isSameFile(path: string, found: Stats | undefined, input: string): boolean {
  if (resolve(path) === resolve(input)) return true;
  const other = statusOf(input);
  return (
    found?.isFile() === true &&
    other !== undefined &&
    found.dev === other.dev &&
    found.ino === other.ino
  );
}

/** Undefined also where it cannot be looked at: opening it says why. */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
