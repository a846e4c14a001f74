/**
 * A conversation with the service, above single connections. Connections come and go in the keeper; what goes out is
 * the uplink's, and where the conversation stands the dialogue's.
 */
import type { LiveEvent, SessionEvent } from '../events.ts';
import type { GemliveError, Warning } from '../errors.ts';
import { audioBlob } from '../protocol/codec.ts';
import { toEvents } from '../protocol/events.ts';
import type { ClientMessage, Content, ServerMessage } from '../protocol/messages.ts';
import { CONNECTION_LOST, CUT_OFF } from '../protocol/turnReasons.ts';
import { Dialogue } from './dialogue.ts';
import { Keeper } from './keeper.ts';
import { silentError, unreadableError, type ConnectionError } from './networkErrors.ts';
import type { LiveSessionOptions } from './options.ts';
import { isVerdict } from './recovery.ts';
import { seedOf, setupFor } from './seed.ts';
import { StallWatch } from './stallWatch.ts';
import { SYSTEM_CLOCK } from './timers.ts';
import { Unanswered } from './unanswered.ts';
import { Uplink } from './uplink.ts';
import { memoryLost, NO_ANSWER_YET, utteranceDropped } from './warnings.ts';
import { Watchdog } from './watchdog.ts';
import { resultsMessage, textMessages, type FunctionResult } from './words.ts';

const MAX_BAD_FRAMES_IN_A_ROW = 20;
const INPUT_RATE_HZ = 16_000;
const BYTES_PER_MS = (INPUT_RATE_HZ * 2) / 1000;

export class LiveSession {
  readonly #options: LiveSessionOptions;
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly #unanswered: Unanswered;
  readonly #dialogue: Dialogue;
  readonly #uplink: Uplink;
  /** From the end of an utterance to the first sign of an answer. */
  readonly #watchdog: Watchdog;
  /** From there to the end of the answer. */
  readonly #stallWatch: StallWatch;
  readonly #keeper: Keeper;
  /** What happened before anyone listened: a session may start while the devices are still opening. */
  #unheard: SessionEvent[] | undefined = [];
  #starting: Promise<void> | undefined;
  #state: 'new' | 'connecting' | 'ready' | 'gap' | 'ended' = 'new';
  #badFrames = 0;
  /** Why it was given up before it began. */
  #failedWith: GemliveError | undefined;

