/** The handles that a session was given, and what became of them: which it has to show, and which it must not. */
import { ensure } from '../../fuzz/target.ts';
import { classifyClose } from '../../../src/protocol/closeReasons.ts';
import type { Line } from './line.ts';

const SHORT_LIFE_MS = 10_000;
const MAX_SHORT_LIVES = 3;
const MAX_REFUSALS = 2;
/** Restarts and networks. */
const PASSING: readonly number[] = [1001, 1006];

/** The server itself has closed the connection, for the sake of the session or of what it was sent. */
export function isVerdict(code: number, reason: string): boolean {
  const { kind } = classifyClose(code, reason);
  return !PASSING.includes(code) && kind !== 'quota' && kind !== 'credential';
}

export class Handles {
  /** The last that a listener heard of. */
  #newest: string | undefined;
  readonly #refusals = new Map<string, number>();
  readonly #shortLives = new Map<string, number>();
  /** It may have been given up since. */
  #mayForget = false;

  constructor(newest: string | undefined) {
    this.#newest = newest;
  }

  get isInHand(): boolean {
    return !this.#mayBeFresh;
  }

  get #mayBeFresh(): boolean {
    const isRefused = this.#countOf(this.#newest) >= MAX_REFUSALS;
    return this.#newest === undefined || isRefused || this.#mayForget;
  }

  told(handle: string): void {
    this.#newest = handle;
    this.#mayForget = false;
  }

  /** A setup shows it, or none. */
  check(handle: string | undefined): void {
    if (handle === undefined) ensure(this.#mayBeFresh, 'a good handle was not used');
    else ensure(handle === this.#newest, `${handle} instead of ${this.#newest ?? 'none'}`);
    ensure(this.#countOf(handle) < MAX_REFUSALS, `${handle} was refused, and shown again`);
  }

  /** The server is about to close a connection; `lifeMs`: of the session that is ready on it. */
  closed(line: Line, code: number, reason: string, lifeMs: number | undefined): void {
    const { handle } = line;
    const { kind } = classifyClose(code, reason);
    if (line.complete && (kind === 'handle' || kind === 'refusal')) this.#mayForget = true;
    if (handle === undefined || !isVerdict(code, reason)) return;
    if (line.setUp && !line.wasReady) {
      const isFinal = code === 1007 || code === 1008;
      this.#refusals.set(handle, isFinal ? MAX_REFUSALS : this.#countOf(handle) + 1);
    }
    if (lifeMs === undefined || lifeMs >= SHORT_LIFE_MS) return;
    // The state behind it may be what ends its sessions.
    const times = (this.#shortLives.get(handle) ?? 0) + 1;
    this.#shortLives.set(handle, times);
    if (times >= MAX_SHORT_LIVES) this.#mayForget = true;
  }

  #countOf(handle: string | undefined): number {
    return this.#refusals.get(handle ?? '') ?? 0;
  }
}
