/**
 * The page that tells the product: one source, one session, one sink, and whoever watches.
 *
 *   microphone frame → detector → session            (turns/capture)
 *   server's words and sound → turns, sink           (turns/answers, synchronous to the loudspeaker)
 *   interrupted → sink.clear() → what was heard      (turns/reply)
 *
 * What belongs to which turn is the tracker's business; what a device has played is the sink's.
 */
import { systemClock, type Clock } from './audio/clock.ts';
import type { AudioSink, AudioSource } from './audio/ports.ts';
import type { SpeechDetector } from './audio/speechDetector.ts';
import type { Warning } from './errors.ts';
import type { ConversationEvent, LiveEvent, SessionEvent, Usage } from './events.ts';
import type { LiveSession } from './live/session.ts';
import type { Content } from './protocol/messages.ts';
import type { ModelProfile } from './protocol/models.ts';
import { Answers } from './turns/answers.ts';
import { Capture, type Marking } from './turns/capture.ts';
import { tellOf } from './turns/deviceNotices.ts';
import { Reply } from './turns/reply.ts';
import { TurnTracker } from './turns/tracker.ts';
import { UserActivity } from './turns/userActivity.ts';

export type Observer = {
  event?(event: ConversationEvent): void;
  /** Every frame as it goes out (zeros when muted). */
  frame?(pcm: Uint8Array, voiced: boolean): void;
  /** The user began or ceased to speak, by the local detector and, where it reports it, the server's. */
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
  /** A turn is over when its receipt is here, too: at most 1 s after its end. Default false. */
  awaitsReceipt?: boolean;
  /** Without speech or text for this long the microphone is not streamed. Default 0: never. */
  idleTimeoutMs?: number;
  observers: readonly Observer[];
  clock?: Clock;
};

const IDLE = {
  code: 'idle',
  message: 'nothing was said for a while: the microphone is not sent until you speak',
  hint: '--idle-timeout says how long; 0: never',
};

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #clock: Clock;
  readonly #tracker: TurnTracker;
  readonly #reply: Reply;
  readonly #answers: Answers;
  readonly #finished: Promise<void>;
  #finish: (error?: Error) => void = () => {};
  readonly #capture: Capture | undefined;
  readonly #userActivity: UserActivity;
  /** The message that is read ends a turn. */
  #endsTurn = false;
  /** What came while a resampler is loaded. */
  #waiting: SessionEvent[] | undefined;

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
      converses: profile.job.value === 'converse',
    });
    this.#userActivity = new UserActivity({
      onChange: (speaking) => {
        for (const observer of observers) observer.activity?.(speaking);
      },
      endUtterance: () => this.#capture?.serverHeardEnd() ?? true,
    });
    const { awaitsReceipt = false } = options;
    this.#reply = new Reply(this.#tracker, sink, (event) => this.#emit(event), this.#clock, {
      awaitsReceipt,
    });
    this.#answers = new Answers({
      profile,
      tracker: this.#tracker,
      reply: this.#reply,
      clock: this.#clock,
      observers,
      emit: (event) => this.#emit(event),
      endUtterance: () => this.#capture?.endUtterance(),
      active: () => this.#capture?.active(),
    });
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
          this.#answers.activity(speaking);
          this.#userActivity.local(speaking);
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
    sink?.onWarning?.(warn);
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
      this.#answers.close();
      this.#reply.close();
      unsubscribe();
      this.#waiting = [];
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
    this.#answers.asked();
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
    if (this.#waiting) {
      this.#waiting.push(event);
      return;
    }
    switch (event.type) {
      case 'live':
        if (this.#answers.takes(event.events)) this.#liveOnEvents(event.events);
        else this.#prepare(event);
        return;
      case 'state':
        if (event.state === 'ready' && event.gapMs !== undefined) this.#tracker.replayed();
        if (event.state !== 'closed') this.#emitSession(event.state, event);
        return;
      case 'warning':
        this.#emit({ type: 'warning', ...event.warning });
        return;
      case 'ended':
        this.#finish(event.error);
    }
  }

  /** Sound of another rate has come: it and all behind it waits for a resampler, for some milliseconds. */
  #prepare(event: SessionEvent): void {
    this.#waiting = [event];
    this.#answers.prepare().then(
      () => {
        const waiting = this.#waiting ?? [];
        this.#waiting = undefined;
        for (const one of waiting) this.#sessionOnEvent(one);
      },
      (error: Error) => this.#finish(error),
    );
  }

  #liveOnEvents(live: readonly LiveEvent[]): void {
    const events = this.#answers.read(live);
    this.#endsTurn = events.some(({ type }) => type === 'turnComplete');
    for (const event of events) this.#liveOnEvent(event);
    this.#answers.endTurn(events);
  }

  #liveOnEvent(event: LiveEvent): void {
    this.#userActivity.server(event);
    switch (event.type) {
      case 'goAway':
        this.#emit({ type: 'goaway', timeLeftMs: event.timeLeftMs });
        return;
      case 'inputTranscription':
        if (!event.interim) this.#answers.transcribed(event.text);
        else for (const observer of this.#options.observers) observer.guess?.(event.text);
        return;
      case 'toolCall':
        if (this.#answers.begins()) this.#tracker.acted();
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
      case 'usage':
        this.#used(event.usage);
        return;
      default: // setup, resumption, grounding, code, voice activity: nothing to do here
        this.#answers.hear(event);
    }
  }

  #used(usage: Usage): void {
    // Before the next answer has begun, a receipt without an end of a turn is that of the turn before.
    const isEarly = !this.#tracker.answering && !this.#endsTurn;
    const isLate = this.#options.profile.usage.value === 'turn' && isEarly;
    this.#tracker.used(usage, isLate || this.#reply.endsNothing);
    this.#reply.receipt();
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
