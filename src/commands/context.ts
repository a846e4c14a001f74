/** What a command is given: its settings, its arguments, and the outside world. */
import type { Warning } from '../errors.ts';
import type { CommandName, Resolved, Settings } from '../config/settings.ts';
import { JsonEvents } from '../ui/jsonEvents.ts';
import { printWarning } from '../ui/printError.ts';

export type CommandContext = {
  readonly command: CommandName;
  readonly settings: Settings;
  readonly resolved: Resolved;
  readonly args: readonly string[];
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly stdinTty: boolean;
  readonly stdoutTty: boolean;
  readonly stderrTty: boolean;
  /** stderr may be coloured. */
  readonly color: boolean;
  /** No colour, no spinner, no cursor movement: the opposite of `color`. */
  readonly plain: boolean;
  /** Of the terminal; 80 where it says 0, or nothing. */
  readonly columns: number;
  readonly cwd: string;
  /** For every child process: the environment without keys. */
  readonly childEnv: NodeJS.ProcessEnv;
  /** A reading of `performance.now()`: what `t` in events counts from. */
  readonly startedAtMs: number;
  /** Never to be shown; printers take them out of messages. */
  readonly secrets: readonly string[];
  /** One more secret. */
  hide(secret: string): void;
  /** With `--json`: the one writer of events on stdout. */
  readonly events: JsonEvents | undefined;
  /** Aborted when stdout's reader has gone, and after an unexpected error: the root of all lifetimes. */
  readonly signal: AbortSignal;
  /** A line on stderr (not with `--quiet`), and the `warning` event. */
  warn(warning: Warning): void;
};

/** A command's module: `run` gives the exit code, or throws a GemliveError. */
export type CommandModule = { run(context: CommandContext): Promise<number> };

export type ContextParts = Pick<
  CommandContext,
  | 'resolved'
  | 'args'
  | 'stdinTty'
  | 'stdoutTty'
  | 'stderrTty'
  | 'cwd'
  | 'childEnv'
  | 'startedAtMs'
  | 'signal'
> & { noColour: boolean };

export function createContext(parts: ContextParts): CommandContext {
  const { resolved, stderrTty, noColour, startedAtMs } = parts;
  const { settings, command, credential } = resolved;
  const { stdout, stderr } = process;
  const color = stderrTty && !noColour && !settings.plain;
  const secrets = [credential.apiKey, settings.key].filter((secret) => secret !== undefined);
  const events = settings.json ? new JsonEvents(stdout, startedAtMs, secrets) : undefined;
  return {
    ...parts,
    command,
    settings,
    // Opening stdin has effects of its own, so that only a command that reads it opens it.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    color,
    plain: !color,
    columns: stderr.columns || 80,
    secrets,
    hide(secret) {
      if (!secrets.includes(secret)) secrets.push(secret);
    },
    events,
    warn(warning) {
      if (!settings.quiet) printWarning(warning, { stderr, color, secrets });
      events?.emit('warning', warning);
    },
  };
}
