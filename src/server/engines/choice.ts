/** What `--stt`, `--llm` and `--tts` take: the name of a known engine, the URL of a service, or a command. */
import type { ChildEnvironment } from '../../audio/subprocess.ts';
import { usageError } from '../../errors.ts';
import { outputOf } from './run.ts';

export type EngineOption = '--stt' | '--llm' | '--tts';

export type Choice =
  | { kind: 'name'; name: string }
  | { kind: 'url'; url: URL }
  | { kind: 'command'; line: string };

/** @throws GemliveError (exit 2) for a URL that is no service's: nothing has been started then. */
export function readChoice(option: EngineOption, text: string, names: readonly string[]): Choice {
  const plain = text.trim();
  if (names.includes(plain)) return { kind: 'name', name: plain };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(plain)) return { kind: 'url', url: readUrl(option, plain) };
  return { kind: 'command', line: plain };
}

function readUrl(option: EngineOption, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw usageError(
      `${option} does not take ${JSON.stringify(text.slice(0, 100))}`,
      'a service has an address such as http://127.0.0.1:11434/v1',
    );
  }
  // Not repeated in the message: it is a secret.
  if (url.username !== '' || url.password !== '') {
    throw usageError(
      `${option} takes an address without a user or a password`,
      'the key of a service belongs into OPENAI_API_KEY; it is sent in a header',
    );
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw usageError(
      `${option}: ${url.host} is another machine, and http:// is not encrypted`,
      `use https://, or a tunnel: ssh -L ${url.port || '80'}:127.0.0.1:${url.port || '80'} ${url.hostname}`,
    );
  }
  return url;
}

/** This machine: the URL parser has normalised all other spellings. */
const isLoopback = (hostname: string): boolean =>
  /^((.+\.)?localhost\.?|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname);

/** The program that a line for the shell begins with; undefined where that takes a shell to tell. */
export const programOf = (line: string): string | undefined =>
  /^(?:[A-Za-z_]\w*=[^\s"'$`\\]*\s+)*([A-Za-z0-9_.+/][\w.+/-]*)(?=\s|$)/.exec(line)?.[1];

/** @throws GemliveError (exit 2) where the shell would not find the program. */
export async function checkCommand(
  option: EngineOption,
  line: string,
  names: readonly string[],
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
): Promise<void> {
  const program = programOf(line);
  if (program === undefined || process.platform === 'win32') return;
  try {
    const args = ['-c', 'command -v "$1"', 'sh', program];
    await outputOf({ command: '/bin/sh', args, environment, signal });
  } catch {
    signal.throwIfAborted();
    throw usageError(
      `${option}: there is no engine and no program "${program}" on this machine`,
      `one of: ${names.join(', ')}; or a command that is here, or the URL of a service`,
    );
  }
}

/** For people: `ollama run llama3.2`, not the whole of a long line. */
export const shortened = (line: string): string =>
  line.length <= 40 ? line : `${line.slice(0, 39)}…`;
