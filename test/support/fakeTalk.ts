/**
 * A conversation on a connection that is a function and a clock that is told the time: what the service does
 * wrong, moment by moment, without waiting for it.
 */
import { bytesOfMs, INPUT_FORMAT, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { NullSink } from '../../src/audio/sinks/null.ts';
import type { AudioSource } from '../../src/audio/ports.ts';
import type { SpeechDetector } from '../../src/audio/speechDetector.ts';
import { Conversation, type ConversationOptions, type Observer } from '../../src/conversation.ts';
import type { ConversationEvent } from '../../src/events.ts';
import type { ConnectionHandlers } from '../../src/live/connection.ts';
import { closeError } from '../../src/live/networkErrors.ts';
import { LiveSession } from '../../src/live/session.ts';
import type { ClientMessage } from '../../src/protocol/messages.ts';
import { profileOf } from '../../src/protocol/models.ts';
import { FakeClock, settle } from '../live/model/clock.ts';

type Events<T extends ConversationEvent['type']> = Extract<ConversationEvent, { type: T }>[];

export type FakeTalk = Awaited<ReturnType<typeof startTalk>>;

export async function startTalk({
  model = 'gemini-3.8-live',
  hasSink = false,
  hears = false,
  observers = [],
  ...options
}: {
  model?: string;
  hasSink?: boolean;
  /** There is a microphone: `speaks` tells what the detector makes of it. */
  hears?: boolean;
  observers?: Observer[];
} & Partial<ConversationOptions> = {}) {
  const clock = new FakeClock();
  const sent: ClientMessage[] = [];
  const events: ConversationEvent[] = [];
  let handlers: ConnectionHandlers | undefined;
  let pongs = true;
  const session = new LiveSession({
    endpoint: { url: 'ws://nowhere.invalid/', headers: {} },
    setup: { model: `models/${model}`, sessionResumption: {} },
    profile: profileOf(model),
    timeoutMs: 5_000,
    resumes: true,
    watches: true,
    random: () => 0.5,
    clock,
    open: async (_endpoint, setup, given) => {
      await setup();
      handlers = given;
      return {
        bufferedBytes: 0,
        send: (message) => sent.push(message) > 0,
        close: async () => {},
        isAlive: (timeoutMs) =>
          new Promise((resolve) => clock.network(pongs ? 50 : timeoutMs, () => resolve(pongs))),
      };
    },
  });
  const detector = new ToldDetector();
  const microphone = new ToldMicrophone();
  const conversation = new Conversation({
    session,
    profile: profileOf(model),
    clock,
    ...(hasSink && { sink: new NullSink(OUTPUT_FORMAT, clock) }),
    ...(hears && { source: microphone, detector: detector as unknown as SpeechDetector }),
    ...options,
    observers: [{ event: (event) => events.push(event) }, ...observers],
  });
  const over = conversation.run(new AbortController().signal);
  over.catch(() => {}); // a test that expects it looks
  await settle();

  const say = async (...messages: object[]): Promise<void> => {
    for (const message of messages) handlers?.onMessage(message);
    await settle();
  };
  const content = (serverContent: object): object => ({ serverContent });
  return {
    clock,
    conversation,
    detector,
    events,
    over,
    sent,
    /** Server messages, at once. */
    say,
    content,
    words: (text: string) => content({ outputTranscription: { text } }),
    heard: (text: string) => content({ inputTranscription: { text } }),
    sound: (ms: number, pcm: Uint8Array = new Uint8Array(bytesOfMs(OUTPUT_FORMAT, ms)).fill(7)) =>
      blob(pcm, 24_000),
    generated: content({ generationComplete: true }),
    complete: (reason?: string) =>
      content({ turnComplete: true, ...(reason !== undefined && { turnCompleteReason: reason }) }),
    async pass(ms: number): Promise<void> {
      await clock.advance(ms);
      await settle();
    },
    /** The user speaks for so long; the detector notices the end. */
    async speak(ms: number): Promise<void> {
      await microphone.begin(detector);
      await clock.advance(ms);
      await microphone.end(detector);
    },
    beginToSpeak: () => microphone.begin(detector),
    fallSilent: () => microphone.end(detector),
    async breakConnection(): Promise<void> {
      handlers?.onClosed(closeError(1011, 'The service is currently unavailable.'));
      await settle();
    },
    /** Whether pings are answered. */
    set pongs(answers: boolean) {
      pongs = answers;
    },
    of: <T extends ConversationEvent['type']>(type: T): Events<T> =>
      events.filter((event): event is Events<T>[number] => event.type === type),
    /** Final lines as a reader has them: the last one of each turn. */
    lines(type: 'user' | 'model'): Record<number, string> {
      const finals = events.flatMap((event) =>
        event.type === type && 'final' in event ? [[event.turn, event.text] as const] : [],
      );
      return Object.fromEntries(finals);
    },
    async stop(): Promise<void> {
      conversation.stop();
      await over.catch(() => {});
    },
  };
}

/** A frame with sound of any kind. */
export const blob = (pcm: Uint8Array, rateHz: number): object => ({
  serverContent: {
    modelTurn: {
      parts: [
        {
          inlineData: {
            mimeType: `audio/pcm;rate=${rateHz}`,
            data: Buffer.from(pcm).toString('base64'),
          },
        },
      ],
    },
  },
});

/** A detector that hears what it is told. */
class ToldDetector {
  speaking = false;
  positionMs = 0;
  onsetMs = 0;
  lastVoicedMs = 0;

  get voiced(): boolean {
    return this.speaking;
  }

  push(): void {
    this.positionMs += 20;
    if (this.speaking) this.lastVoicedMs = this.positionMs;
  }
}

/** A microphone that gives a frame when it is asked to. */
class ToldMicrophone implements AudioSource {
  readonly format = INPUT_FORMAT;
  readonly label = 'told';
  #wake: (frame: Uint8Array) => void = () => {};

  async *frames(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const aborted = new Promise<undefined>((resolve) =>
      signal.addEventListener('abort', () => resolve(undefined)),
    );
    for (;;) {
      const next = new Promise<Uint8Array>((resolve) => (this.#wake = resolve));
      const frame = await Promise.race([next, aborted]);
      if (!frame) return;
      yield frame;
    }
  }

  async begin(detector: ToldDetector): Promise<void> {
    detector.speaking = true;
    detector.onsetMs = detector.positionMs;
    await this.#frame();
  }

  async end(detector: ToldDetector): Promise<void> {
    detector.speaking = false;
    await this.#frame();
  }

  async #frame(): Promise<void> {
    this.#wake(new Uint8Array(640));
    await settle();
  }
}
