/** A program that lists devices: its output, or why there is none. */
import { describeEnd } from '../backends/failures.ts';
import { startProcess } from '../subprocess.ts';
import type { ChildEnvironment } from '../subprocess.ts';

const MAX_MS = 5000;
const MAX_BYTES = 4_000_000;

export type Output = { text: string; failure?: undefined } | { failure: string };

/** `reads: 'stderr'` for those that list where others complain. Never throws. */
export async function outputOf(
  command: string,
  args: readonly string[],
  environment: ChildEnvironment | undefined,
  reads: 'stdout' | 'stderr' = 'stdout',
): Promise<Output> {
  const fromStderr: string[] = [];
  const child = startProcess({
    command,
    args,
    stdout: 'pipe',
    environment,
    ...(reads === 'stderr' && { onStderrLine: (line) => fromStderr.push(line) > 0 }),
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  child.stdout?.on('data', (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size <= MAX_BYTES) chunks.push(chunk);
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill();
  }, MAX_MS);
  const end = await child.closed;
  clearTimeout(timer);
  if (late) return { failure: `it did not answer in ${MAX_MS / 1000} s` };
  // ffmpeg's list ends with an error of its own.
  if (reads === 'stderr' && fromStderr.length > 0) return { text: fromStderr.join('\n') };
  if (end.code !== 0) return { failure: describeEnd(end, child.stderrTail) };
  return { text: Buffer.concat(chunks).toString('utf8') };
}
