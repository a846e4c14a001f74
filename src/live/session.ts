/**
 * A conversation with the service, above single connections: what goes out and where it waits, what was
 * not answered and is said again, what the server said. Connections come and go in the keeper.
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
import type { Endpoint } from './connection.ts';
import { Keeper, SYSTEM_CLOCK, type Clock, type KeeperOptions } from './keeper.ts';
import { silentError } from './networkErrors.ts';
import { Outbox } from './outbox.ts';
import { Transcript } from './transcript.ts';
import { Unanswered } from './unanswered.ts';

export type LiveSessionOptions = {
  endpoint: Endpoint;
  setup: Setup;
  profile: ModelProfile;
  /** Until setupComplete, retries included. */
  timeoutMs: number;
  /**
   * A connection that is lost is made again, with the handle of `setup.sessionResumption` where there is one, and
   * one that is to be cut is left before. Default false: the session ends with its connection.
   */
  resumes?: boolean;
  /** 10 s after an utterance without an answer, look whether anybody is there. */
  watches?: boolean;
  random?: () => number;
  clock?: Clock;
  /** In place of a socket. */
  open?: KeeperOptions['open'];
};

export type FunctionResult = Omit<FunctionResponse, 'id' | 'name'> & { call: FunctionCall };

const MAX_BAD_FRAMES_IN_A_ROW = 20;
/** More than this in the socket's own buffer and the network is slower than speech. */
const HIGH_WATER_BYTES = 64 * 1024;
const NO_ANSWER_MS = 10_000;
const NO_PONG_MS = 30_000;
const INPUT_RATE_HZ = 16_000;
const BYTES_PER_MS = (INPUT_RATE_HZ * 2) / 1000;

export class LiveSession {
  readonly #options: LiveSessionOptions;
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly #unanswered = new Unanswered();
  readonly #outbox = new Outbox((message) => this.#unanswered.forget(message));
  readonly #transcript = new Transcript();
  readonly #keeper: Keeper;
  /** What happened before anyone listened: a session may start while the devices are still opening. */
  #unheard: SessionEvent[] | undefined = [];
  #starting: Promise<void> | undefined;
  #state: 'new' | 'connecting' | 'ready' | 'gap' | 'ended' = 'new';
  #badFrames = 0;
  #writable: { promise: Promise<void>; resolve: () => void } | undefined;
  /** Something of an answer has come, and its end has not. */
  #answering = false;
  /** All of it has come. */
  #generated = false;
  /** Calls that wait for a result. */
  readonly #calls = new Map<string, FunctionCall>();
  /** The last word about it; a server that says none may be left at any time. */
  #resumable = true;
  #cancelWatchdog: () => void = () => {};

  constructor(options: LiveSessionOptions) {
    this.#options = options;
    const { endpoint, setup, profile, timeoutMs, resumes = false, random = Math.random } = options;
    this.#keeper = new Keeper(
      {
        endpoint,
        setup: (handle) => setupFor(setup, handle, this.#history(), profile),
        timeoutMs,
        resumes,
        random,
        clock: options.clock ?? SYSTEM_CLOCK,
        open: options.open,
      },
      {
        onMessage: (message) => this.#connectionOnMessage(message),
        onBadFrame: (reason) => this.#connectionOnBadFrame(reason),
        // After every frame that went out: mostly nothing waits behind it.
        onWritable: () => {
          if (!this.#outbox.isEmpty) this.#pump();
        },
        onConnecting: (attempt) =>
          this.#emit({ type: 'state', state: 'connecting', ...(attempt > 1 && { attempt }) }),
        onGap: () => this.#keeperOnGap(),
        onReconnecting: (reason, attempt) =>
          this.#emit({ type: 'state', state: 'reconnecting', reason, attempt }),
        onReady: (again) => this.#keeperOnReady(again),
        onEnd: (error) => this.#end(error),
        isResting: () => this.#isResting(),
        isCalling: () => this.#calls.size > 0,
      },
    );
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
    try {
      await this.#keeper.start(signal);
    } catch (error) {
      this.#state = 'ended';
      this.#releaseWaiting();
      throw this.#failedWith ?? error;
    }
  }

  /** The first connection and every later one. */
  #keeperOnReady(again: { gapMs: number; resumed: boolean } | undefined): void {
    this.#state = 'ready';
    if (again) {
      if (!again.resumed) this.#tellMemoryLost();
      // What was said and not answered is said again, before what has been said since.
      this.#outbox.putFirst([...(again.resumed ? [] : this.#seed()), ...this.#unanswered.take()]);
      this.#unanswered.answerOver();
    }
    const gapMs = again && Math.round(again.gapMs);
    this.#emit({ type: 'state', state: 'ready', ...(gapMs !== undefined && { gapMs }) });
    this.#pump();
  }

