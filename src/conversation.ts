/**
 * The page that tells the product: one source, one session, one sink, and whoever watches.
 *
 *   microphone frame → detector → session            (turns/capture)
 *   server's words and sound → turns, sink           (liveOn…, synchronous to the loudspeaker)
 *   interrupted → sink.clear() → what was heard      (turns/reply)
 *
 * What belongs to which turn is the tracker's business; what a device has played is the sink's.
 */
import { systemClock, type Clock } from './audio/clock.ts';
import { msOfBytes } from './audio/format.ts';
import { SampleAligner } from './audio/pcm.ts';
import type { AudioSink, AudioSource } from './audio/ports.ts';
import type { SpeechDetector } from './audio/speechDetector.ts';
import type { Warning } from './errors.ts';
import type { ConversationEvent, LiveEvent, SessionEvent, Usage } from './events.ts';
import type { LiveSession } from './live/session.ts';
import type { Content } from './protocol/messages.ts';
import type { ModelProfile } from './protocol/models.ts';
import { Capture, type Marking } from './turns/capture.ts';
import { tellOf } from './turns/deviceNotices.ts';
import { JobLines } from './turns/jobLines.ts';
import { Reading } from './turns/reading.ts';
import { Reply } from './turns/reply.ts';
import { TurnTracker } from './turns/tracker.ts';

export type Observer = {
  event?(event: ConversationEvent): void;
  /** Every frame as it goes out (zeros when muted). */
  frame?(pcm: Uint8Array, voiced: boolean): void;
  /** The local detector: the user began or ceased to speak. */
  activity?(speaking: boolean): void;
  /** Nothing is streamed until there is speech again. */
  idle?(idle: boolean): void;
  /** A guess at what is being said, in place of the one before; the words themselves come later. */
  guess?(text: string): void;
  /** Every chunk of reply sound as it came; `alive` false: of a turn that is dead, it will not be played. */
  reply?(pcm: Uint8Array, alive: boolean): void;
};

export type ConversationOptions = {
  session: LiveSession;
  profile: ModelProfile;
  voice?: string;
  source?: AudioSource;
  /** False: the setup asks for no interruptions, and each utterance gets its whole answer. Default true. */
  interruptible?: boolean;
  /** Without one nothing is played: an answer is complete when it has been sent. */
  sink?: AudioSink;
  /** Tells speech in what `source` gives. */
  detector?: SpeechDetector;
  /**
   * Who says what is speech; all but `server`, the default, need a setup with manual activity. `whole`: the
   * source goes out as fast as the network takes it and nothing of it is dropped.
   */
  marking?: Marking;
  /** The source is live: only speech stops a reply, which is ducked meanwhile. Default false. */
  bargeIn?: boolean;
  /** Without speech or text for this long the microphone is not streamed. Default 0: never. */
  idleTimeoutMs?: number;
  observers: readonly Observer[];
  clock?: Clock;
};

/** Where idleness has a message of its own and it does not come. */
const IDLE_BACKSTOP_MS = 15_000;

