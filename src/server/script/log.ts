/**
 * `--log`: every frame, both ways, as NDJSON. Streamed to the file; the credential is never in it, and
 * handles of sessions, which are credentials too, stand there by a name that cannot be used.
 */
import { createHash } from 'node:crypto';
import { constants, createWriteStream, ftruncateSync, openSync, type WriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { usageError } from '../../errors.ts';
import { decodeFrame } from '../../protocol/codec.ts';

/** The first line, by which a recording is known. `t` in the others: milliseconds since `startedAt`. */
export type LogHead = { log: 'gemlive'; version: 1; startedAt: string };
export type LogLine = { t: number; session: number } & (
  | { open: string }
  | { from: 'client' | 'server'; frame: Record<string, unknown> }
  /** What is no JSON object: base64. */
  | { from: 'client' | 'server'; raw: string }
  | { close: { code: number; reason: string; by: 'client' | 'server' } }
);

/** A disk that is slower than the talk. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;

export class FrameLog {
  readonly #fd: number;
  readonly #stream: WriteStream;
  readonly #startedAtMs = performance.now();
  readonly #onFault: (message: string) => void;
  #isOver = false;

  private constructor(fd: number, path: string, onFault: (message: string) => void) {
    this.#fd = fd;
    this.#stream = createWriteStream(path, { fd });
    this.#onFault = onFault;
  }

  /** What the file holds stays until `begin()`. @throws GemliveError exit 2: it cannot be written. */
  static open(path: string, onFault: (message: string) => void): FrameLog {
    let fd: number;
    try {
      fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600); // what was said is nobody else's business
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw usageError(
        `cannot write the log ${resolve(path)} (${code ?? 'unknown error'})`,
        '--log takes the path of a file that can be written',
      );
    }
    const log = new FrameLog(fd, path, onFault);
    log.#stream.on('error', (error: NodeJS.ErrnoException) => {
      log.#stop(`the log ends here: ${error.code ?? error.message}`);
    });
    return log;
  }

  /** Replaces what the file holds: the server is there, and no other writes to it. */
  begin(): void {
    try {
      ftruncateSync(this.#fd);
    } catch {
      // A device or a pipe, which holds nothing.
    }
    const head: LogHead = { log: 'gemlive', version: 1, startedAt: new Date().toISOString() };
    this.#stream.write(`${JSON.stringify(head)}\n`);
  }

  opened(session: number, path: string): void {
    // Keys and tokens stand in the query.
    this.#write({ ...this.#at(session), open: path.split('?')[0] ?? '' });
  }

  frame(session: number, from: 'client' | 'server', data: Buffer): void {
    if (this.#isOver) return;
    const decoded = decodeFrame(data);
    this.#write(
      decoded.ok
        ? { ...this.#at(session), from, frame: withoutHandles(decoded.message) }
        : { ...this.#at(session), from, raw: data.toString('base64') },
    );
  }

  closed(session: number, code: number, reason: string, by: 'client' | 'server'): void {
    this.#write({ ...this.#at(session), close: { code, reason, by } });
  }

  #at(session: number): { t: number; session: number } {
    return { t: Math.round((performance.now() - this.#startedAtMs) * 10) / 10, session };
  }

  #write(line: LogLine): void {
    if (this.#isOver) return;
    if (this.#stream.writableLength > MAX_WAITING_BYTES) {
      this.#stop('the log ends here: the disk is too slow');
      return;
    }
    this.#stream.write(`${JSON.stringify(line)}\n`);
  }

  #stop(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream.destroy();
    this.#onFault(why);
  }

  /** All of it is in the file. Idempotent. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await new Promise<void>((done) => {
      this.#stream.once('error', () => done()).once('close', () => done());
      this.#stream.end();
    });
  }
}

/** The same handle has the same name on its way out and on its way back. */
function nameOf(handle: string): string {
  return `handle-${createHash('sha256').update(handle).digest('hex').slice(0, 12)}`;
}

function withoutHandles(message: Record<string, unknown>): Record<string, unknown> {
  const update = message['sessionResumptionUpdate'] ?? message['session_resumption_update'];
  const setup = message['setup'];
  if (update === undefined && setup === undefined) return message;
  return JSON.parse(
    JSON.stringify(message, (key, value: unknown) =>
      ['handle', 'newHandle', 'new_handle'].includes(key) && typeof value === 'string'
        ? nameOf(value)
        : value,
    ),
  ) as Record<string, unknown>;
}
