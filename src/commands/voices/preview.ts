/** `gemlive voices --preview NAME`: one sentence, heard. */
import { EXIT } from '../../errors.ts';
import { askOnce } from '../chat/oneShot.ts';
import type { CommandContext } from '../context.ts';
import { dryRun } from '../dryRun.ts';
import { openPlace } from '../live.ts';
import { openLoudspeaker } from '../chosenDevices.ts';
import { untilSignalled } from '../signals.ts';

/** `en-us-tavi` is called Tavi. */
const nameOf = (voice: string): string => {
  const name = voice.replace(/^[a-z]{2}-[a-z]{2}-/, '');
  return name.charAt(0).toUpperCase() + name.slice(1);
};

export const promptFor = (voice: string): string =>
  `Say: Hello, my name is ${nameOf(voice)}. This is how I sound when we talk.`;

/** @throws GemliveError: no player (4), no session (3, 5, 6, 7), no answer (6). */
export async function preview(context: CommandContext, voice: string): Promise<number> {
  const { settings } = context;
  if (settings.dryRun) return dryRun(context, { once: true });
  const prompt = promptFor(voice);
  return untilSignalled(
    context.signal,
    {
      SIGINT: EXIT.interrupted,
      limit: { seconds: settings.maxDurationSeconds, code: EXIT.server },
    },
    async (signal) => {
      const sink = await openLoudspeaker(context, signal);
      try {
        const place = await openPlace(context);
        try {
          await askOnce(context, place, { prompt, history: [], sink }, signal);
        } finally {
          await place.close();
        }
      } finally {
        await sink.close();
      }
      return EXIT.ok;
    },
  );
}