const IDLE = {
  code: 'idle',
  message: 'nothing was said for a while: the microphone is not sent until you speak',
  hint: '--idle-timeout says how long; 0: never',
};

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #clock: Clock;
  readonly #tracker: TurnTracker;
  readonly #reading: Reading;
  readonly #reply: Reply;
  readonly #finished: Promise<void>;
  #finish: (error?: Error) => void = () => {};
  /** A chunk may end in the middle of a sample. */
  readonly #aligner = new SampleAligner();
  readonly #capture: Capture | undefined;
  #cancelBackstop: () => void = () => {};
  /** For models that translate or transcribe. */
  readonly #lines: JobLines | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { source, observers, sink, profile } = options;
    // Who only says or writes what is said goes on when somebody speaks.
    const interruptible = options.interruptible !== false && profile.job.value === 'converse';
    this.#tracker = new TurnTracker((event) => this.#emit(event), {
      nowMs: () => this.#clock.nowMs(),
      price: profile.price?.value,
      interruptible,
      receipts: profile.usage.value,
    });
    this.#reading = new Reading(profile);
    this.#reply = new Reply(this.#tracker, sink, (event) => this.#emit(event), this.#clock);
    if (profile.job.value !== 'converse') {
      this.#lines = new JobLines(this.#clock, () => this.#reply.turnOver(undefined));
    }
    this.#capture =
      source &&
      new Capture({
        session: options.session,
        source,
        detector: options.detector,
        marking: options.marking ?? 'server',
        replySounds: () =>
          options.bargeIn === true && interruptible && (sink?.position().queuedMs ?? 0) > 0,
        idleTimeoutMs: options.idleTimeoutMs ?? 0,
        tracker: this.#tracker,
        clock: this.#clock,
        onFrame: (pcm, voiced) => {
          for (const observer of observers) observer.frame?.(pcm, voiced);
        },
        onActivity: (speaking) => {
          for (const observer of observers) observer.activity?.(speaking);
          if (options.bargeIn && interruptible) this.#reply.duck(speaking);
        },
        onIdle: (idle) => {
          for (const observer of observers) observer.idle?.(idle);
          if (idle) this.#emit({ type: 'warning', ...IDLE });
        },
      });
    this.#finished = new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#finished.catch(() => {}); // it may break before run() looks
  }

  /**
   * Connects and goes on until `stop()`, an abort, or the end of the session.
   *
   * @throws GemliveError: credential, network, server, device lost.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { session, source, sink } = this.#options;
    const lifetime = new AbortController();
    let reason: string | undefined;
    const abort = (): void => this.stop();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const unsubscribe = session.on((event) => this.#sessionOnEvent(event));
    sink?.onLost((error) => this.#finish(error));
    const warn = (warning: Warning): void => this.#emit({ type: 'warning', ...warning });
    source?.onDevice?.(tellOf('microphone', warn));
    source?.onWarning?.(warn);
    sink?.onDevice?.(tellOf('loudspeaker', warn));
    try {
      // The microphone does not wait for the network: what is said meanwhile is kept, and goes first.
      this.#capture?.run(lifetime.signal).catch((error: Error) => this.#finish(error));
      session.start(lifetime.signal).catch((error: Error) => this.#finish(error));
      await this.#finished;
    } catch (error) {
      reason = error instanceof Error ? error.message : undefined;
      throw error;
    } finally {
      lifetime.abort(new Error('the conversation is over'));
      signal.removeEventListener('abort', abort);
      this.#reply.close();
      this.#cancelBackstop();
      this.#lines?.over();
      unsubscribe();
      this.#tracker.close();
      const total = this.#tracker.total;
      if (total) {
        const { usage, costUsd } = total;
        this.#emit({ type: 'usage', ...usage, ...(costUsd !== undefined && { costUsd }) });
      }
      await session.close();
      this.#emitSession('closed', reason === undefined ? {} : { reason });
    }
  }

  // ---- intents -------------------------------------------------------------------------------------

  stop(): void {
    this.#finish();
  }

  get muted(): boolean {
    return this.#capture?.muted ?? false;
  }

  setMuted(muted: boolean): void {
    if (this.#capture) this.#capture.muted = muted;
  }

  /** Push to talk: the key is down. It interrupts. */
  setTalking(talking: boolean): void {
    if (talking && this.#options.interruptible !== false) this.#reply.supersede();
    if (this.#capture) this.#capture.talking = talking;
  }

  /** The user is there: a microphone that was idle is streamed again. */
  awake(): void {
    this.#capture?.active();
  }

  /** The rest of this reply is neither played nor shown. */
  stopReply(): void {
    this.#reply.cut();
  }

  /** Typed text interrupts. `shown: false` for a prompt that the user did not type. */
  sendText(
    text: string,
    { history, shown = true }: { history?: Content[]; shown?: boolean } = {},
  ): void {
    this.#reply.supersede();
    this.#capture?.active();
    this.#tracker.textSent(text, shown);
    this.#options.session.sendText(text, history);
  }

  /** The model has the word: words or sound of its turn have come, and the turn is not over. */
  get answering(): boolean {
    return this.#tracker.answering && !this.#reply.dead;
  }

  /** Tokens of all turns so far, and what they cost about; undefined before the first. */
  get usage(): { usage: Usage; costUsd: number | undefined } | undefined {
    return this.#tracker.total;
  }

  // ---- wire → loudspeaker ----------------------------------------------------------------------------

  #sessionOnEvent(event: SessionEvent): void {
    switch (event.type) {
      case 'live':
        this.#liveOnEvents(this.#reading.read(event.events));
        return;
      case 'state':
        if (event.state !== 'closed') this.#emitSession(event.state, event);
        return;
      case 'warning':
        this.#emit({ type: 'warning', ...event.warning });
        return;
      case 'ended':
        this.#finish(event.error);
    }
  }

  #liveOnEvents(events: readonly LiveEvent[]): void {
    for (const event of events) this.#liveOnEvent(event);
    // After the whole message: the usage of a turn stands behind its end.
    this.#endTurn(events);
  }

  #liveOnEvent(event: LiveEvent): void {
    switch (event.type) {
      case 'goAway':
        this.#emit({ type: 'goaway', timeLeftMs: event.timeLeftMs });
        return;
      case 'interrupted':
        this.#reply.interrupted();
        return;
      case 'inputTranscription':
        if (!event.interim) {
          if (this.#lines?.endsBefore('user', event.text)) this.#reply.lineOver();
          this.#tracker.transcribed(event.text);
        } else for (const observer of this.#options.observers) observer.guess?.(event.text);
        return;
      case 'text':
      case 'outputTranscription':
        if (this.#lines?.endsBefore('model', event.text)) this.#reply.lineOver();
        if (this.#beginsOrGoesOn()) this.#tracker.words(event.text);
        return;
      case 'thought':
        if (!this.#beginsOrGoesOn()) return;
        this.#tracker.acted();
        this.#emit({ type: 'thought', text: event.text });
        return;
      case 'audio':
        this.#audio(event.pcm, event.sampleRateHz);
        return;
      case 'toolCall':
        if (this.#beginsOrGoesOn()) this.#tracker.acted();
        for (const call of event.calls) this.#emit({ type: 'tool_call', ...call });
        // No tool is declared, so none can be meant; an unanswered call would hold the turn for ever.
        this.#options.session.sendToolResults(
          event.calls.map((call) => ({
            call,
            response: { error: `there is no tool named ${call.name}` },
          })),
        );
        return;
      case 'toolCallCancellation':
        for (const id of event.ids) this.#emit({ type: 'tool_cancelled', id });
        return;
      case 'generationComplete':
        this.#reply.generationComplete();
        return;
      case 'usage':
        this.#tracker.used(event.usage, this.#reply.endsNothing);
        return;
      default: // setup, resumption, grounding, code, voice activity: nothing to do here
    }
  }

  /** Something of an answer has come. False: it belongs to a dead turn. */
  #beginsOrGoesOn(): boolean {
    if (!this.#reply.accepts()) return false;
    // Who translates or writes down need not wait for the end of it.
    const waits = this.#options.profile.job.value === 'converse';
    if (waits && this.#tracker.awaitsEndOfSpeech) this.#capture?.endUtterance();
    return true;
  }

  #audio(bytes: Uint8Array, sampleRateHz: number): void {
    const pcm = this.#aligner.push(bytes);
    const ms = Math.round(msOfBytes({ sampleRateHz, channels: 1 }, pcm.byteLength));
    const alive = this.#beginsOrGoesOn();
    for (const observer of this.#options.observers) observer.reply?.(pcm, alive);
    this.#emit({ type: 'audio', bytes: pcm.byteLength, ms });
    if (!alive) return;
    this.#lines?.sign();
    this.#capture?.active();
    this.#reply.sound(pcm, sampleRateHz);
  }

  #endTurn(events: readonly LiveEvent[]): void {
    const complete = events.find((event) => event.type === 'turnComplete');
    const statuses = events.filter((event) => event.type === 'interactionStatus');
    // A refused turn may end without a status.
    const isRefused = complete?.reason !== undefined && statuses.length === 0;
    const idle = isRefused || statuses.some(({ status }) => status !== 'IN_PROGRESS');
    this.#cancelBackstop();
    if (complete) this.#lines?.over();
    const onTurnComplete = this.#options.profile.endOfTurn.value === 'turnComplete';
    if (onTurnComplete || this.#reply.dead || idle) {
      if (complete || (idle && !onTurnComplete)) this.#reply.turnOver(complete?.reason);
    } else if ((this.#tracker.answering || complete) && !this.#reply.ending) {
      this.#cancelBackstop = this.#clock.after(IDLE_BACKSTOP_MS, () =>
        this.#reply.turnOver(undefined),
      );
    }
  }

  // ---- watchers ------------------------------------------------------------------------------------------

  #emitSession(
    state: 'connecting' | 'ready' | 'reconnecting' | 'closed',
    details: { reason?: string; attempt?: number; gapMs?: number },
  ): void {
    const { profile, voice } = this.#options;
    const { reason, attempt, gapMs } = details;
    this.#emit({
      type: 'session',
      state,
      model: profile.id,
      ...(voice !== undefined && { voice }),
      ...(reason !== undefined && { reason }),
      ...(attempt !== undefined && { attempt }),
      ...(gapMs !== undefined && { gapMs }),
    });
  }

  #emit(event: ConversationEvent): void {
    for (const observer of this.#options.observers) observer.event?.(event);
  }
}
