/** What PulseAudio, or PipeWire by its Pulse face, says of its devices: `pactl`, which comes with parec. */
import type { ChildEnvironment } from '../subprocess.ts';
import { outputOf } from './run.ts';

const MONITOR = '.monitor';

/** `source` gives what the default sink plays. Where nobody can say, a monitor is taken for one. */
export async function isDefaultSinkMonitor(
  source: string,
  environment: ChildEnvironment,
): Promise<boolean> {
  if (!source.endsWith(MONITOR)) return false;
  const info = await outputOf('pactl', ['info'], environment);
  if (info.failure !== undefined) return true;
  return /^Default Sink: (.*)$/m.exec(info.text)?.[1] === source.slice(0, -MONITOR.length);
}
