/**
 * The user's side on its way to the wire: frames go out as they come, and the local detector says where
 * speech begins and ends in them.
 */
import type { Clock } from '../audio/clock.ts';
import { bytesOfMs, FRAME_MS, INPUT_FORMAT } from '../audio/format.ts';
import type { AudioSource } from '../audio/ports.ts';
import type { SpeechDetector } from '../audio/speechDetector.ts';
import type { LiveSession } from '../live/session.ts';
import type { TurnTracker } from './tracker.ts';

export type CaptureOptions = {
  session: LiveSession;
  source: AudioSource;
  detector: SpeechDetector | undefined;
  oneUtterance: boolean;
  tracker: TurnTracker;
  clock: Clock;
  onFrame: (pcm: Uint8Array, voiced: boolean) => void;
  onActivity: (speaking: boolean) => void;
};

export class Capture {
  readonly #options: CaptureOptions;
  #utteranceOpen = false;
  /** Muted sends silence, not nothing: models close a turn only while sound keeps arriving. */
  muted = false;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** Until the source ends or the signal aborts. Rejects when the device breaks. */
  async run(signal: AbortSignal): Promise<void> {
    const { session, source, oneUtterance, tracker, clock, onFrame } = this.#options;
    if (oneUtterance) session.sendActivity('start');
    for await (const frame of source.frames(signal)) {
      const pcm = this.muted ? new Uint8Array(frame.byteLength) : frame;
      const voiced = this.#detect(pcm);
      const sent = session.sendAudio(pcm);
      if (!sent && oneUtterance) await session.audioDrained();
      onFrame(pcm, voiced);
    }
    if (!oneUtterance || signal.aborted) return;
    session.sendActivity('end');
    tracker.speechEnded(clock.nowMs());
  }

  #detect(pcm: Uint8Array): boolean {
    const { detector, tracker, onActivity } = this.#options;
    if (!detector || pcm.byteLength !== bytesOfMs(INPUT_FORMAT, FRAME_MS)) return false;
    const change = detector.push(pcm);
    if (change === 'start') {
      this.#utteranceOpen = true;
      tracker.speechStarted();
    } else if (change === 'end') {
      this.endUtterance();
    }
    if (change) onActivity(change === 'start');
    return detector.voiced;
  }

  /** Speech is over at its last voiced frame: the detector says so, or an answer has come before it did. */
  endUtterance(): void {
    const { detector, tracker, clock } = this.#options;
    if (!this.#utteranceOpen || !detector) return;
    this.#utteranceOpen = false;
    tracker.speechEnded(clock.nowMs() - (detector.positionMs - detector.lastVoicedMs));
  }
}
