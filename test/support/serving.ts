/** `gemlive serve` through the built program, without engines of sound. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { spawnCli } from './cli.ts';

export type Serving = { url: string; stop(): Promise<void> };

export async function startServing(...args: string[]): Promise<Serving> {
  const child = spawnCli(['serve', '--port', '0', '--stt', 'none', '--tts', 'none', ...args]);
  child.stderr.resume();
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    url,
    async stop() {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    },
  };
}
