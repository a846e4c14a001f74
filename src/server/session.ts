/**
 * One client of the local server, from its first frame to its last. Frames are handled strictly in order;
 * whatever is out of order is refused with the service's own code and words, and reported.
 */
import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { INPUT_FORMAT } from '../audio/format.ts';
import { floatFromS16, s16FromFloat, SampleAligner } from '../audio/pcm.ts';
import { createResampler, type Resampler } from '../audio/resample.ts';
import { decodeFrame, encodeServerMessage, sampleRateOf } from '../protocol/codec.ts';
import type {
  Blob,
  Part,
  ClientContent,
  ClientMessage,
  RealtimeInput,
  ServerMessage,
  Setup,
} from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import { createActivity, type Activity } from './activity.ts';
import type { Admission } from './admission.ts';
import type { Engines } from './engines/find.ts';
import { closeReason, invalidArgument, Refusal } from './refusal.ts';
import { readClientMessage } from './schema.ts';
import { checkSetup } from './setupRules.ts';
import { Turns } from './turns.ts';
import { Meter } from './usage.ts';

export type SessionOptions = {
  id: number;
  apiVersion: string;
  vertex: boolean;
  allowRetired: boolean;
  admission: Admission;
  engines: Engines;
  now: () => Date;
  onReady: (model: string) => void;
  onFault: (message: string) => void;
};

/** A client that reads more slowly than the server speaks is let go before it fills our memory. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;
/** From 100 Hz, a frame of 16 MB would become gigabytes at 16 kHz. */
const MIN_RATE_HZ = 4_000;
const MAX_RATE_HZ = 192_000;

type Ready = { setup: Setup; profile: ModelProfile; activity: Activity; turns: Turns };

export class Session {
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  readonly #aligner = new SampleAligner();
  #chain: Promise<void> = Promise.resolve();
  #ready: Ready | undefined;
  #resampler: { fromHz: number; resampler: Resampler } | undefined;
  /** `historyConfig`: content is history until a turn is complete. */
  #seeding = false;
  #seeded = false;
  /** What the user has written and not yet completed. */
  #gathered: string | undefined;
  #over = false;