  constructor(options: LiveSessionOptions) {
    this.#options = options;
    const { endpoint, setup, profile, timeoutMs, resumes = false } = options;
    const { random = Math.random, clock = SYSTEM_CLOCK, detects = false } = options;
    const transparent = setup.sessionResumption?.transparent === true;
    this.#unanswered = new Unanswered({ transparent, detects });
    const link = (): Keeper['link'] => (this.#state === 'ready' ? this.#keeper.link : undefined);
    this.#dialogue = new Dialogue(
      profile,
      this.#unanswered,
      {
        isOwed: (message) => this.#uplink.owes(message),
        onHandle: (handle, index) => {
          this.#keeper.resumableBy(handle);
          if (transparent && index !== undefined) this.#uplink.consumed(index);
          options.onResumable?.(handle, this.#dialogue.history);
        },
        onSign: () => this.#watchdog.cancel(),
      },
      { nowMs: () => clock.nowMs(), knowsMore: options.past?.isWhole === false },
    );
    this.#uplink = new Uplink(this.#unanswered, {
      link,
      onDropped: (warning) => this.#warn(warning),
    });
    this.#watchdog = new Watchdog(clock, {
      link,
      onSilent: () => this.#warn(NO_ANSWER_YET),
      onDead: () => this.#keeper.lose(silentError()),
    });
    this.#stallWatch = new StallWatch(clock, {
      link,
      isCalling: () => this.#dialogue.isCalling,
      onStalled: () => this.#stallWatchOnStalled(),
      onDead: () => this.#keeper.lose(silentError()),
    });
    this.#keeper = new Keeper(
      {
        endpoint,
        setup: (handle) => setupFor(setup, handle, this.#dialogue.history, profile),
        timeoutMs,
        resumes,
        random,
        clock,
        open: options.open,
      },
      {
        onMessage: (message) => this.#connectionOnMessage(message),
        onBadFrame: (reason) => this.#connectionOnBadFrame(reason),
        // After every frame that went out: mostly nothing waits behind it.
        onWritable: () => {
          if (!this.#uplink.isEmpty) this.#uplink.pump();
        },
        onConnecting: (attempt) =>
          this.#emit({ type: 'state', state: 'connecting', ...(attempt > 1 && { attempt }) }),
        onGap: (error) => this.#keeperOnGap(error),
        suspects: (error) => isVerdict(error) && this.#unanswered.isSuspected,
        onReconnecting: (reason, attempt) =>
          this.#emit({ type: 'state', state: 'reconnecting', reason, attempt }),
        onReady: (how) => this.#keeperOnReady(how),
        onEnd: (error) => this.#end(error),
        isResting: () => this.#isResting(),
        isCalling: () => this.#dialogue.isCalling,
      },
    );
    const { past } = options;
    if (past) this.#dialogue.wrote({ clientContent: { turns: [...past.lines] } });
    if (past?.handle !== undefined) this.#keeper.resumableBy(past.handle);
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
    if (this.#state === 'new') this.#state = 'connecting';
    try {
      await this.#keeper.start(signal);
    } catch (error) {
      this.#state = 'ended';
      this.#cancelWatches();
      this.#uplink.release();
      throw this.#failedWith ?? error;
    }
  }

  /** The first connection and every later one. */
  #keeperOnReady({ gapMs, resumed }: { gapMs?: number; resumed: boolean }): void {
    this.#state = 'ready';
    const isFirst = gapMs === undefined;
    const { past, profile } = this.#options;
    if (past || !isFirst) {
      const history = resumed ? [] : this.#dialogue.history;
      if (!resumed && this.#dialogue.forget()) this.#warn(memoryLost(history.length > 0));
      this.#uplink.repeat(seedOf(history, profile), resumed);
    }
    if (this.#unanswered.awaitsAnswer) this.#watchForAnswer();
    this.#emit({ type: 'state', state: 'ready', ...(!isFirst && { gapMs: Math.round(gapMs) }) });
    this.#uplink.pump();
  }

  /** Nothing goes out and nothing comes in: an answer that was on its way is over. `error`: of a loss. */
  #keeperOnGap(error: ConnectionError | undefined): void {
    this.#state = 'gap';
    this.#cancelWatches();
    const dropped = this.#uplink.lost(error ? (isVerdict(error) ? 'killed' : 'broken') : 'left');
    const events = this.#dialogue.breakOff(CONNECTION_LOST);
    if (events.length > 0) this.#emit({ type: 'live', events });
    if (!dropped) return;
    this.#warn(utteranceDropped(dropped.kind));
    const ends = this.#dialogue.drop(dropped);
    if (ends.length > 0 && events.length === 0) this.#emit({ type: 'live', events: ends });
  }

  /** The connection lives, and nothing more of the answer comes: it is over. */
  #stallWatchOnStalled(): void {
    const events = this.#dialogue.breakOff(CUT_OFF);
    if (this.#options.profile.job.value === 'converse' && events.length > 0) {
      this.#emit({ type: 'live', events });
    }
    this.#keeper.settled();
  }

  #cancelWatches(): void {
    this.#watchdog.cancel();
    this.#stallWatch.cancel();
  }

  #isResting(): boolean {
    return (
      this.#dialogue.isResting &&
      this.#unanswered.isEmpty &&
      (this.#uplink.isEmpty || this.#state !== 'ready')
    );
  }

  #connectionOnMessage(message: ServerMessage): void {
    this.#badFrames = 0;
    const events: LiveEvent[] = toEvents(message);
    for (const event of events) {
      this.#dialogue.heard(event);
      this.#followAnswer(event);
    }
    if (events.length > 0) this.#emit({ type: 'live', events });
    this.#dialogue.settle();
    // After everybody has heard it: an answer to it may be on its way.
    this.#keeper.settled();
    const goAway = events.find((event) => event.type === 'goAway');
    if (goAway) this.#keeper.goAway(goAway.timeLeftMs);
  }

  /** Whether more of an answer is to be expected. */
  #followAnswer(event: LiveEvent): void {
    const isLate = this.#dialogue.isLate;
    switch (event.type) {
      case 'audio':
        if (isLate) return;
        this.#stallWatch.heard((event.pcm.byteLength * 500) / event.sampleRateHz);
        return;
      case 'text':
      case 'outputTranscription':
        if (!isLate) this.#stallWatch.heard(0);
        return;
      case 'thought':
        this.#expectMore();
        return;
      case 'interrupted':
      case 'turnComplete':
        this.#stallWatch.cancel();
        return;
      case 'interactionStatus':
        if (event.status !== 'IN_PROGRESS') this.#stallWatch.cancel();
        return;
      default: // nothing of an answer
    }
  }

  #connectionOnBadFrame(reason: string): void {
    this.#badFrames += 1;
    this.#warn({ code: 'bad_frame', message: `a frame from the server was skipped: ${reason}` });
    if (this.#badFrames < MAX_BAD_FRAMES_IN_A_ROW) return;
    const error = unreadableError(MAX_BAD_FRAMES_IN_A_ROW);
    this.#failedWith = error;
    void this.#keeper.close();
    this.#end(error);
  }

  #end(error: GemliveError | undefined): void {
    if (this.#state === 'ended') return;
    const state = this.#state;
    if (state === 'connecting' && error) return; // start() throws it
    this.#state = 'ended';
    this.#cancelWatches();
    if (state === 'ready' || state === 'gap') this.#uplink.tellDropped();
    this.#uplink.release();
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
    this.#uplink.push(message, pcm.byteLength / BYTES_PER_MS);
    return this.#uplink.isEmpty;
  }

  /** Settles when nothing waits any more, or the session has ended. For input that must not be dropped. */
  audioDrained(): Promise<void> {
    return this.#state === 'ended' ? Promise.resolve() : this.#uplink.drained();
  }

  /** Somebody began to speak `agoMs` ago: what is said from there on is said again if the connection breaks. */
  utteranceBegan(agoMs: number): void {
    this.#unanswered.began(agoMs);
  }

  /** The last voiced moment was `agoMs` ago. */
  utteranceEnded(agoMs: number): void {
    this.#unanswered.ended(agoMs);
    this.#watchForAnswer();
  }

  #watchForAnswer(): void {
    if (this.#options.watches && this.#state !== 'ended') this.#watchdog.watch();
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
    if (!this.#options.profile.audioStreamEnd.value) return;
    this.#queue({ realtimeInput: { audioStreamEnd: true } });
  }

  /**
   * A typed message, which interrupts. `history` comes before it: in the same message, or as the seed
   * where the model takes history only at the start.
   */
  sendText(text: string, history: readonly Content[] = []): void {
    for (const message of textMessages(text, history, this.#options.profile)) {
      this.#dialogue.wrote(message);
      this.#queue(message);
    }
    this.#watchForAnswer();
  }

  /** Results of calls that were cancelled, by the server or with their connection, go nowhere. */
  sendToolResults(results: readonly FunctionResult[]): void {
    const wanted = results.filter((result) => this.#dialogue.takes(result));
    if (wanted.length > 0) this.#queue(resultsMessage(wanted));
    this.#expectMore();
  }

  /** The model has something to go on with: it gets its time from now on. */
  #expectMore(): void {
    if (!this.#stallWatch.restart()) this.#watchForAnswer();
  }

  #queue(message: ClientMessage): void {
    if (this.#state !== 'ended') this.#uplink.push(message, 0);
  }

  #warn(warning: Warning): void {
    this.#emit({ type: 'warning', warning });
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
