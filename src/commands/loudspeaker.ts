/** The loudspeaker that the settings ask for. */
import { openPlayer } from '../audio/backends.ts';
import type { AudioSink } from '../audio/ports.ts';
import type { CommandContext } from './context.ts';

/** @throws GemliveError (exit 4) when none opens. */
export function openLoudspeaker(
  { settings, childEnv }: CommandContext,
  signal: AbortSignal,
): Promise<AudioSink> {
  const { player, speakerCommand, outputDevice } = settings;
  return openPlayer({
    environment: childEnv,
    signal,
    ...(player !== undefined && { name: player }),
    ...(speakerCommand !== undefined && { command: speakerCommand }),
    ...(outputDevice !== undefined && { device: outputDevice }),
  });
}
