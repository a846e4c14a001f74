/** From the start of a player program to the moment when its device is open. */
import { failureOf, OpenFailure } from '../backends/failures.ts';
import type { Clock } from '../clock.ts';
import type { PlayerProgram } from './playerProgram.ts';
import type { PlayerRun } from './playerRun.ts';

const READY_WITHIN_MS = 3000;

/** What is known without starting it. Throws OpenFailure. */
export function refuseMissing(program: PlayerProgram, device: string | undefined): void {
  const isModule = program.framed ?? false;
  const missing = program.missing?.();
  if (missing !== undefined)
    throw new OpenFailure(`${program.name}: ${missing}`, { missingProgram: true, isModule });
  if (device !== undefined && program.defaultDeviceOnly)
    throw new OpenFailure(`${program.name}: plays on the default device only`);
}

/**
 * Settles when `onReady`'s callback is called. Rejects with OpenFailure when the program dies or takes too
 * long, or with what `signal` says.
 */
export function untilReady(
  { name, framed }: PlayerProgram,
  run: PlayerRun,
  clock: Clock,
  onReady: (ready: () => void) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isModule = framed ?? false;
  const { process } = run;
  return new Promise((resolve, reject) => {
    const settle = (failure?: unknown): void => {
      cancelTimeout();
      signal?.removeEventListener('abort', abort);
      if (failure === undefined) resolve();
      else reject(failure);
    };
    const abort = (): void => settle(signal?.reason);
    const late = `${name}: the sound server or device did not answer in ${READY_WITHIN_MS / 1000} s`;
    const cancelTimeout = clock.after(READY_WITHIN_MS, () => {
      const why = run.whyUnknown === undefined ? '' : ` (${run.whyUnknown})`;
      settle(new OpenFailure(`${late}${why}`, { isModule }));
    });
    onReady(() => settle());
    signal?.addEventListener('abort', abort, { once: true });
    void process.over.then((end) => settle(failureOf(name, end, process.stderrTail, isModule)));
  });
}
