/** What a conversation with this machine would be heard, thought and spoken by. For information, unless it is asked for. */
import { GemliveError } from '../../errors.ts';
import { findEngines } from '../../server/engines/find.ts';
import type { CommandContext } from '../context.ts';
import { failed, type Check, type Fix } from './check.ts';
import { fixesFor } from './fixes.ts';
import type { System } from './system.ts';

/** @throws what `signal` says. */
export async function checkEngines(
  { settings, childEnv }: CommandContext,
  system: System,
  signal: AbortSignal,
): Promise<Check> {
  const { stt, llm, tts, local } = settings;
  try {
    const engines = findEngines(
      {
        environment: childEnv,
        ...(stt !== undefined && { stt }),
        ...(llm !== undefined && { llm }),
        ...(tts !== undefined && { tts }),
      },
      signal,
    );
    const [ears, brain, voice] = await Promise.all([engines.ears, engines.brain, engines.voice]);
    const names = { ears: ears?.name ?? 'none', brain: brain.name, voice: voice.name };
    const summary = `for --local: ears ${names.ears}, brain ${names.brain}, voice ${names.voice}`;
    const fix: Fix[] = [
      ...(names.ears === 'none' ? fixesFor('noEars', system) : []),
      ...(names.voice === 'none' ? fixesFor('noVoice', system) : []),
    ];
    const lacks = local && fix.length > 0;
    return {
      name: 'engines',
      status: lacks ? 'warn' : 'ok',
      summary,
      facts: names,
      fix: local ? fix : [],
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GemliveError)) throw error;
    return failed('engines', error);
  }
}
