/**
 * The user's side on its way to the wire: what goes out of what the microphone gives, and when. The local
 * detector says where speech begins and ends in it.
 */
import type { Clock } from '../audio/clock.ts';
import { bytesOfMs, FRAME_MS, INPUT_FORMAT } from '../audio/format.ts';
import type { AudioSource } from '../audio/ports.ts';
import type { SpeechDetector } from '../audio/speechDetector.ts';
import type { LiveSession } from '../live/session.ts';
import { BargeIn } from './bargeIn.ts';
import { PreRoll } from './preRoll.ts';
import type { TurnTracker } from './tracker.ts';

/**
 * Who says what is speech. `server`: it hears everything and decides. `whole`: the source is one utterance.
 * `push`: the user, with a key. `detector`: ours. All but the first mark it for the server.
 */
export type Marking = 'server' | 'whole' | 'push' | 'detector';

export type CaptureOptions = {
  session: LiveSession;
  source: AudioSource;
  detector: SpeechDetector | undefined;
  marking: Marking;
  /** A reply sounds that only speech may stop: what is none is kept from the server. */
  replySounds: () => boolean;
  /** Without speech for this long nothing is sent until there is some; 0: never. */
  idleTimeoutMs: number;
  tracker: TurnTracker;
  clock: Clock;
  onFrame: (pcm: Uint8Array, voiced: boolean) => void;
  onActivity: (speaking: boolean) => void;
  onIdle: (idle: boolean) => void;
};

/** Before the key is pressed, the mute ends, or an onset: a voice is there before a finger. */
const PRE_ROLL_MS = 300;
const HANG_OVER_MS = 500;
/** The server reports an end after a pause of its own; what is voiced since then belongs to another utterance. */
const ENDED_SILENCE_MS = 300;

