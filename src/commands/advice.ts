/** What helps against an error, where only the settings of the command tell. */
import { GemliveError } from '../errors.ts';
import type { Settings } from '../config/settings.ts';

/** The error with the better hint; the same error where the settings add nothing. */
export function advised(error: unknown, { search }: Pick<Settings, 'search'>): unknown {
  if (!(error instanceof GemliveError) || error.code !== 'quota' || !search) return error;
  const { message, code, exitCode } = error;
  return new GemliveError(message, {
    code,
    exitCode,
    why: 'web search has a quota of its own, which many keys lack, or the quota of this key is used up',
    hint: 'leave --search out; limits: https://ai.google.dev/gemini-api/docs/rate-limits',
    cause: error,
  });
}
