/** The one place where errors and warnings become text: at most three lines each, on stderr. */
import { Chalk } from 'chalk';
import { EXIT, GemliveError, type Warning } from '../errors.ts';
import { harmless, oneLine, withoutSecrets } from './harmless.ts';

export type ErrorPlace = {
  stderr: { write(text: string): unknown };
  color: boolean;
  /** Taken out of every message. */
  secrets: readonly string[];
};

export type ErrorFields = { code: string; message: string; hint?: string; exitCode: number };

/** The fields of an `error` event. Whatever is not ours is a bug: exit 1. */
export function errorFields(error: unknown): ErrorFields {
  if (error instanceof GemliveError) {
    const { code, message, hint, exitCode } = error;
    return { code, message, exitCode, ...(hint !== undefined && { hint }) };
  }
  return { code: 'bug', message: messageOf(error), exitCode: EXIT.bug, hint: BUG_HINT };
}

const BUG_HINT = 'please report it, with what the same command prints under --debug';

/** `label`: the input of a batch that failed. */
export function printError(error: unknown, place: ErrorPlace, label?: string): void {
  const { message, hint, code } = errorFields(error);
  const why = error instanceof GemliveError ? error.why : undefined;
  const isNamed = label === undefined || message.startsWith(`${label}: `);
  const subject = isNamed ? '' : `${label}: `;
  const what = `${subject}${message}${code === 'bug' ? ' (a bug)' : ''}`;
  printMessage('error:', { what, why, hint }, place);
}

export function printWarning({ message, hint }: Warning, place: ErrorPlace): void {
  printMessage('warning:', { what: message, why: undefined, hint }, place);
}

/** Where an unexpected error happened, for `--debug`. */
export function printStack(error: unknown, { stderr, secrets }: ErrorPlace): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const cause = error instanceof Error ? error.cause : undefined;
  const text = cause === undefined ? stack : `${stack}\ncause: ${messageOf(cause)}`;
  for (const line of text.split('\n')) {
    stderr.write(`debug: ${harmless(withoutSecrets(line, secrets))}\n`);
  }
}

type Message = { what: string; why: string | undefined; hint: string | undefined };

function printMessage(
  kind: 'error:' | 'warning:',
  { what, why, hint }: Message,
  { stderr, color, secrets }: ErrorPlace,
): void {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const words = (text: string): string => oneLine(withoutSecrets(text, secrets));
  const paint = kind === 'error:' ? chalk.red : chalk.magenta; // yellow cannot be read on white
  const lines = [`${paint(kind)} ${words(what)}`];
  if (why !== undefined) lines.push(`  ${chalk.dim('why:')} ${words(why)}`);
  if (hint !== undefined) lines.push(`  ${chalk.dim('try:')} ${words(hint)}`);
  stderr.write(`${lines.join('\n')}\n`);
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text === '' ? 'something without a message went wrong' : text;
}