export class Capture {
  readonly #options: CaptureOptions;
  readonly #preRoll = new PreRoll();
  readonly #bargeIn = new BargeIn();
  #holding = false;
  #muted = false;
  #talking = false;
  /** Of an utterance that is marked with a key: what is still to be sent after its release. */
  #hangOverMs = 0;
  #marked = false;
  /** The local detector hears speech, and it is taken for such. */
  #speaking = false;
  #utterance: { beganMs: number } | undefined;
  #idle = false;
  #lastActiveMs: number;

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#lastActiveMs = options.clock.nowMs();
  }

  /** Until the source ends or the signal aborts. Rejects when the device breaks. */
  async run(signal: AbortSignal): Promise<void> {
    const { session, source, marking, tracker, clock } = this.#options;
    if (marking === 'whole') session.sendActivity('start');
    for await (const frame of source.frames(signal)) {
      const sent = this.#take(frame);
      if (!sent && marking === 'whole') await session.audioDrained();
    }
    if (marking !== 'whole' || signal.aborted) return;
    session.sendActivity('end');
    tracker.speechEnded(clock.nowMs());
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** Muted sends silence, not nothing: models close a turn only while sound keeps arriving. */
  set muted(muted: boolean) {
    if (this.#muted === muted) return;
    this.#muted = muted;
    this.active();
    if (muted) return;
    for (const frame of this.#preRoll.take(PRE_ROLL_MS)) this.#take(frame);
  }

  /** Push to talk: the key is down. */
  set talking(talking: boolean) {
    if (this.#options.marking !== 'push' || this.#talking === talking) return;
    this.#talking = talking;
    this.#hangOverMs = talking ? 0 : HANG_OVER_MS;
    if (talking && !this.#marked) {
      this.#mark(PRE_ROLL_MS);
      this.#begin();
    }
  }

  /** The conversation goes on by other means than the voice: text, or a reply. */
  active(): void {
    this.#lastActiveMs = this.#options.clock.nowMs();
    if (this.#idle) this.#wake(0);
  }

  /** True: what is to be sent of it is with the network. */
  #take(frame: Uint8Array): boolean {
    const { marking, onFrame } = this.#options;
    const pcm = this.#muted ? new Uint8Array(frame.byteLength) : frame;
    const whole = pcm.byteLength === bytesOfMs(INPUT_FORMAT, FRAME_MS);
    const voiced = whole && this.#detect(pcm) && !this.#options.source.isEcho?.(frame);
    const passed = whole ? this.#hold(pcm, voiced) : [pcm];
    if (whole) this.#follow();
    this.#preRoll.push(frame);
    const sent = this.#sends() ? this.#send(marking === 'server' ? passed : [pcm]) : true;
    if (!this.#talking && this.#hangOverMs > 0) this.#runOut();
    onFrame(pcm, voiced);
    return sent;
  }

  #detect(pcm: Uint8Array): boolean {
    const { detector } = this.#options;
    detector?.push(pcm);
    return detector?.voiced ?? false;
  }

  /** What of the held frames goes out now. */
  #hold(pcm: Uint8Array, voiced: boolean): Uint8Array[] {
    // What has been taken for speech is followed to its end, though the reply has been cut by then.
    if (this.#options.replySounds() || this.#bargeIn.confirmed) {
      this.#holding = true;
      return this.#bargeIn.push(pcm, voiced);
    }
    this.#bargeIn.idle(pcm);
    if (!this.#holding) return [pcm];
    this.#holding = false;
    return [...this.#bargeIn.release(), pcm];
  }

  /** Whether the user speaks now; over a reply it has to be proven. */
  #follow(): void {
    const { detector, marking } = this.#options;
    if (!detector || marking === 'push') return;
    const speaking = this.#holding ? this.#bargeIn.confirmed : detector.speaking;
    if (speaking) this.#lastActiveMs = this.#options.clock.nowMs();
    if (speaking === this.#speaking) return this.#watchIdle();
    this.#speaking = speaking;
    if (speaking) {
      const onsetMs = detector.speaking ? detector.positionMs - detector.onsetMs : 0;
      if (this.#idle) this.#wake(onsetMs + PRE_ROLL_MS);
      if (marking === 'detector') this.#mark(onsetMs + PRE_ROLL_MS);
      this.#begin();
    } else {
      if (marking === 'detector') this.#unmark();
      this.endUtterance();
      this.#options.onActivity(false);
    }
  }

  #watchIdle(): void {
    const { idleTimeoutMs, clock, marking, onIdle } = this.#options;
    if (idleTimeoutMs === 0 || marking !== 'server' || this.#idle) return;
    if (clock.nowMs() - this.#lastActiveMs < idleTimeoutMs) return;
    this.#idle = true;
    onIdle(true);
  }

  #wake(preRollMs: number): void {
    this.#idle = false;
    this.#options.onIdle(false);
    this.#send(this.#preRoll.take(preRollMs));
  }

  #sends(): boolean {
    const { marking } = this.#options;
    if (marking === 'push' || marking === 'detector') return this.#marked;
    return !this.#idle;
  }

  /** What has gone out is no pre-roll of what comes. A muted microphone's own sound never went. */
  #send(frames: readonly Uint8Array[]): boolean {
    if (!this.#muted) this.#preRoll.clear();
    return frames.map((pcm) => this.#options.session.sendAudio(pcm)).every(Boolean);
  }

  #mark(preRollMs: number): void {
    this.#marked = true;
    this.#hangOverMs = 0;
    this.#options.session.sendActivity('start');
    const before = this.#preRoll.take(preRollMs);
    if (!this.#muted) this.#send(before);
  }

  #unmark(): void {
    this.#marked = false;
    this.#options.session.sendActivity('end');
  }

  /** The key is up: what is still said goes along for half a second. */
  #runOut(): void {
    this.#hangOverMs -= FRAME_MS;
    if (this.#hangOverMs > 0) return;
    this.#unmark();
    this.endUtterance();
    this.#options.onActivity(false);
  }

  #begin(): void {
    const { clock, detector, session, tracker } = this.#options;
    this.#utterance = { beganMs: clock.nowMs() };
    session.utteranceBegan(detector?.speaking ? detector.positionMs - detector.onsetMs : 0);
    tracker.speechStarted();
    this.#options.onActivity(true);
  }

  /** The server reports the end of an utterance. False: a voice is heard here now, which is another utterance. */
  serverHeardEnd(): boolean {
    const { detector, marking } = this.#options;
    if (marking !== 'server' || !detector) return true;
    if (detector.positionMs - detector.lastVoicedMs < ENDED_SILENCE_MS) return false;
    this.endUtterance();
    return true;
  }

  /** Speech is over at its last voiced frame: the detector says so, or an answer has come before it did. */
  endUtterance(): void {
    const { detector, session, tracker, clock } = this.#options;
    if (!this.#utterance || !detector) return;
    const silentMs = detector.positionMs - detector.lastVoicedMs;
    const lastVoicedMs = clock.nowMs() - silentMs;
    session.utteranceEnded(silentMs);
    // A key may have been held without a word.
    tracker.speechEnded(Math.max(lastVoicedMs, this.#utterance.beganMs));
    this.#utterance = undefined;
  }
}
