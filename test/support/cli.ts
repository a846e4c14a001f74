/**
 * Runs the built binary as a user would, in a clean surrounding: empty home, empty working directory, no
 * keys, no NO_COLOR. `npm run build` comes first.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const BIN = join(import.meta.dirname, '..', '..', 'bin', 'gemlive.js');

export type CliOptions = {
  /** Added to the clean environment; undefined takes a name out of it. */
  env?: Record<string, string | undefined>;
  /** Default: an empty folder of its own. */
  cwd?: string;
  /** Written to stdin, which is then closed. Default: closed at once. */
  input?: string | Uint8Array;
  /** The process is killed after this time, and the call fails: a guard against a process that hangs. */
  timeoutMs?: number;
  nodeArgs?: readonly string[];
  /** Default: the one that is built here. */
  bin?: string;
};

export type CliResult = {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stdoutBytes: Buffer;
  stderr: string;
};

const home = mkdtempSync(join(tmpdir(), 'gemlive-home-'));
const emptyFolder = join(home, 'empty');
mkdirSync(emptyFolder);
mkdirSync(join(home, 'config'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

function cleanEnv(changes: CliOptions['env'] = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    ...changes,
  };
  for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name];
  return env;
}

/** The process itself, for tests that talk to it or end it. */
export function spawnCli(
  args: readonly string[],
  { env, cwd = emptyFolder, nodeArgs = [], bin = BIN }: CliOptions = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [...nodeArgs, bin, ...args], {
    cwd,
    env: cleanEnv(env),
    stdio: 'pipe',
  });
}

/** @throws Error when the process has not ended after `timeoutMs` (60 s), and when Node itself warns of something. */
export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const { input, timeoutMs = 60_000 } = options;
  const child = spawnCli(args, options);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A process that leaves without reading its input is no fault of the test.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...end) => resolve(end));
    },
  );
  clearTimeout(timer);
  const result: CliResult = {
    code,
    signal,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stdoutBytes: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString('utf8'),
  };
  if (isLate) {
    throw new Error(`gemlive ${args.join(' ')} did not end in ${timeoutMs} ms\n${result.stderr}`);
  }
  // `(node:123) [DEP0190] DeprecationWarning: …`, `ExperimentalWarning`: no business of the user's.
  if (/^\(node:\d+\)/m.test(result.stderr)) {
    throw new Error(`gemlive ${args.join(' ')}: Node warns\n${result.stderr}`);
  }
  return result;
}

/** The events of `--json` output. @throws SyntaxError when a line is not JSON. */
export function eventsIn(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
