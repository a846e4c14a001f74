/** How a player of our own (nativePlayer.cjs) is talked to: frames on its stdin, lines on its stdout. */
import type { Readable, Writable } from 'node:stream';

/** O: open the device. P: sound. F: throw away what has not sounded. */
export type FrameType = 'O' | 'P' | 'F';

export function writeFrame(stdin: Writable | null, type: FrameType, payload?: Uint8Array): void {
  const header = Buffer.alloc(5);
  header.write(type, 'latin1');
  header.writeUInt32LE(payload?.byteLength ?? 0, 1);
  stdin?.write(header);
  if (payload !== undefined && payload.byteLength > 0) stdin?.write(payload);
}

/** Whole lines, without their ends. */
export function readLines(stdout: Readable | null, take: (line: string) => void): void {
  let rest = '';
  stdout?.setEncoding('latin1');
  stdout?.on('error', () => undefined);
  stdout?.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}
