/**
 * Leaving by signal. The first one asks the work to end and decides the exit code; a second one, or
 * work that does not end, leaves at once: the exit handlers of terminal and child processes do the rest.
 */
import { EXIT, GemliveError, type ExitCode } from '../errors.ts';

/** What a signal means unless the command says otherwise; Ctrl+C always depends on the command. */
const CODES = { SIGTERM: 143, SIGHUP: 129 } as const;
const GRACE_MS = 3_000;

export type LeavingCodes = {
  SIGINT: number;
  /** Default 143. */
  SIGTERM?: number;
  /** `--max-duration`, and the exit code for work that it cuts; `failure`: why the work had not even begun. */
  limit?: {
    seconds: number | undefined;
    code: ExitCode;
    failure?: (seconds: number) => GemliveError | undefined;
  };
};

/**
 * Runs `work` with a signal that aborts when the process is told to end, its time is up, or `parent`
 * aborts. Returns the work's own exit code, or the one of what ended it.
 *
 * @throws GemliveError also for work that its time limit has cut.
 */
export async function untilSignalled(
  parent: AbortSignal,
  { SIGINT, SIGTERM = CODES.SIGTERM, limit }: LeavingCodes,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const codes = { ...CODES, SIGINT, SIGTERM };
  const abort = new AbortController();
  let code: number | undefined;
  let outOfTime: GemliveError | undefined;
  let leave: (code: number) => void = () => {};
  const forced = new Promise<number>((resolve) => (leave = resolve));
  let grace: NodeJS.Timeout | undefined;
  const end = (exitCode: number, reason: Error): void => {
    code ??= exitCode;
    grace ??= setTimeout(leave, GRACE_MS, code);
    abort.abort(reason);
  };
  const onSignal = (name: NodeJS.Signals): void => {
    if (code !== undefined) leave(code);
    end(codes[name as keyof typeof codes], new Error(name));
  };
  const names = Object.keys(codes) as (keyof typeof codes)[];
  for (const name of names) process.on(name, onSignal);
  const timer =
    limit?.seconds === undefined
      ? undefined
      : setTimeout(() => {
          const seconds = limit.seconds ?? 0;
          const failure = limit.failure?.(seconds);
          const over = failure ?? timeIsOver(seconds, limit.code);
          if (code === undefined && over.exitCode !== EXIT.ok) outOfTime = over;
          end(over.exitCode, over);
        }, limit.seconds * 1000);
  const worked = work(AbortSignal.any([parent, abort.signal])).then(
    (result) => code ?? result,
    (error: unknown) => {
      if (code !== undefined) return code;
      throw error;
    },
  );
  worked.catch(() => {}); // after a forced leave nobody looks any more
  try {
    const result = await Promise.race([worked, forced]);
    if (outOfTime) throw outOfTime;
    return result;
  } finally {
    // The handlers stay: one more Ctrl+C on the way out must not kill the process before it has tidied up.
    clearTimeout(grace);
    clearTimeout(timer);
  }
}

function timeIsOver(seconds: number, exitCode: ExitCode): GemliveError {
  return new GemliveError(`not done within ${seconds} s`, {
    code: 'max_duration',
    exitCode,
    why: '--max-duration ends it then',
    hint: 'allow more time: --max-duration SECONDS',
  });
}
