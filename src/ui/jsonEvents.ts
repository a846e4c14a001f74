/** `--json`: the one writer of NDJSON on stdout. One object a line: `{"type": …, "t": ms since start, …}`. */
import { withoutSecrets } from './harmless.ts';

type Output = { write(text: string): unknown };

export class JsonEvents {
  readonly #output: Output;
  readonly #startedAtMs: number;
  readonly #secrets: readonly string[];
  #turns = 0;
  #hasEnded = false;

  /** `startedAtMs` is a reading of `performance.now()`. */
  constructor(output: Output, startedAtMs: number, secrets: readonly string[] = []) {
    this.#output = output;
    this.#startedAtMs = startedAtMs;
    this.#secrets = secrets;
  }

  /** Fields that are undefined are left out. After `end()` nothing is written. */
  emit(type: string, fields: Record<string, unknown> = {}): void {
    if (this.#hasEnded) return;
    if (type === 'turn') this.#turns += 1;
    // A session event says why a connection was lost.
    const isTold = type === 'error' || type === 'warning' || type === 'session';
    const line = {
      type,
      t: this.#elapsedMs(),
      ...(isTold ? this.#withoutSecrets(fields) : fields),
    };
    this.#output.write(`${JSON.stringify(line)}\n`);
  }

  /** The last event. Later calls do nothing. */
  end(exitCode: number): void {
    this.emit('end', { exitCode, turns: this.#turns, durationMs: this.#elapsedMs() });
    this.#hasEnded = true;
  }

  /** Only where others chose the words: in an answer the same letters may be innocent. */
  #withoutSecrets(fields: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? withoutSecrets(value, this.#secrets) : value,
      ]),
    );
  }

  #elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAtMs);
  }
}
