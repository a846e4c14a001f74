/** A bare `gemlive` asks this question in a terminal when there is no key. */
import type { GivenSettings } from '../../config/given.ts';
import type { CommandName } from '../../config/settings.ts';
import { EXIT } from '../../errors.ts';
import { Dialog } from '../../ui/dialog.ts';
import type { CommandContext } from '../context.ts';
import { untilSignalled } from '../signals.ts';

/** The command that runs, and flags besides those that were given. */
type Instead = { command: CommandName; flags: GivenSettings };

const SETUP: Instead = { command: 'setup', flags: {} };
const LOCAL: Instead = {
  command: 'talk',
  flags: { local: { name: '--local', texts: ['true'], opposite: false } },
};

/** Returns undefined where nobody can be asked or no key is needed, and a number as the exit code to leave with. */
export async function insteadOfTalk(
  context: CommandContext,
): Promise<Instead | number | undefined> {
  if (!needsKey(context)) return undefined;
  const { stdin, stderr, plain, childEnv } = context;
  let chosen: Instead | undefined;
  const leaving = { SIGINT: EXIT.interrupted };
  const code = await untilSignalled(context.signal, leaving, async (signal) => {
    const dialog = new Dialog({ stdin, stderr, plain, environment: childEnv });
    signal.addEventListener('abort', () => dialog.leave(), { once: true });
    try {
      chosen = await dialog.choose<Instead | undefined>('There is no API key yet.', [
        { label: 'set gemlive up now, in a minute', value: SETUP },
        { label: 'try it without a key, with this machine alone', value: LOCAL },
        { label: 'quit', value: undefined },
      ]);
    } catch (error) {
      if (!dialog.signal.aborted) throw error;
    } finally {
      dialog.close();
    }
    return EXIT.ok;
  });
  return chosen ?? code;
}

/** A conversation with the Gemini API is wanted, and somebody can be asked. */
function needsKey({ settings, stdinTty, stdoutTty, stderrTty }: CommandContext): boolean {
  const { local, vertex, baseUrl, dryRun, json } = settings;
  const isAnswered = local || vertex || baseUrl !== undefined || dryRun || json;
  return stdinTty && stdoutTty && stderrTty && !isAnswered;
}
