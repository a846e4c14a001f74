/** What listens and what speaks for the local server: each a small interface over a child process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess, type ChildEnvironment } from '../../audio/subprocess.ts';

export interface Ears {
  readonly name: string;
  /** 16 kHz mono s16le → its words; empty when there were none. Rejects with the signal's reason. */
  transcribe(pcm: Uint8Array, signal: AbortSignal): Promise<string>;
}

export interface Voice {
  readonly name: string;
  /** One sentence → 24 kHz mono s16le. `voiceName` is Gemini's. Rejects with the signal's reason. */
  speak(text: string, voiceName: string | undefined, signal: AbortSignal): Promise<Uint8Array>;
}

export type ProgramRun = {
  command: string;
  args: readonly string[];
  input?: Uint8Array;
  environment?: ChildEnvironment | undefined;
  signal: AbortSignal;
  timeoutMs?: number;
};

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs a program to its end and gives its stdout. Killed on abort; rejects on any other end than exit 0. */
export async function outputOf({
  command,
  args,
  input,
  environment,
  signal,
  timeoutMs = TIMEOUT_MS,
}: ProgramRun): Promise<Buffer> {
  signal.throwIfAborted();
  const process = startProcess({
    command,
    args,
    ...(environment && { environment }),
    stdin: input === undefined ? 'ignore' : 'pipe',
    stdout: 'pipe',
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  process.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_OUTPUT_BYTES) process.kill();
    else chunks.push(chunk);
  });
  const kill = (): void => process.kill();
  signal.addEventListener('abort', kill, { once: true });
  const timer = setTimeout(kill, timeoutMs);
  process.stdin?.end(input);
  const { code, failedToStart } = await process.closed;
  clearTimeout(timer);
  signal.removeEventListener('abort', kill);
  signal.throwIfAborted();
  if (failedToStart) throw failedToStart;
  if (code !== 0) {
    const words = process.stderrTail.at(-1) ?? 'it said nothing';
    throw new Error(`${command} ended with ${code ?? 'a signal'}: ${words}`);
  }
  return Buffer.concat(chunks);
}

/**
 * A file for programs that want one: Node's pipes are sockets, and `/dev/stdin` of a socket cannot be
 * opened. Private, and gone afterwards.
 */
export async function withTemporaryFile<T>(work: (path: string) => Promise<T>): Promise<T> {
  // At once: a folder that is still being made when the process ends would stay for ever.
  const folder = mkdtempSync(join(tmpdir(), 'gemlive-'));
  folders.add(folder);
  removeFoldersAtExit();
  try {
    return await work(join(folder, 'sound'));
  } finally {
    await rm(folder, { recursive: true, force: true });
    folders.delete(folder);
  }
}

/** Of programs that run now. Whoever leaves while they do does not wait for them to be tidied up after. */
const folders = new Set<string>();
let exitHooked = false;

function removeFoldersAtExit(): void {
  if (exitHooked) return;
  exitHooked = true;
  process.once('exit', () => {
    for (const folder of folders) {
      try {
        // A program that is being killed may still put its file there.
        rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      } catch {
        // Nobody is left to be told.
      }
    }
  });
}
