/** How long a connection and its session may live: told beforehand, and cut. */
import type { ServerMessage } from '../protocol/messages.ts';
import { Refusal } from './refusal.ts';

export type LifetimeOptions = {
  /** When a connection is so old it is told to go; seconds. */
  goAwaySeconds?: number | undefined;
  /** A session without compression lives so long over all of its connections; seconds. */
  sessionLimitSeconds?: number | undefined;
};

/** Google's pages: a connection lives about ten minutes, a session without compression fifteen. */
const GO_AWAY_SECONDS = 570;
const NOTICE_SECONDS = 30;
export const SESSION_LIMIT_SECONDS = 900;
/** With video: two minutes instead of fifteen. */
const VIDEO_SHARE = 2 / 15;

export type LifetimeHandlers = {
  send: (message: ServerMessage) => void;
  refuse: (refusal: Refusal) => void;
};

export class Lifetime {
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #openedAtMs = performance.now();
  readonly #handlers: LifetimeHandlers;
  readonly #limitMs: number | undefined;
  readonly #ageBeforeMs: number;
  #sees = false;

  /** `ageMs`: of the session, over the connections before. `expiresInMs`: of its credential. */
  constructor(
    options: LifetimeOptions & { ageMs: number; compresses: boolean; expiresInMs?: number },
    handlers: LifetimeHandlers,
  ) {
    this.#handlers = handlers;
    this.#ageBeforeMs = options.ageMs;
    const goAwaySeconds = options.goAwaySeconds ?? GO_AWAY_SECONDS;
    const noticeSeconds = Math.min(NOTICE_SECONDS, goAwaySeconds / 2);
    this.#after(goAwaySeconds * 1000, () =>
      handlers.send({ goAway: { timeLeft: `${noticeSeconds}s` } }),
    );
    this.#refuseAfter((goAwaySeconds + noticeSeconds) * 1000, 1008, 'The operation was aborted.');
    if (options.expiresInMs !== undefined) {
      this.#refuseAfter(options.expiresInMs, 1011, 'auth token has expired');
    }
    if (options.compresses) return;
    this.#limitMs = (options.sessionLimitSeconds ?? SESSION_LIMIT_SECONDS) * 1000;
    this.#limit(this.#limitMs);
  }

  /** Of the session, over all of its connections. */
  get ageMs(): number {
    return this.#ageBeforeMs + performance.now() - this.#openedAtMs;
  }

  /** Video came: what has no compression lives shorter. */
  sees(): void {
    if (this.#sees || this.#limitMs === undefined) return;
    this.#sees = true;
    this.#limit(this.#limitMs * VIDEO_SHARE);
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #limit(ms: number): void {
    const reason = 'Deadline expired before operation could complete.';
    this.#refuseAfter(ms - this.ageMs, 1011, reason);
  }

  #refuseAfter(ms: number, code: number, reason: string): void {
    this.#after(ms, () => this.#handlers.refuse(new Refusal(code, reason)));
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(run, Math.min(Math.max(0, ms), 2 ** 31 - 1));
    timer.unref();
    this.#timers.push(timer);
  }
}
