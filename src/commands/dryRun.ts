/** `--dry-run`: the setup message as it would be sent, and nothing else. */
import { toSetup, type SetupExtras } from '../config/setup.ts';
import { EXIT } from '../errors.ts';
import type { CommandContext } from './context.ts';

/** On a terminal indented for people, elsewhere the frame itself on one line. */
export function dryRun(
  { settings, resolved, stdout, stdoutTty }: CommandContext,
  extras: SetupExtras = {},
): number {
  const message = { setup: toSetup(settings, resolved.profile, extras) };
  const isForPeople = stdoutTty && !settings.json;
  stdout.write(`${JSON.stringify(message, null, isForPeople ? 2 : 0)}\n`);
  return EXIT.ok;
}
