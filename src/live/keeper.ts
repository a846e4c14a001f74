/**
 * Keeps a session connected: the first connection, the next one after a loss, and the move to another before the
 * server cuts this one (turns.md §4 of the contract). At most one connection is set up at any time.
 */
import type { Setup } from '../protocol/messages.ts';
import { nextDelayMs } from './backoff.ts';
import { Connection } from './connection.ts';
import { FirstAttempts } from './firstAttempts.ts';
import type { KeeperHandlers, KeeperOptions, Link } from './keeping.ts';
import { Leaving } from './leaving.ts';
import { Memory } from './memory.ts';
import { ConnectionError } from './networkErrors.ts';
import { Outage } from './outage.ts';
import { sleep, Timers } from './timers.ts';

const openConnection: NonNullable<KeeperOptions['open']> = (...request) =>
  Connection.open(...request);

const RECONNECT_TIMEOUT_MS = 15_000;
/** Connections live about ten minutes: one that was not told to go is left before. */
const CONNECTION_LIFE_MS = 585_000;
const LAST_NOTICE_MS = 15_000;

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #handlers: KeeperHandlers;
  readonly #abort = new AbortController();
  #state: 'new' | 'connecting' | 'ready' | 'gap' | 'ended' = 'new';
  #link: Link | undefined;
  /** Of the connection whose words count. */
  #current = 0;
  #count = 0;
  #closedEarly: ConnectionError | undefined;
  #leaving: Leaving | undefined;
  #readyAtMs = 0;
  /** The handle that the last attempt showed; undefined when it sent no setup, or one without a handle. */
  #shown: string | undefined;
  readonly #outage = new Outage();
  readonly #memory = new Memory();
  readonly #timers: Timers;

  constructor(options: KeeperOptions, handlers: KeeperHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#timers = new Timers(options.clock);
  }

  /** Where input goes; undefined while it has to wait. */
  get link(): Link | undefined {
    return this.#state === 'ready' ? this.#link : undefined;
  }

  /** @throws ConnectionError, or the reason of the signal: it counts until the first connection is ready. */
  async start(signal?: AbortSignal): Promise<void> {
    const onAbort = (): void => {
      if (this.#state !== 'ready') this.#abort.abort(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    try {
      this.#abort.signal.throwIfAborted();
      this.#state = 'connecting';
      await this.#connectFirst();
    } catch (error) {
      this.#state = 'ended';
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #connectFirst(): Promise<void> {
    const { timeoutMs, clock, random } = this.#options;
    const deadlineMs = clock.nowMs() + timeoutMs;
    const attempts = new FirstAttempts(deadlineMs, random);
    // All of it at first, though some has passed: a timeout names the time that the user allowed.
    let leftMs = timeoutMs;
    for (;;) {
      this.#handlers.onConnecting(attempts.begin());
      try {
        return await this.#connect(leftMs);
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        const recovery = this.#memory.afterAttempt(error, this.#shown, clock.nowMs());
        const delayMs = attempts.next(error, recovery, clock.nowMs());
        if (delayMs > 0) await this.#sleep(delayMs);
        // close() may have come in the same breath.
        this.#abort.signal.throwIfAborted();
        leftMs = deadlineMs - clock.nowMs();
      }
    }
  }

  /** The newest state to come back to. */
  resumableBy(handle: string): void {
    this.#memory.keep(handle);
  }

  /** The server is going to cut this connection. */
  goAway(timeLeftMs: number): void {
    if (!this.#options.resumes || this.#leaving || this.#state !== 'ready') return;
    const nowMs = this.#options.clock.nowMs();
    this.#leaving = new Leaving(nowMs, timeLeftMs);
    const { byMs, lastMs } = this.#leaving;
    this.#timers.after(byMs - nowMs, () => this.settled());
    this.#timers.after(lastMs - nowMs, () => this.settled());
    this.settled();
  }

  /** Something has come to rest: it may be the moment to move. */
  settled(): void {
    const leaving = this.#leaving;
    if (!leaving || leaving.attempt || this.#state !== 'ready' || !this.#mayLeave(leaving)) return;
    leaving.attempt = new AbortController();
    void this.#move(leaving, leaving.attempt);
  }

  /** The connection is of no use any more, though nobody has closed it. */
  lose(error: ConnectionError): void {
    const link = this.#link;
    this.#current = -1;
    void link?.close();
    this.#lost(error);
  }

  /** Idempotent; settles when the socket is gone. */
  async close(): Promise<void> {
    this.#state = 'ended';
    this.#current = -1;
    this.#timers.cancelAll();
    this.#abort.abort(new Error('the session was closed'));
    await this.#link?.close();
  }

  // ---- one connection ----------------------------------------------------------------------------

  /** `gapMs`: at the end of a gap. `prepare` runs when the socket is open and before it is set up. */
  async #connect(
    timeoutMs: number,
    gapMs?: () => number,
    prepare?: () => Promise<void>,
    signal: AbortSignal = this.#abort.signal,
  ): Promise<void> {
    const { endpoint, setup, open = openConnection } = this.#options;
    this.#count += 1;
    const number = this.#count;
    let shown: string | undefined;
    this.#shown = undefined;
    const take = (): Setup => {
      this.#current = number;
      // As of now: a connection that is ready may have told a handle of its own already.
      shown = this.#memory.handle;
      this.#shown = shown;
      return setup(shown);
    };
    this.#closedEarly = undefined;
    const link = await open(
      endpoint,
      () => (prepare ? prepare().then(take) : take()),
      {
        onMessage: (message) => {
          if (this.#current === number) this.#handlers.onMessage(message);
        },
        onBadFrame: (reason) => {
          if (this.#current === number) this.#handlers.onBadFrame(reason);
        },
        onWritable: () => this.#handlers.onWritable(),
        onClosed: (error) => {
          if (this.#current === number) this.#lost(error);
        },
      },
      { timeoutMs, signal },
    );
    // The server may have closed in the same breath as setupComplete, and so may we.
    if (this.#closedEarly) throw this.#closedEarly;
    if (signal.aborted) {
      await link.close();
      throw signal.reason;
    }
    this.#link = link;
    this.#begin();
    // At once: whatever happens next happens to a session that knows of it.
    this.#handlers.onReady({ resumed: shown !== undefined, ...(gapMs && { gapMs: gapMs() }) });
  }

  #begin(): void {
    this.#timers.cancelAll();
    this.#leaving = undefined;
    this.#state = 'ready';
    this.#readyAtMs = this.#options.clock.nowMs();
    this.#timers.after(CONNECTION_LIFE_MS, () => this.goAway(LAST_NOTICE_MS));
  }

  // ---- the next connection -------------------------------------------------------------------------

  #lost(error: ConnectionError): void {
    if (this.#state === 'ended') return;
    if (this.#state !== 'ready') {
      this.#closedEarly = error;
      return;
    }
    this.#leaving?.attempt?.abort(error);
    if (!this.#options.resumes) return this.#end(error);
    const nowMs = this.#options.clock.nowMs();
    const recovery = this.#memory.afterLoss(
      error,
      {
        resumedWith: this.#shown,
        lifeMs: nowMs - this.#readyAtMs,
        isSuspected: this.#handlers.suspects(error),
      },
      nowMs,
    );
    if (recovery === 'end') return this.#end(error);
    this.#outage.lost(nowMs, this.#readyAtMs);
    if (this.#outage.isHopeless(nowMs)) return this.#end(error);
    this.#openGap(error);
    void this.#reconnect(error, nowMs);
  }

  /** `error`: why the connection is lost; without one it is left. */
  #openGap(error?: ConnectionError): void {
    this.#timers.cancelAll();
    this.#state = 'gap';
    this.#handlers.onGap(error);
  }

  /** `atOnce`: the first attempt waits for nothing. */
  async #reconnect(error: ConnectionError, lostAtMs: number, atOnce = false): Promise<void> {
    const { clock, random } = this.#options;
    const outage = this.#outage;
    let reason = error;
    let waits = !atOnce;
    while (this.#state === 'gap') {
      outage.attempts += 1;
      this.#handlers.onReconnecting(reason.message, outage.attempts);
      try {
        if (waits) await this.#sleep(nextDelayMs(outage.attempts, random));
        return await this.#connect(RECONNECT_TIMEOUT_MS, () => clock.nowMs() - lostAtMs);
      } catch (failure) {
        if (!(failure instanceof ConnectionError)) return; // closed by us
        reason = failure;
        const nowMs = clock.nowMs();
        const recovery = this.#memory.afterAttempt(failure, this.#shown, nowMs);
        // A handle that the server refused is no network: it gets its try without, however late.
        const isHopeless = recovery === 'resume' && outage.isHopeless(nowMs);
        if (recovery === 'end' || isHopeless) return this.#end(failure);
        waits = recovery === 'resume';
      }
    }
  }

  #end(error: ConnectionError): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#current = -1;
    this.#timers.cancelAll();
    this.#handlers.onEnd(error);
  }

  // ---- moving ------------------------------------------------------------------------------------------

  #mayLeave(leaving: Leaving): boolean {
    return leaving.mayGo(this.#options.clock.nowMs(), this.#handlers);
  }

  /** The new socket is opened, the old one closed, and only then the new one set up. */
  async #move(leaving: Leaving, attempt: AbortController): Promise<void> {
    const { clock, random } = this.#options;
    const old = this.#link;
    let leftAtMs = clock.nowMs();
    const signal = AbortSignal.any([this.#abort.signal, attempt.signal]);
    try {
      const leave = async (): Promise<void> => {
        // Somebody may have begun to speak meanwhile.
        while (!this.#mayLeave(leaving)) await this.#sleep(20, signal);
        leftAtMs = clock.nowMs();
        this.#openGap();
        this.#current = -1;
        await old?.close(1000);
        signal.throwIfAborted();
      };
      const gapMs = (): number => {
        this.#outage.over();
        return clock.nowMs() - leftAtMs;
      };
      await this.#connect(RECONNECT_TIMEOUT_MS, gapMs, leave, signal);
    } catch (error) {
      if (!(error instanceof ConnectionError) || signal.aborted) return;
      // Its preparation may still be waiting for the moment.
      attempt.abort(error);
      if (this.#state === 'gap') {
        const recovery = this.#memory.afterAttempt(error, this.#shown, clock.nowMs());
        if (recovery === 'end') return this.#end(error);
        this.#outage.begin(leftAtMs);
        return void this.#reconnect(error, leftAtMs, recovery === 'fresh');
      }
      // The old one still serves.
      leaving.attempt = undefined;
      this.#timers.after(nextDelayMs(1, random), () => this.settled());
    }
  }

  /** Rejects with the reason of the signal. */
  #sleep(ms: number, signal: AbortSignal = this.#abort.signal): Promise<void> {
    return sleep(this.#options.clock, ms, signal);
  }
}