  constructor(socket: WebSocket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data: Buffer) => {
      this.#chain = this.#chain.then(() => this.#socketOnMessage(data));
    });
    socket.on('error', (error) => options.onFault(`protocol violation: ${error.message}`));
    socket.on('close', () => this.#end());
  }

  async #socketOnMessage(data: Buffer): Promise<void> {
    if (this.#over) return;
    try {
      const decoded = decodeFrame(data);
      if (!decoded.ok)
        throw new Refusal(1007, `Invalid JSON payload received. The frame is ${decoded.reason}.`);
      await this.#handle(readClientMessage(decoded.message));
    } catch (error) {
      if (!(error instanceof Refusal)) this.#options.onFault(`internal: ${String(error)}`);
      this.#refuse(
        error instanceof Refusal ? error : new Refusal(1011, 'Internal error encountered.'),
      );
    }
  }

  async #handle(message: ClientMessage): Promise<void> {
    if ('setup' in message) {
      if (this.#ready) throw invalidArgument();
      await this.#setUp(message.setup);
      return;
    }
    const ready = this.#ready;
    if (!ready) throw new Refusal(1007, 'setup must be the first message and only the first');
    if ('clientContent' in message) this.#clientContent(message.clientContent, ready);
    else if ('realtimeInput' in message) await this.#realtimeInput(message.realtimeInput, ready);
    else if ('toolResponse' in message) this.#options.onFault('toolResponse: no call is pending');
    else if (message.contextUpdate.systemInstruction) {
      ready.setup.systemInstruction = message.contextUpdate.systemInstruction;
    }
  }

  async #setUp(asked: Setup): Promise<void> {
    const { admission, vertex, engines, now, onReady, onFault } = this.#options;
    const setup = admission.admit(asked);
    const profile = checkSetup(setup, this.#options);
    const meter = new Meter(vertex);
    meter.addText(textOf(setup.systemInstruction?.parts));
    const turns = new Turns({
      setup,
      profile,
      vertex,
      engines,
      meter,
      now,
      onFault,
      send: (m) => this.#send(m),
    });
    const interrupts = setup.realtimeInputConfig?.activityHandling !== 'NO_INTERRUPTION';
    const activity = await createActivity(
      setup.realtimeInputConfig?.automaticActivityDetection ?? {},
      {
        onStart: () => {
          if (interrupts) turns.interrupt();
        },
        onEnd: (utterance) => turns.take({ kind: 'speech', ...utterance }),
      },
    );
    if (this.#over) {
      activity.close();
      return;
    }
    this.#seeding = setup.historyConfig?.initialHistoryInClientContent === true;
    this.#ready = { setup, profile, activity, turns };
    this.#send({ setupComplete: vertex ? { sessionId: randomUUID() } : {} });
    onReady(profile.id);
  }

  #clientContent({ turns = [], turnComplete = false }: ClientContent, ready: Ready): void {
    const seedsOnly = ready.profile.textPath.value === 'seedThenRealtime';
    if (seedsOnly && (!this.#seeding || this.#seeded)) throw invalidArgument();
    const texts = turns.map(({ role = 'user', parts }) => ({
      role,
      text: textOf(parts),
    }));
    if (this.#seeding && !this.#seeded) {
      for (const { role, text } of texts) ready.turns.remember(role, text);
      this.#seeded = turnComplete;
      return;
    }
    ready.turns.interrupt();
    // What is not complete gathers: the last of it is the question once it is.
    if (this.#gathered !== undefined) texts.unshift({ role: 'user', text: this.#gathered });
    const question = texts.at(-1)?.role === 'user' ? texts.pop()?.text : undefined;
    this.#gathered = turnComplete ? undefined : question;
    for (const { role, text } of texts) ready.turns.remember(role, text);
    if (turnComplete) ready.turns.take({ kind: 'text', text: question ?? '' });
  }

  async #realtimeInput(input: RealtimeInput, ready: Ready): Promise<void> {
    const { activity, turns, setup } = ready;
    if (Object.keys(input).length !== 1) throw invalidArgument();
    if ('audio' in input) await this.#audio(input.audio, activity);
    else if ('mediaChunks' in input) {
      const [first] = input.mediaChunks;
      if (first) await this.#audio(first, activity);
    } else if ('text' in input) {
      if (typeof input.text !== 'string') throw invalidArgument();
      if (setup.realtimeInputConfig?.activityHandling !== 'NO_INTERRUPTION') turns.interrupt();
      turns.take({ kind: 'text', text: input.text });
    } else if ('audioStreamEnd' in input) {
      if (!activity.automatic) throw invalidArgument();
      activity.flush();
    } else if ('activityStart' in input) {
      if (!activity.markStart()) throw invalidArgument();
    } else if ('activityEnd' in input) {
      if (!activity.markEnd()) throw invalidArgument();
    }
    // Video is taken and not looked at: this server has no eyes.
  }

  async #audio({ data, mimeType }: Blob, activity: Activity): Promise<void> {
    if (typeof data !== 'string' || !/^audio\/(pcm|l16)\b/i.test(mimeType)) {
      if (/^(image|video)\//i.test(mimeType ?? '')) return;
      throw invalidArgument();
    }
    const fromHz = sampleRateOf(mimeType, INPUT_FORMAT.sampleRateHz);
    if (fromHz < MIN_RATE_HZ || fromHz > MAX_RATE_HZ) throw invalidArgument();
    const pcm = this.#aligner.push(Buffer.from(data, 'base64'));
    if (fromHz === INPUT_FORMAT.sampleRateHz) {
      activity.push(pcm);
      return;
    }
    if (this.#resampler?.fromHz !== fromHz) {
      this.#resampler?.resampler.close();
      const resampler = await createResampler(fromHz, INPUT_FORMAT.sampleRateHz);
      this.#resampler = { fromHz, resampler };
    }
    activity.push(s16FromFloat(this.#resampler.resampler.push(floatFromS16(pcm))));
  }

  #send(message: ServerMessage): void {
    if (this.#over) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.#options.onFault('the client does not read');
      this.#socket.terminate();
      this.#end();
      return;
    }
    this.#socket.send(encodeServerMessage(message));
  }

  #refuse(refusal: Refusal): void {
    if (this.#over) return;
    const reason = closeReason(refusal.message);
    this.#options.onFault(`closed with ${refusal.closeCode}: ${reason}`);
    this.#end();
    this.#socket.close(refusal.closeCode, reason);
  }

  /** Idempotent. */
  close(code: number, reason: string): void {
    this.#end();
    this.#socket.close(code, reason);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ready?.turns.close();
    this.#ready?.activity.close();
    this.#resampler?.resampler.close();
  }
}

/** What was sent may lack what the type promises. */
const textOf = (parts: Part[] | undefined): string =>
  (parts ?? []).map((part) => part.text ?? '').join('');
