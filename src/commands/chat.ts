/** `gemlive chat`: one question and one answer, or a conversation in text. */
import { EXIT } from '../errors.ts';
import { askOnce } from './chat/oneShot.ts';
import { priorTurns, question } from './chat/input.ts';
import type { CommandContext } from './context.ts';
import { dryRun } from './dryRun.ts';
import { openPlace } from './live.ts';
import { untilSignalled } from './signals.ts';

export async function run(context: CommandContext): Promise<number> {
  const { settings } = context;
  const seedsHistory = settings.history !== undefined || settings.context.length > 0;
  if (settings.dryRun) return dryRun(context, { asText: true, seedsHistory });
  return untilSignalled(
    context.signal,
    {
      SIGINT: EXIT.interrupted,
      limit: { seconds: settings.maxDurationSeconds, code: EXIT.server },
    },
    async (signal) => {
      const prompt = await question(context, signal);
      const history = await priorTurns(context, signal);
      const place = await openPlace(context);
      try {
        if (prompt !== undefined) {
          await askOnce(context, place, { prompt, history }, signal);
          return EXIT.ok;
        }
        const { repl } = await import('./chat/repl.ts');
        return await repl(context, place, history, signal);
      } finally {
        await place.close();
      }
    },
  );
}
