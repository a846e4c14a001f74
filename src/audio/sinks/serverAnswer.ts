/** The moment when the sound server says that it plays a program's stream, for a program that reports nothing itself. */
import type { Clock } from '../clock.ts';
import type { ChildEnvironment, Subprocess } from '../subprocess.ts';
import type { PlayerProgram } from './playerProgram.ts';

/** A server that has not linked the stream yet is asked again after this time, and then less and less often. */
const ASK_AGAIN_MS = 20;
const MAX_ASK_AGAIN_MS = 500;

/** Gives whether it plays, false when `process` ends before. `onUnknown`: why the server could not be asked. */
export async function untilServerPlays(
  plays: NonNullable<PlayerProgram['plays']>,
  { process, clock, environment }: AskedPlayer,
  onUnknown: (why: string) => void,
): Promise<boolean> {
  const { pid } = process;
  if (pid === undefined) return false;
  for (let waitMs = ASK_AGAIN_MS; process.alive; waitMs = Math.min(2 * waitMs, MAX_ASK_AGAIN_MS)) {
    const answer = await plays(pid, environment);
    if (answer === true) return process.alive;
    if (answer !== false) onUnknown(answer.failure);
    await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
  }
  return false;
}

type AskedPlayer = {
  process: Subprocess;
  clock: Clock;
  environment: ChildEnvironment | undefined;
};