  /** Nothing goes out and nothing comes in: an answer that was on its way is over. */
  #keeperOnGap(): void {
    this.#state = 'gap';
    this.#cancelWatchdog();
    const ids = [...this.#calls.keys()];
    this.#calls.clear();
    this.#outbox.discard((message) => 'toolResponse' in message);
    const events: LiveEvent[] = ids.length > 0 ? [{ type: 'toolCallCancellation', ids }] : [];
    if (this.#answering) events.push(...endOfTurn(this.#generated));
    this.#answering = false;
    if (events.length > 0) this.#emit({ type: 'live', events });
  }

  #isResting(): boolean {
    return (
      this.#resumable &&
      !this.#answering &&
      this.#unanswered.isEmpty &&
      (this.#outbox.isEmpty || this.#state !== 'ready')
    );
  }

  /** What was said before what is to be said again. */
  #history(): Content[] {
    const lines = this.#transcript.history;
    while (!this.#unanswered.isEmpty && lines.at(-1)?.role === 'user') lines.pop();
    return lines;
  }

  /** The last lines of the conversation, for a server that remembers nothing of it. */
  #seed(): ClientMessage[] {
    const turns = this.#history();
    if (turns.length === 0) return [];
    const turnComplete = this.#options.profile.textPath.value === 'seedThenRealtime';
    return [{ clientContent: { turns, turnComplete } }];
  }

