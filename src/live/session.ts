/**
 * A conversation with the service, above single connections: it owns the setup, the retries before the
 * first setupComplete, and the one place where input waits. Hand-over and resumption belong here too.
 */
import type { FunctionCall, LiveEvent, SessionEvent } from '../events.ts';
import { EXIT, GemliveError } from '../errors.ts';
import { audioBlob } from '../protocol/codec.ts';
import { toEvents } from '../protocol/events.ts';
import type {
  ClientMessage,
  Content,
  FunctionResponse,
  ServerMessage,
  Setup,
} from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import { nextDelayMs } from './backoff.ts';
import { Connection, type ConnectionHandlers, type Endpoint } from './connection.ts';
import { ConnectionError } from './networkErrors.ts';
import { Outbox } from './outbox.ts';

export type LiveSessionOptions = {
  endpoint: Endpoint;
  setup: Setup;
  profile: ModelProfile;
  /** Until setupComplete, retries included. */
  timeoutMs: number;
  random?: () => number;
};

export type FunctionResult = Omit<FunctionResponse, 'id' | 'name'> & { call: FunctionCall };

const MAX_ATTEMPTS = 3;
const MAX_BAD_FRAMES_IN_A_ROW = 20;
/** More than this in the socket's own buffer and the network is slower than speech. */
const HIGH_WATER_BYTES = 64 * 1024;
const INPUT_RATE_HZ = 16_000;
const BYTES_PER_MS = (INPUT_RATE_HZ * 2) / 1000;

export class LiveSession {
  readonly #options: LiveSessionOptions;
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly #outbox = new Outbox();
  readonly #abort = new AbortController();
  /** What happened before anyone listened: a session may start while the devices are still opening. */
  #unheard: SessionEvent[] | undefined = [];
  #starting: Promise<void> | undefined;
  #connection: Connection | undefined;
  #state: 'new' | 'connecting' | 'ready' | 'ended' = 'new';
  #badFrames = 0;
  #endedWith: GemliveError | undefined;
  #writable: { promise: Promise<void>; resolve: () => void } | undefined;

  constructor(options: LiveSessionOptions) {
    this.#options = options;
  }

