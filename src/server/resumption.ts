/** States of sessions behind their handles: what a client may come back to. Handles are secrets. */
import { randomBytes } from 'node:crypto';
import type { ContextState } from './context.ts';
import { sumOf } from './usage.ts';

export type SessionState = {
  /** Whoever comes back must name the same one. */
  modelId: string;
  context: ContextState;
  /** How long the session had lived, over all of its connections. */
  ageMs: number;
};

/** What is known of one session, over all of its connections. */
export type Lineage = {
  /** Handles that are good, the newest last. */
  readonly handles: Map<string, SessionState>;
  /** The connection in use, and how to end it when another one takes over. */
  end: (() => void) | undefined;
  /** Since when nobody is connected. */
  endedAtMs: number | undefined;
  /** Of the largest of its states, when it ended: they share their entries. */
  tokens: number;
};

/** Google's pages: two hours after the session ended. */
const LIFE_MS = 2 * 60 * 60 * 1000;
/** A client keeps the newest; a few older ones are good for one that did not receive it. */
const MAX_HANDLES = 8;
/** Sessions that nobody is connected to, and about how much they hold: a token is some four characters. */
const MAX_ENDED = 10_000;
const MAX_ENDED_TOKENS = 16 * 1024 * 1024;

const tokensOf = ({ context }: SessionState): number =>
  context.entries.reduce((sum, { tokens }) => sum + sumOf(tokens), 0);

export class Resumption {
  readonly #now: () => Date;
  readonly #byHandle = new Map<string, Lineage>();
  /** The one that ended first comes first. */
  readonly #ended = new Set<Lineage>();
  #endedTokens = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  begin(): Lineage {
    return { handles: new Map(), end: undefined, endedAtMs: undefined, tokens: 0 };
  }

  issue(lineage: Lineage, state: SessionState): string {
    const handle = randomBytes(24).toString('base64url');
    lineage.handles.set(handle, state);
    this.#byHandle.set(handle, lineage);
    const [oldest] = lineage.handles.keys();
    if (lineage.handles.size > MAX_HANDLES && oldest !== undefined) this.#drop(lineage, oldest);
    return handle;
  }

  /** Whoever was connected is let go: the newest connection wins. Undefined for a stale handle. */
  resume(handle: string): { lineage: Lineage; state: SessionState } | undefined {
    this.#expire();
    const lineage = this.#byHandle.get(handle);
    const state = lineage?.handles.get(handle);
    if (!lineage || !state) return undefined;
    lineage.end?.();
    lineage.end = undefined;
    lineage.endedAtMs = undefined;
    this.#release(lineage);
    return { lineage, state };
  }

  ended(lineage: Lineage): void {
    lineage.end = undefined;
    if (lineage.handles.size === 0) return;
    lineage.endedAtMs = this.#now().getTime();
    lineage.tokens = Math.max(...[...lineage.handles.values()].map(tokensOf));
    this.#endedTokens += lineage.tokens;
    this.#ended.add(lineage);
    this.#expire();
  }

  #expire(): void {
    const deadlineMs = this.#now().getTime() - LIFE_MS;
    for (const lineage of this.#ended) {
      const tooMany = this.#ended.size > MAX_ENDED || this.#endedTokens > MAX_ENDED_TOKENS;
      if (!tooMany && (lineage.endedAtMs ?? Infinity) > deadlineMs) return;
      this.#release(lineage);
      for (const handle of lineage.handles.keys()) this.#drop(lineage, handle);
    }
  }

  #release(lineage: Lineage): void {
    if (this.#ended.delete(lineage)) this.#endedTokens -= lineage.tokens;
  }

  #drop(lineage: Lineage, handle: string): void {
    lineage.handles.delete(handle);
    this.#byHandle.delete(handle);
  }
}