  #tellMemoryLost(): void {
    if (this.#history().length === 0) return;
    this.#emit({
      type: 'warning',
      warning: {
        code: 'memory_lost',
        message: 'the session could not be taken up again: a new one knows its last lines only',
      },
    });
  }

  #connectionOnMessage(message: ServerMessage): void {
    this.#badFrames = 0;
    const events: LiveEvent[] = toEvents(message);
    for (const event of events) this.#follow(event);
    if (events.length > 0) this.#emit({ type: 'live', events });
    // After everybody has heard it: an answer to it may be on its way.
    this.#keeper.settled();
    const goAway = events.find((event) => event.type === 'goAway');
    if (goAway) this.#keeper.goAway(goAway.timeLeftMs);
  }

  #follow(event: LiveEvent): void {
    this.#transcript.heard(event);
    switch (event.type) {
      case 'resumption':
        this.#resumable = event.resumable;
        if (event.resumable && event.handle !== undefined) this.#keeper.resumableBy(event.handle);
        return;
      case 'audio':
      case 'text':
      case 'outputTranscription':
        this.#answering = true;
        this.#generated = false;
        this.#unanswered.answered();
        this.#cancelWatchdog();
        return;
      case 'thought':
        this.#cancelWatchdog();
        return;
      case 'toolCall':
        this.#cancelWatchdog();
        for (const call of event.calls) if (call.id !== undefined) this.#calls.set(call.id, call);
        return;
      case 'toolCallCancellation':
        for (const id of event.ids) this.#calls.delete(id);
        return;
      case 'generationComplete':
        this.#generated = true;
        return;
      case 'turnComplete':
        this.#unanswered.answerOver();
        if (this.#options.profile.endOfTurn.value === 'turnComplete') this.#answering = false;
        return;
      case 'interactionStatus':
        if (event.status !== 'IN_PROGRESS') this.#answering = false;
        return;
      default: // nothing that a connection hangs on
    }
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
    this.#failedWith = error;
    void this.#keeper.close();
    this.#end(error);
  }

  /** Why it was given up before it began. */
  #failedWith: GemliveError | undefined;

  #end(error: GemliveError | undefined): void {
    if (this.#state === 'ended') return;
    const { state } = { state: this.#state };
    if (state === 'connecting' && error) return; // start() throws it
    this.#state = 'ended';
    this.#cancelWatchdog();
    if (state === 'ready' || state === 'gap') this.#tellDropped();
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
    const soundMs = pcm.byteLength / BYTES_PER_MS;
    if (this.#options.resumes) this.#unanswered.push(message, soundMs);
    this.#outbox.push(message, soundMs);
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

  /** Somebody began to speak `agoMs` ago: what is said from there on is said again if the connection breaks. */
  utteranceBegan(agoMs: number): void {
    this.#unanswered.began(agoMs);
  }

  /** The last voiced moment was `agoMs` ago. */
  utteranceEnded(agoMs: number): void {
    this.#unanswered.ended(agoMs);
    this.#watch();
  }

  /** Manual activity markers. In order with the sound around them. */
  sendActivity(activity: 'start' | 'end'): void {
    if (activity === 'start') this.#unanswered.began(0, true);
    this.#queue({
      realtimeInput: activity === 'start' ? { activityStart: {} } : { activityEnd: {} },
    });
    if (activity === 'end') this.#unanswered.ended(0, true);
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
    this.#transcript.wrote([...history, { role: 'user', parts: [{ text }] }]);
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
    for (const { call } of results) if (call.id !== undefined) this.#calls.delete(call.id);
    const functionResponses = results.map(({ call, ...rest }) => ({
      ...rest,
      name: call.name,
      ...(call.id !== undefined && { id: call.id }),
    }));
    this.#queue({ toolResponse: { functionResponses } });
  }

  #queue(message: ClientMessage): void {
    if (this.#state === 'ended') return;
    if (this.#options.resumes && !('toolResponse' in message)) this.#unanswered.push(message, 0);
    this.#outbox.push(message, 0);
    this.#pump();
  }

  /** 10 s without an answer: a model may choose to stay silent, and a network may be gone without a word. */
  #watch(): void {
    const { watches = false, clock = SYSTEM_CLOCK } = this.#options;
    this.#cancelWatchdog();
    if (watches) this.#cancelWatchdog = clock.after(NO_ANSWER_MS, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const { link } = this.#keeper;
    if (!link) return;
    const alive = await link.isAlive(NO_PONG_MS);
    if (this.#keeper.link !== link) return;
    if (!alive) return this.#keeper.lose(silentError());
    this.#emit({
      type: 'warning',
      warning: {
        code: 'no_answer_yet',
        message: 'no answer; the model may have chosen to stay silent',
      },
    });
  }

  #pump(): void {
    const { link } = this.#keeper;
    if (this.#state !== 'ready' || !link) return;
    this.#outbox.drain((message) => link.bufferedBytes < HIGH_WATER_BYTES && link.send(message));
    if (!this.#outbox.isEmpty) return;
    this.#tellDropped();
    this.#releaseWaiting();
  }

  #tellDropped(): void {
    const droppedMs = this.#outbox.takeDroppedMs() + this.#unanswered.takeLostMs();
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
    const closed = this.#keeper.close();
    this.#end(undefined);
    await closed;
  }
}

/** Of a turn of which nothing comes any more. `whole`: all of the answer has come. */
const endOfTurn = (whole: boolean): LiveEvent[] => [
  ...(whole ? [] : [{ type: 'generationComplete' } as const]),
  { type: 'interactionStatus', status: 'IDLE' },
  { type: 'turnComplete', ...(!whole && { reason: 'CONNECTION_LOST' }) },
];

function setupFor(
  setup: Setup,
  handle: string | undefined,
  history: readonly Content[],
  profile: ModelProfile,
): Setup {
  if (handle !== undefined) {
    const { historyConfig: _seeded, ...rest } = setup;
    return { ...rest, sessionResumption: { ...setup.sessionResumption, handle } };
  }
  const seeds = history.length > 0 && profile.textPath.value === 'seedThenRealtime';
  return seeds ? { ...setup, historyConfig: { initialHistoryInClientContent: true } } : setup;
}