  /**
   * Listeners are called synchronously, in the order of the server's words; the first one is told now what
   * has happened so far. Returns the way to stop.
   */
  on(listener: (event: SessionEvent) => void): () => void {
    this.#listeners.add(listener);
    const unheard = this.#unheard ?? [];
    this.#unheard = undefined;
    for (const event of unheard) listener(event);
    return () => this.#listeners.delete(listener);
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  /**
   * Connects and sets up, once: called again, it gives the same promise. Server trouble is tried again
   * twice within the timeout; credentials, quota, models and arguments never are.
   *
   * @throws ConnectionError (exit 3, 5, 6, 7), or the reason of the first call's signal.
   */
  start(signal?: AbortSignal): Promise<void> {
    this.#starting ??= this.#start(signal);
    return this.#starting;
  }

  async #start(signal?: AbortSignal): Promise<void> {
    this.#state = 'connecting';
    const lifetime = signal ? AbortSignal.any([signal, this.#abort.signal]) : this.#abort.signal;
    const { endpoint, setup, timeoutMs } = this.#options;
    const deadlineMs = performance.now() + timeoutMs;
    for (let attempt = 1; ; attempt += 1) {
      this.#emit({ type: 'state', state: 'connecting', ...(attempt > 1 && { attempt }) });
      try {
        const remainingMs = deadlineMs - performance.now();
        this.#connection = await Connection.open(endpoint, setup, this.#handlers(), {
          timeoutMs: remainingMs,
          signal: lifetime,
        });
        break;
      } catch (error) {
        const delayMs = nextDelayMs(attempt, this.#options.random ?? Math.random);
        const again =
          error instanceof ConnectionError &&
          error.kind === 'server' &&
          error.code !== 'timeout' &&
          attempt < MAX_ATTEMPTS &&
          performance.now() + delayMs < deadlineMs;
        if (!again) {
          this.#state = 'ended';
          this.#releaseWaiting();
          throw error;
        }
        await sleep(delayMs, lifetime);
      }
    }
    // The server may have closed in the same breath as setupComplete.
    if (this.#endedWith) throw this.#endedWith;
    this.#state = 'ready';
    this.#emit({ type: 'state', state: 'ready' });
    this.#pump();
  }

  #handlers(): ConnectionHandlers {
    return {
      onMessage: (message) => this.#connectionOnMessage(message),
      onBadFrame: (reason) => this.#connectionOnBadFrame(reason),
      onClosed: (error) => this.#end(error),
      // After every frame that went out: mostly nothing waits behind it.
      onWritable: () => {
        if (!this.#outbox.isEmpty) this.#pump();
      },
    };
  }

  #connectionOnMessage(message: ServerMessage): void {
    this.#badFrames = 0;
    const events: LiveEvent[] = toEvents(message);
    if (events.length > 0) this.#emit({ type: 'live', events });
  }

  #connectionOnBadFrame(reason: string): void {
    this.#badFrames += 1;
    this.#emit({
      type: 'warning',
      warning: { code: 'bad_frame', message: `a frame from the server was skipped: ${reason}` },
    });
    if (this.#badFrames < MAX_BAD_FRAMES_IN_A_ROW) return;
    const error = new GemliveError(`${MAX_BAD_FRAMES_IN_A_ROW} unreadable frames in a row`, {
      code: 'bad_frames',
      exitCode: EXIT.server,
      why: 'what answers there does not speak the Live API',
      hint: 'check --base-url and --api-version',
    });
    this.#abort.abort(error);
    void this.#connection?.close();
    this.#end(error);
  }

  #end(error: GemliveError | undefined): void {
    if (this.#endedWith !== undefined || (this.#state === 'ended' && error === undefined)) return;
    const wasReady = this.#state === 'ready';
    this.#endedWith = error;
    if (this.#state === 'connecting') return; // start() throws it
    this.#state = 'ended';
    if (wasReady) this.#tellDropped();
    this.#releaseWaiting();
    this.#emit({ type: 'state', state: 'closed', ...(error && { reason: error.message }) });
    this.#emit({ type: 'ended', error });
  }

  /**
   * One frame of 16 kHz mono s16le. True: it is with the network. False: it waits (before
   * setupComplete, or because the network is slow) and may be dropped if more than 5 s come to wait.
   */
  sendAudio(pcm: Uint8Array): boolean {
    if (this.#state === 'ended') return false;
    const message = { realtimeInput: { audio: audioBlob(pcm, INPUT_RATE_HZ) } };
    this.#outbox.push(message, pcm.byteLength / BYTES_PER_MS);
    this.#pump();
    return this.#outbox.isEmpty;
  }

  /** Settles when nothing waits any more, or the session has ended. For input that must not be dropped. */
  audioDrained(): Promise<void> {
    if (this.#outbox.isEmpty || this.#state === 'ended') return Promise.resolve();
    if (!this.#writable) {
      let resolve = (): void => {};
      const promise = new Promise<void>((settle) => (resolve = settle));
      this.#writable = { promise, resolve };
    }
    return this.#writable.promise;
  }

  /** Manual activity markers. In order with the sound around them. */
  sendActivity(activity: 'start' | 'end'): void {
    this.#queue({
      realtimeInput: activity === 'start' ? { activityStart: {} } : { activityEnd: {} },
    });
  }

  /** "The microphone has stopped": the model need not wait for more. Only where the profile honours it. */
  sendAudioStreamEnd(): void {
    if (this.#options.profile.audioStreamEnd.value) {
      this.#queue({ realtimeInput: { audioStreamEnd: true } });
    }
  }

  /**
   * A typed message, which interrupts. `history` comes before it: in the same message, or as the seed
   * where the model takes history only at the start.
   */
  sendText(text: string, history: readonly Content[] = []): void {
    if (this.#options.profile.textPath.value === 'clientContent') {
      const turns: Content[] = [...history, { role: 'user', parts: [{ text }] }];
      this.#queue({ clientContent: { turns, turnComplete: true } });
      return;
    }
    if (history.length > 0) {
      this.#queue({ clientContent: { turns: [...history], turnComplete: true } });
    }
    this.#queue({ realtimeInput: { text } });
  }

  sendToolResults(results: readonly FunctionResult[]): void {
    const functionResponses = results.map(({ call, ...rest }) => ({
      ...rest,
      name: call.name,
      ...(call.id !== undefined && { id: call.id }),
    }));
    this.#queue({ toolResponse: { functionResponses } });
  }

  #queue(message: ClientMessage): void {
    if (this.#state === 'ended') return;
    this.#outbox.push(message, 0);
    this.#pump();
  }

  #pump(): void {
    const connection = this.#connection;
    if (this.#state !== 'ready' || !connection) return;
    this.#outbox.drain(
      (message) => connection.bufferedBytes < HIGH_WATER_BYTES && connection.send(message),
    );
    if (!this.#outbox.isEmpty) return;
    this.#tellDropped();
    this.#releaseWaiting();
  }

  #tellDropped(): void {
    const droppedMs = this.#outbox.takeDroppedMs();
    if (droppedMs === 0) return;
    const seconds = (droppedMs / 1000).toFixed(1);
    this.#emit({
      type: 'warning',
      warning: {
        code: 'mic_backlog',
        message: `${seconds} s of what you said could not be sent in time and was dropped`,
        hint: 'the network is slower than speech, or was away',
      },
    });
  }

  #releaseWaiting(): void {
    this.#writable?.resolve();
    this.#writable = undefined;
  }

  #emit(event: SessionEvent): void {
    this.#unheard?.push(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Idempotent; settles when the socket is gone. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('the session was closed'));
    const connection = this.#connection;
    this.#end(undefined);
    this.#state = 'ended';
    await connection?.close();
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
