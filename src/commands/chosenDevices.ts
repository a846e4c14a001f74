/** The microphone and the loudspeaker that the settings ask for. */
import { openPlayer } from '../audio/backends.ts';
import type { OpenDeviceOptions } from '../audio/backends.ts';
import type { AudioSink } from '../audio/ports.ts';
import type { CommandContext } from './context.ts';

export function microphoneOptions(
  { settings, childEnv }: CommandContext,
  signal: AbortSignal,
): OpenDeviceOptions {
  const { recorder, micCommand, inputDevice } = settings;
  return { environment: childEnv, signal, ...chosen(recorder, micCommand, inputDevice) };
}

export function loudspeakerOptions(
  { settings, childEnv }: CommandContext,
  signal: AbortSignal,
): OpenDeviceOptions {
  const { player, speakerCommand, outputDevice } = settings;
  return { environment: childEnv, signal, ...chosen(player, speakerCommand, outputDevice) };
}

/** @throws GemliveError (exit 4) when none opens. */
export function openLoudspeaker(context: CommandContext, signal: AbortSignal): Promise<AudioSink> {
  return openPlayer(loudspeakerOptions(context, signal));
}

/** What is not asked for is left out: the best that opens is taken. */
function chosen(
  name: string | undefined,
  command: string | undefined,
  device: string | undefined,
): Pick<OpenDeviceOptions, 'name' | 'command' | 'device'> {
  return {
    ...(name !== undefined && { name }),
    ...(command !== undefined && { command }),
    ...(device !== undefined && { device }),
  };
}
