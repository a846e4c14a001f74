/**
 * Keeps a session connected: the first connection, the next one after a loss, and the move to another before the
 * server cuts this one (turns.md §4 of the contract). At most one connection is set up at any time.
 */
import type { Setup } from '../protocol/messages.ts';
import { nextDelayMs } from './backoff.ts';
import { Connection, type ConnectionHandlers, type Endpoint } from './connection.ts';
import { ConnectionError } from './networkErrors.ts';
import { recoveryFrom } from './recovery.ts';

/** What a session needs of a connection. */
export type Link = Pick<Connection, 'send' | 'bufferedBytes' | 'isAlive' | 'close'>;

export type Clock = {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Runs `work` once after `delayMs`; the result cancels it. */
  after(delayMs: number, work: () => void): () => void;
};

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
};

export type KeeperOptions = {
  endpoint: Endpoint;
  /** `handle`: of the session to take up again. */
  setup: (handle: string | undefined) => Setup;
  /** Of the first connection, retries included. */
  timeoutMs: number;
  /** A connection that is lost is made again, and one that is to be cut is left before. */
  resumes: boolean;
  random: () => number;
  clock: Clock;
  /** In place of {@link Connection.open}. */
  open?: ((...args: Parameters<typeof Connection.open>) => Promise<Link>) | undefined;
};

export type KeeperHandlers = Pick<ConnectionHandlers, 'onMessage' | 'onBadFrame' | 'onWritable'> & {
  onConnecting(attempt: number): void;
  /** Input waits from now on. Once for each loss, and for each move. */
  onGap(): void;
  onReconnecting(reason: string, attempt: number): void;
  /** `gapMs` and `resumed` of the second connection on. `resumed` false: the server remembers nothing. */
  onReady(again?: { gapMs: number; resumed: boolean }): void;
  onEnd(error: ConnectionError): void;
  /** Nobody speaks and nothing is owed: a connection may be left. */
  isResting(): boolean;
  isCalling(): boolean;
};

const openConnection: NonNullable<KeeperOptions['open']> = (...request) =>
  Connection.open(...request);

const FIRST_ATTEMPTS = 3;
const RECONNECT_TIMEOUT_MS = 15_000;
const GIVE_UP_MS = 60_000;
/** A connection that does not live so long has not ended an outage. */
const STABLE_MS = 5_000;
/** A session that has to begin anew again so soon will not do better the third time. */
const FRESH_AGAIN_MS = 60_000;
/** Connections live about ten minutes: one that was not told to go is left before. */
const CONNECTION_LIFE_MS = 585_000;
const LAST_NOTICE_MS = 15_000;

