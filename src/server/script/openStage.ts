/** Loads what plays scripts and writes logs, where there is something to play or to write. */
import type { Stage, StageOptions } from './stage.ts';

/** Undefined where the server does nothing but answer: then nothing stands between it and its sockets. */
export async function openStage(
  options: StageOptions,
  onFault: (message: string) => void,
): Promise<Stage | undefined> {
  const { script, log, keepFrames, onFrame } = options;
  if (script === undefined && log === undefined && !keepFrames && !onFrame) return undefined;
  const { Stage } = await import('./stage.ts');
  return Stage.open({ script, log, keepFrames, onFrame }, onFault);
}
