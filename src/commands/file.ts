/** `gemlive file`: recordings in, answers out. */
import { makeFolder } from '../config/folders.ts';
import type { Observer } from '../conversation.ts';
import { EXIT, GemliveError, usageError } from '../errors.ts';
import { AnswerLines } from '../ui/answerLines.ts';
import { harmless } from '../ui/harmless.ts';
import { errorFields, printError } from '../ui/printError.ts';
import { advised } from './advice.ts';
import { usageLine } from '../ui/usageLine.ts';
import type { CommandContext } from './context.ts';
import { dryRun } from './dryRun.ts';
import { replay } from './file/replay.ts';
import { checkReplyFiles, replyPath } from './file/replyFiles.ts';
import { openPlace, type LivePlace } from './live.ts';
import { untilSignalled } from './signals.ts';

export async function run(context: CommandContext): Promise<number> {
  const { settings, args } = context;
  if (settings.dryRun) return dryRun(context);
  if (settings.output === '-' && context.stdoutTty) {
    throw usageError(
      'raw sound would go to the terminal',
      'pipe it (gemlive file … -o - | aplay -f S16_LE -r 24000), or name a file: -o reply.wav',
    );
  }
  checkReplyFiles({ ...settings, inputs: args });
  return untilSignalled(
    context.signal,
    {
      SIGINT: EXIT.interrupted,
      limit: { seconds: settings.maxDurationSeconds, code: EXIT.server },
    },
    async (signal) => {
      const place = await openPlace(context);
      try {
        if (settings.outDir !== undefined) await makeOutDir(settings.outDir);
        if (args.length === 1) {
          await replayOne(context, place, args[0] ?? '-', signal);
          return EXIT.ok;
        }
        return await replayAll(context, place, signal);
      } finally {
        await place.close();
      }
    },
  );
}

async function makeOutDir(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (error) {
    throw usageError(
      `the folder ${path} cannot be made: ${(error as Error).message}`,
      'name another with --out-dir',
    );
  }
}

/** Several inputs, `--jobs` at a time; one that fails does not stop the others. */
async function replayAll(
  context: CommandContext,
  place: LivePlace,
  signal: AbortSignal,
): Promise<number> {
  let worst: number = EXIT.ok;
  const waiting = [...context.args];
  const worker = async (): Promise<void> => {
    for (let input = waiting.shift(); input !== undefined; input = waiting.shift()) {
      if (signal.aborted) return;
      try {
        await replayOne(context, place, input, signal, input);
      } catch (error) {
        if (!(error instanceof GemliveError)) throw error;
        worst = Math.max(worst, error.exitCode);
        const shown = advised(error, context.settings);
        printError(shown, context, input);
        context.events?.emit('error', { input, ...errorFields(shown) });
      }
    }
  };
  const jobs = Math.min(context.settings.jobs, context.args.length);
  await Promise.all(Array.from({ length: jobs }, worker));
  return worst;
}

async function replayOne(
  context: CommandContext,
  place: LivePlace,
  input: string,
  signal: AbortSignal,
  label?: string,
): Promise<void> {
  const { output, outDir } = context.settings;
  await replay(
    context,
    place,
    {
      input,
      output: outDir === undefined ? output : replyPath(input, outDir),
      observers: [context.events ? jsonObserver(context, label) : textObserver(context, label)],
      warn: (warning) =>
        context.warn(
          label === undefined ? warning : { ...warning, message: `${label}: ${warning.message}` },
        ),
    },
    signal,
  );
}

function jsonObserver(context: CommandContext, input: string | undefined): Observer {
  return {
    event: ({ type, ...fields }) => {
      if (type === 'warning') context.warn(fields as never);
      else context.events?.emit(type, { ...fields, ...(input !== undefined && { input }) });
    },
  };
}

/** The model's words on stdout, a line a turn; what was heard on stderr, where someone watches. */
function textObserver(context: CommandContext, label: string | undefined): Observer {
  const { stdout, stderr, stderrTty, settings } = context;
  const prefix = label === undefined ? '' : `${label}: `;
  /** An interruption may still cut a line that was whole, so it waits for the end of its turn. */
  const lines = new AnswerLines();
  const print = (): void => {
    const line = lines.take();
    if (line !== '' && settings.output !== '-') stdout.write(`${prefix}${harmless(line)}\n`);
  };
  return {
    event: (event) => {
      switch (event.type) {
        case 'model':
          if ('final' in event) lines.final(event.turn, event.text);
          if (!settings.interrupt) print();
          return;
        case 'turn':
          print();
          return;
        case 'session':
          if (event.state === 'closed') print();
          return;
        case 'user':
          if ('final' in event && stderrTty && !settings.quiet) {
            stderr.write(`${prefix}heard: ${harmless(event.text)}\n`);
          }
          return;
        case 'warning':
          context.warn(event);
          return;
        case 'usage':
          if (settings.usage) stderr.write(`${usageLine(event)}\n`);
          return;
        default:
      }
    },
  };
}