type Leaving = { byMs: number; lastMs: number; going: boolean; abort: AbortController };

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #handlers: KeeperHandlers;
  readonly #abort = new AbortController();
  #state: 'new' | 'connecting' | 'ready' | 'gap' | 'ended' = 'new';
  #link: Link | undefined;
  /** Of the connection whose words count. */
  #current = 0;
  #count = 0;
  #handle: string | undefined;
  #closedEarly: ConnectionError | undefined;
  #leaving: Leaving | undefined;
  #freshAtMs = Number.NEGATIVE_INFINITY;
  #readyAtMs = 0;
  #outage = { sinceMs: 0, attempts: 0 };
  #cancelTimers: (() => void)[] = [];

  constructor(options: KeeperOptions, handlers: KeeperHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  /** Where input goes; undefined while it has to wait. */
  get link(): Link | undefined {
    return this.#state === 'ready' ? this.#link : undefined;
  }

  /** @throws ConnectionError, or the reason of the signal. */
  async start(signal?: AbortSignal): Promise<void> {
    const { timeoutMs, clock, random } = this.#options;
    signal?.addEventListener('abort', () => this.#abort.abort(signal.reason), { once: true });
    if (signal?.aborted) this.#abort.abort(signal.reason);
    this.#state = 'connecting';
    const deadlineMs = clock.nowMs() + timeoutMs;
    for (let attempt = 1; ; attempt += 1) {
      this.#handlers.onConnecting(attempt);
      try {
        await this.#connect(deadlineMs - clock.nowMs());
        break;
      } catch (error) {
        const delayMs = nextDelayMs(attempt, random);
        const again =
          error instanceof ConnectionError &&
          error.kind === 'server' &&
          error.code !== 'timeout' &&
          attempt < FIRST_ATTEMPTS &&
          clock.nowMs() + delayMs < deadlineMs;
        if (!again) {
          this.#state = 'ended';
          throw error;
        }
        await this.#sleep(delayMs);
      }
    }
    this.#begin();
    this.#handlers.onReady();
  }

  /** The newest state to come back to. */
  resumableBy(handle: string): void {
    this.#handle = handle;
  }

  /** The server is going to cut this connection. */
  goAway(timeLeftMs: number): void {
    if (!this.#options.resumes || this.#leaving || this.#state !== 'ready') return;
    const nowMs = this.#options.clock.nowMs();
    const byMs = nowMs + timeLeftMs / 2;
    const lastMs = nowMs + Math.max(timeLeftMs - 1000, timeLeftMs * 0.8);
    this.#leaving = { byMs, lastMs, going: false, abort: new AbortController() };
    this.#after(byMs - nowMs, () => this.settled());
    this.#after(lastMs - nowMs, () => this.settled());
    this.settled();
  }

  /** Something has come to rest: it may be the moment to move. */
  settled(): void {
    const leaving = this.#leaving;
    if (!leaving || leaving.going || this.#state !== 'ready' || !this.#mayLeave(leaving)) return;
    leaving.going = true;
    void this.#move(leaving);
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
    this.#cancel();
    this.#abort.abort(new Error('the session was closed'));
    await this.#link?.close();
  }

  // ---- one connection ----------------------------------------------------------------------------

  /** `prepare` runs when the socket is open and before it is set up. */
  async #connect(
    timeoutMs: number,
    prepare?: () => Promise<void>,
    signal: AbortSignal = this.#abort.signal,
  ): Promise<void> {
    const { endpoint, setup, open = openConnection } = this.#options;
    this.#count += 1;
    const number = this.#count;
    const take = (): Setup => {
      this.#current = number;
      return setup(this.#handle);
    };
    this.#closedEarly = undefined;
    this.#link = await open(
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
    // The server may have closed in the same breath as setupComplete.
    if (this.#closedEarly) throw this.#closedEarly;
  }

  #begin(): void {
    this.#cancel();
    this.#leaving = undefined;
    this.#state = 'ready';
    this.#readyAtMs = this.#options.clock.nowMs();
    this.#after(CONNECTION_LIFE_MS, () => this.goAway(LAST_NOTICE_MS));
  }

  // ---- the next connection -------------------------------------------------------------------------

  #lost(error: ConnectionError): void {
    if (this.#state === 'ended') return;
    if (this.#state !== 'ready') {
      this.#closedEarly = error;
      return;
    }
    this.#leaving?.abort.abort(error);
    const recovery = recoveryFrom(error, { mid: true });
    if (!this.#options.resumes || recovery === 'end') return this.#end(error);
    if (recovery === 'fresh' && !this.#forget()) return this.#end(error);
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#readyAtMs >= STABLE_MS || this.#outage.attempts === 0) {
      this.#outage = { sinceMs: nowMs, attempts: 0 };
    } else if (nowMs - this.#outage.sinceMs > GIVE_UP_MS) return this.#end(error);
    this.#openGap();
    void this.#reconnect(error, nowMs);
  }

  #openGap(): void {
    this.#cancel();
    this.#state = 'gap';
    this.#handlers.onGap();
  }

  /**
   * What the handle stands for is of no use. False: there was none, or a session that was new has been refused
   * a moment ago.
   */
  #forget(): boolean {
    const nowMs = this.#options.clock.nowMs();
    const again = nowMs - this.#freshAtMs < FRESH_AGAIN_MS;
    const had = this.#handle !== undefined;
    this.#freshAtMs = nowMs;
    this.#handle = undefined;
    return had || !again;
  }

  async #reconnect(error: ConnectionError, lostAtMs: number): Promise<void> {
    const { clock, random } = this.#options;
    const outage = this.#outage;
    let reason = error;
    while (this.#state === 'gap') {
      outage.attempts += 1;
      this.#handlers.onReconnecting(reason.message, outage.attempts);
      const handle = this.#handle;
      try {
        await this.#sleep(nextDelayMs(outage.attempts, random));
        await this.#connect(RECONNECT_TIMEOUT_MS);
        this.#begin();
        const gapMs = clock.nowMs() - lostAtMs;
        return this.#handlers.onReady({ gapMs, resumed: handle !== undefined });
      } catch (failure) {
        if (!(failure instanceof ConnectionError)) return; // closed by us
        reason = failure;
        const recovery = recoveryFrom(failure, { mid: false });
        const helpless = recovery === 'end' || (recovery === 'fresh' && !this.#forget());
        if (helpless || clock.nowMs() - outage.sinceMs > GIVE_UP_MS) return this.#end(failure);
      }
    }
  }

  #end(error: ConnectionError): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#cancel();
    this.#handlers.onEnd(error);
  }

  // ---- moving ------------------------------------------------------------------------------------------

  #mayLeave({ byMs, lastMs }: Leaving): boolean {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs >= lastMs) return true;
    return !this.#handlers.isCalling() && (nowMs >= byMs || this.#handlers.isResting());
  }

  /** The new socket is opened, the old one closed, and only then the new one set up. */
  async #move(leaving: Leaving): Promise<void> {
    const { clock, random } = this.#options;
    const old = this.#link;
    let leftAtMs = clock.nowMs();
    const signal = AbortSignal.any([this.#abort.signal, leaving.abort.signal]);
    const handle = (): boolean => this.#handle !== undefined;
    try {
      const leave = async (): Promise<void> => {
        // Somebody may have begun to speak meanwhile.
        while (!this.#mayLeave(leaving)) await this.#sleep(20, signal);
        leftAtMs = clock.nowMs();
        this.#openGap();
        this.#current = -1;
        await old?.close(1000);
      };
      await this.#connect(RECONNECT_TIMEOUT_MS, leave, signal);
      this.#begin();
      this.#outage.attempts = 0;
      this.#handlers.onReady({ gapMs: clock.nowMs() - leftAtMs, resumed: handle() });
    } catch (error) {
      if (!(error instanceof ConnectionError) || leaving.abort.signal.aborted) return;
      if (this.#state === 'gap') {
        this.#outage = { sinceMs: leftAtMs, attempts: 0 };
        return void this.#reconnect(error, leftAtMs);
      }
      // The old one still serves.
      leaving.going = false;
      this.#after(nextDelayMs(1, random), () => this.settled());
    }
  }

  #after(delayMs: number, work: () => void): void {
    this.#cancelTimers.push(this.#options.clock.after(delayMs, work));
  }

  #cancel(): void {
    for (const cancel of this.#cancelTimers.splice(0)) cancel();
  }

  /** Rejects with the reason of the signal. */
  #sleep(ms: number, signal: AbortSignal = this.#abort.signal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        cancel();
        reject(signal.reason as Error);
      };
      const cancel = this.#options.clock.after(ms, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
