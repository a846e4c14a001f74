/** The two processes of the bench: `gemlive serve` as it is built, and the clients. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawnCli } from '../../support/cli.ts';

export type Served = {
  pid: number;
  port: number;
  /** What it said of its clients and of itself. */
  faults: readonly string[];
  openFiles(): number;
  /** SIGTERM; gives its exit code. */
  stop(): Promise<number | null>;
};

/** Without ears and voice, unless told otherwise: the answer is then one's own words, and the server is measured alone. */
export async function serve(
  args: readonly string[] = ['--stt', 'none', '--tts', 'none'],
): Promise<Served> {
  const profile = process.env['BENCH_PROFILE'];
  const nodeArgs = profile ? ['--cpu-prof', '--cpu-prof-dir', profile] : [];
  const child = spawnCli(['serve', '--port', '0', ...args], { nodeArgs });
  const faults: string[] = [];
  child.stderr.on('data', (text: Buffer) => faults.push(...text.toString('utf8').split('\n')));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const [line] = (await Promise.race([once(child.stdout, 'data'), exited])) as [unknown];
  const port = Number(/:(\d+)\s*$/.exec(String(line))?.[1]);
  if (!Number.isInteger(port)) throw new Error(`serve did not start: ${faults.join('\n')}`);
  const pid = child.pid ?? 0;
  return {
    pid,
    port,
    get faults() {
      return faults.filter((fault) => fault.startsWith('session '));
    },
    openFiles: () => readdirSync(`/proc/${pid}/fd`).length,
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

type Answer = { id: number; progress?: unknown; result?: unknown; error?: string };

export type Clients = {
  /** Does a job of load.mjs. */
  run<Result>(
    job: string,
    options: object,
    onProgress?: (progress: unknown) => void,
  ): Promise<Result>;
  stop(): void;
};

export async function startClients(): Promise<Clients> {
  const child = fork(join(import.meta.dirname, 'load.mjs'), { stdio: 'inherit' });
  await once(child, 'message');
  let count = 0;
  return {
    run: <Result>(
      job: string,
      options: object,
      onProgress: (progress: unknown) => void = () => {},
    ) =>
      new Promise<Result>((resolve, reject) => {
        count += 1;
        const id = count;
        const onExit = (code: number | null): void => reject(new Error(`clients ended: ${code}`));
        const onAnswer = (answer: Answer): void => {
          if (answer.id !== id) return;
          if ('progress' in answer) onProgress(answer.progress);
          else {
            child.off('message', onAnswer);
            child.off('exit', onExit);
            if (answer.error === undefined) resolve(answer.result as Result);
            else reject(new Error(answer.error));
          }
        };
        child.on('message', onAnswer);
        child.once('exit', onExit);
        child.send({ id, job, options });
      }),
    stop: () => child.disconnect(),
  };
}
