/** What a bare `gemlive` asks in a terminal where nobody has set a key. */
import { EXIT } from '../../errors.ts';
import { Dialog } from '../../ui/dialog.ts';
import type { CommandContext } from '../context.ts';
import { untilSignalled } from '../signals.ts';

export type Offered = 'setup' | 'local' | 'quit';

/** A conversation with the Gemini API is wanted, there is nothing to show to it, and somebody can be asked. */
export function lacksKey({ settings, resolved, ...context }: CommandContext): boolean {
  const { local, vertex, baseUrl, dryRun, json } = settings;
  const isAnswered = local || vertex || baseUrl !== undefined || dryRun || json;
  const canAsk = context.stdinTty && context.stdoutTty && context.stderrTty;
  return canAsk && !isAnswered && resolved.credential.kind === 'none';
}

/** A number: the exit code of a signal that came meanwhile. */
export async function offerSetup(context: CommandContext): Promise<Offered | number> {
  const { stdin, stderr, plain, childEnv } = context;
  let offered: Offered = 'quit';
  const code = await untilSignalled(
    context.signal,
    { SIGINT: EXIT.interrupted },
    async (signal) => {
      const dialog = new Dialog({ stdin, stderr, plain, environment: childEnv });
      signal.addEventListener('abort', () => dialog.leave(), { once: true });
      try {
        const answer = await dialog.choose<Offered>('There is no API key yet.', [
          { label: 'set gemlive up now, in a minute', value: 'setup' },
          { label: 'try it without a key, with this machine alone', value: 'local' },
          { label: 'quit', value: 'quit' },
        ]);
        offered = answer ?? 'quit';
      } catch (error) {
        if (!dialog.signal.aborted) throw error;
      } finally {
        dialog.close();
      }
      return EXIT.ok;
    },
  );
  return code === EXIT.ok ? offered : code;
}
