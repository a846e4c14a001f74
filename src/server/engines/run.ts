/** Runs the programs that engines are: killed with all they have started when nobody waits for them any more. */
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess, type ChildEnvironment } from '../../audio/subprocess.ts';

export type ProgramRun = {
  command: string;
  args?: readonly string[];
  /** `command` is a line for the shell. */
  shell?: boolean;
  input?: Uint8Array | string;
  environment?: ChildEnvironment | undefined;
  signal: AbortSignal;
  /** It is killed when it has said nothing for so long. */
  timeoutMs?: number;
  maxBytes?: number;
};

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_NAME_CHARS = 60;

/**
 * What a program writes on stdout, as it comes. Rejects with the signal's reason, and on any other end than
 * exit 0. Whoever stops reading has it killed.
 */
export async function* streamOf(run: ProgramRun): AsyncGenerator<Uint8Array, void> {
  const { input, signal, timeoutMs = TIMEOUT_MS, maxBytes = MAX_OUTPUT_BYTES } = run;
  signal.throwIfAborted();
  const child = startProcess({
    command: run.command,
    args: run.args ?? [],
    shell: run.shell ?? false,
    ...(run.environment && { environment: run.environment }),
    stdin: input === undefined ? 'ignore' : 'pipe',
    stdout: 'pipe',
  });
  const name = run.command.slice(0, MAX_NAME_CHARS);
  let problem: string | undefined;
  const kill = (): void => {
    child.kill();
    // Something that left its group may hold the pipe open for ever.
    child.stdout?.destroy();
  };
  const giveUp = (why: string): void => {
    problem = why;
    kill();
  };
  const startTimer = (): NodeJS.Timeout =>
    setTimeout(() => giveUp(`it said nothing for ${timeoutMs / 1000} s`), timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  let timer = startTimer();
  try {
    child.stdin?.end(input);
    let bytes = 0;
    for await (const chunk of (child.stdout ?? []) as AsyncIterable<Buffer>) {
      // Not while the reader is busy: the program may be waiting for it.
      clearTimeout(timer);
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new Error(`${name}: it wrote more than ${maxBytes} bytes`);
      yield chunk;
      timer = startTimer();
    }
    const { code, failedToStart } = await child.closed;
    if (failedToStart) throw failedToStart;
    if (code !== 0) {
      const words = child.stderrTail.at(-1) ?? 'it said nothing';
      throw new Error(`${name} ended with ${code ?? 'a signal'}: ${words}`);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw problem === undefined ? error : new Error(`${name}: ${problem}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    kill();
  }
}

/** All of it, when the program has ended. */
export async function outputOf(run: ProgramRun): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamOf(run)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * A file for programs that want one: Node's pipes are sockets, and `/dev/stdin` of a socket cannot be
 * opened. Private, and gone afterwards.
 */
export async function withTemporaryFile<T>(
  work: (path: string) => Promise<T>,
  name = 'sound',
): Promise<T> {
  const folder = temporaryFolder();
  try {
    return await work(join(folder, name));
  } finally {
    await removeFolder(folder);
  }
}

function temporaryFolder(): string {
  // At once: a folder that is still being made when the process ends would stay for ever.
  const folder = mkdtempSync(join(tmpdir(), 'gemlive-'));
  folders.add(folder);
  removeFoldersAtExit();
  return folder;
}

async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  folders.delete(folder);
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
