/** `gemlive chat`: one question and one answer, or a conversation in text. */
import { EXIT } from '../errors.ts';
import type { Content } from '../protocol/messages.ts';
import { askOnce, type Question } from './chat/oneShot.ts';
import { priorTurns, question } from './chat/input.ts';
import type { CommandContext } from './context.ts';
import { dryRun } from './dryRun.ts';
import { lastSession, openPlace } from './live.ts';
import { textOf, type PastSession } from './pastSession.ts';
import { untilSignalled } from './signals.ts';

export async function run(context: CommandContext): Promise<number> {
  const { settings, args, stdinTty } = context;
  const seedsHistory = settings.history !== undefined || settings.context.length > 0;
  if (settings.dryRun) {
    return dryRun(context, { asText: true, seedsHistory, once: args.length > 0 || !stdinTty });
  }
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
      const { last, past } = await lastSession(context, place);
      try {
        if (prompt !== undefined) {
          const answer = await askOnce(context, place, toAsk(prompt, history, past), signal);
          // As words: the handle that holds them comes when the sound of the answer would have been heard, and
          // nobody waits for that.
          last?.keep({
            handle: undefined,
            lines: [
              ...(past?.lines ?? []),
              ...history,
              said('user', prompt),
              said('model', answer),
            ],
            isWhole: past === undefined || past.isWhole,
          });
          return EXIT.ok;
        }
        const { repl } = await import('./chat/repl.ts');
        return await repl(context, place, { history, last, past }, signal);
      } finally {
        await last?.close();
        await place.close();
      }
    },
  );
}

/** Lines that were said are history; what a session knows that is taken up again is not said once more. */
function toAsk(prompt: string, history: Content[], past: PastSession | undefined): Question {
  if (past?.handle === undefined) return { prompt, history: [...(past?.lines ?? []), ...history] };
  // There history is for the beginning only.
  return { prompt: [...history.map(textOf), prompt].join('\n\n'), history: [], past };
}

const said = (role: 'user' | 'model', text: string): Content => ({ role, parts: [{ text }] });
