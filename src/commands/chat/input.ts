/** What a question is made of: words, a pipe, context files, a history. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { openNamedPipe } from '../../audio/sources/inputReader.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import type { Content } from '../../protocol/messages.ts';
import type { CommandContext } from '../context.ts';

/** A pipe beside words on the command line may be nothing but an inherited descriptor: not waited for. */
const SILENT_PIPE_MS = 200;
const MAX_INPUT_BYTES = 4 * 1024 * 1024;

/** The one question of `chat`, or undefined for the REPL. */
export async function question(
  context: CommandContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const words = context.args.join(' ').trim();
  if (context.stdinTty) return words === '' ? undefined : words;
  const piped = await readPipe(context, words === '' ? undefined : SILENT_PIPE_MS, signal);
  const text = piped.replace(/\r?\n$/, '');
  if (words === '' && text.trim() === '') {
    throw new GemliveError('there is no question: nothing came through the pipe', {
      code: 'input_empty',
      exitCode: EXIT.input,
      hint: 'gemlive chat "what is 12 times 12", or pipe text in',
    });
  }
  if (words === '') return text;
  return text === '' ? words : `${words}\n\n${text}`;
}

/** All of stdin; with `silentMs`, nothing if that long nothing has come. */
async function readPipe(
  { stdin }: CommandContext,
  silentMs: number | undefined,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise<string>((resolve, reject) => {
    const done = (error?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      stdin.removeAllListeners('data').removeAllListeners('end').removeAllListeners('close');
      stdin.pause();
      if (error) reject(error);
      else resolve(textOf(Buffer.concat(chunks)));
    };
    const onAbort = (): void => done(signal.reason as Error);
    const timer = silentMs === undefined ? undefined : setTimeout(done, silentMs);
    signal.addEventListener('abort', onAbort, { once: true });
    stdin.on('data', (chunk: Buffer | string) => {
      clearTimeout(timer);
      const buffer = Buffer.from(chunk as Buffer);
      bytes += buffer.length;
      if (bytes > MAX_INPUT_BYTES) done(tooLong('what came through the pipe'));
      else chunks.push(buffer);
    });
    stdin.on('end', () => done());
    stdin.on('close', () => done());
    stdin.on('error', () => done()); // a closed descriptor reads as an empty pipe
  });
}

function tooLong(what: string): GemliveError {
  return new GemliveError(`${what} is longer than ${MAX_INPUT_BYTES / 1024 / 1024} MiB`, {
    code: 'input_unreadable',
    exitCode: EXIT.input,
    hint: 'send less of it: a model reads a few hundred thousand words at most',
  });
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new GemliveError('the text is not UTF-8', {
      code: 'input_unreadable',
      exitCode: EXIT.input,
      hint: 'convert it (iconv -t UTF-8), or use gemlive file for sound',
    });
  }
}

/** A pipe or a device as a file is read like one: to its end, to the limit, or to the user's Ctrl+C. */
async function readText(path: string, what: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    const isPipe = (await stat(path)).isFIFO();
    const stream = isPipe ? openNamedPipe(path) : createReadStream(path);
    addAbortSignal(signal, stream);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_INPUT_BYTES) throw tooLong(`the ${what} ${path}`);
    }
  } catch (error) {
    if (error instanceof GemliveError) throw error;
    signal.throwIfAborted();
    const code = (error as NodeJS.ErrnoException).code;
    throw new GemliveError(`the ${what} ${path} cannot be read: ${(error as Error).message}`, {
      code: code === 'ENOENT' ? 'input_missing' : 'input_unreadable',
      exitCode: EXIT.input,
      hint: 'check the path',
      cause: error,
    });
  }
  return textOf(Buffer.concat(chunks));
}

/** What goes before the first question: `--history`, then the `--context` files as the user's words. */
export async function priorTurns(
  { settings }: CommandContext,
  signal: AbortSignal,
): Promise<Content[]> {
  const turns: Content[] = [];
  if (settings.history !== undefined) {
    const text = await readText(settings.history, 'history file', signal);
    turns.push(...(await parseHistory(text, settings.history)));
  }
  for (const path of settings.context) {
    const text = await readText(path, 'context file', signal);
    turns.push({ role: 'user', parts: [{ text: `${path}:\n\n${text}` }] });
  }
  return turns;
}

async function parseHistory(text: string, path: string): Promise<Content[]> {
  const { HISTORY_SHAPE } = await import('./historyShape.ts');
  let why: string;
  try {
    const parsed = HISTORY_SHAPE.safeParse(JSON.parse(text));
    if (parsed.success) {
      return parsed.data.map(({ role, text }) => ({ role, parts: [{ text }] }));
    }
    const issue = parsed.error.issues[0];
    why = issue
      ? `${issue.path.join('.') || 'the whole'}: ${issue.message}`
      : 'not a list of turns';
  } catch (error) {
    why = (error as Error).message;
  }
  throw new GemliveError(`the history file ${path} does not hold turns`, {
    code: 'input_unreadable',
    exitCode: EXIT.input,
    why,
    hint: 'it is JSON such as [{"role":"user","text":"Hello"},{"role":"model","text":"Hi!"}]',
  });
}
