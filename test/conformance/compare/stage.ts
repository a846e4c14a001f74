/** A scenario's hands: it opens sessions at a server, does things, waits, and all of it is written down. */
import {
  GEMINI_PATH,
  openClient,
  type LiveClient,
  type Received,
} from '../../support/liveClient.ts';
import type { ServerMessage } from '../../../src/protocol/messages.ts';
import type { Step } from './trace.ts';

/** A server to be asked: the real one, or one of ours. */
export type Endpoint = {
  readonly name: string;
  /** `https://…` */
  readonly url: string;
  /** As `?key=`, where one is wanted. */
  readonly key: string | undefined;
};

export const NATIVE_25 = 'models/gemini-2.5-flash-native-audio-latest';

/** Of 40 ms. */
const MAX_FRAMES = 20_000;

const VOICE = { inputAudioTranscription: {}, outputAudioTranscription: {} };

export class Stage {
  readonly endpoint: Endpoint;
  readonly steps: Step[] = [];
  readonly #actors: Actor[] = [];

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  /** Connects, and sends setup with both transcriptions and 3.8 unless told otherwise. */
  async open(
    setup: Record<string, unknown> = {},
    { path = GEMINI_PATH, query }: { path?: string; query?: string } = {},
  ): Promise<Actor> {
    const { url, key } = this.endpoint;
    const search = query ?? (key === undefined ? '' : `?key=${encodeURIComponent(key)}`);
    const actor = new Actor(await openClient(url, path + search), this.steps);
    this.#actors.push(actor);
    actor.client.send({ setup: { model: 'models/gemini-3.8-live', ...VOICE, ...setup } });
    return actor;
  }

  /** Opened, and told that setup is complete. Rejects with the close. */
  async ready(...args: Parameters<Stage['open']>): Promise<Actor> {
    const actor = await this.open(...args);
    await actor.client.until((message) => message.setupComplete !== undefined);
    return actor;
  }

  close(): void {
    for (const { client } of this.#actors) client.socket.terminate();
  }
}

export class Actor {
  readonly client: LiveClient;
  readonly #steps: Step[];

  constructor(client: LiveClient, steps: Step[]) {
    this.client = client;
    this.#steps = steps;
    client.socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as ServerMessage;
      steps.push({ atMs: performance.now(), message });
    });
    client.socket.on('close', (code, reason) => {
      const closed = `${code} ${reason.toString('utf8')}`.trim();
      if (code !== 1006 && code !== 1000) steps.push({ atMs: performance.now(), closed });
    });
  }

  do(what: string, frame: unknown): void {
    this.#steps.push({ atMs: performance.now(), did: what });
    this.client.send(frame);
  }

  text(text: string): void {
    this.do('text', { realtimeInput: { text } });
  }

  content(role: 'user' | 'model', text: string, turnComplete: boolean): void {
    this.do('content', { clientContent: { turns: [{ role, parts: [{ text }] }], turnComplete } });
  }

  /** 16 kHz mono at the pace of speech, then silence until it is enough. Rejects with the close. */
  async speak(pcm: Uint8Array, enough: () => boolean = () => true): Promise<void> {
    const piece = 1280;
    const startMs = performance.now();
    const count = Math.ceil(pcm.byteLength / piece);
    for (let index = 0; index < count || !enough(); index += 1) {
      if (index === count || (index === 0 && count === 0)) {
        this.#steps.push({ atMs: performance.now(), did: 'end of speech' });
      }
      const bytes = Buffer.alloc(piece);
      bytes.set(pcm.subarray(index * piece, (index + 1) * piece));
      const data = bytes.toString('base64');
      if (this.client.socket.readyState !== this.client.socket.OPEN) {
        const { code, reason } = await this.client.closed;
        throw new Error(`closed with ${code}: ${reason}`);
      }
      if (index > MAX_FRAMES) throw new Error('nobody answers');
      this.client.send({ realtimeInput: { audio: { data, mimeType: 'audio/pcm;rate=16000' } } });
      const dueMs = startMs + (index + 1) * 40;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
    }
  }

  get received(): readonly Received[] {
    return this.client.received;
  }

  until(fits: (message: Received) => boolean): Promise<Received> {
    return this.client.until(fits);
  }

  turn(count = 1): Promise<Received[]> {
    return this.client.turn(count);
  }

  turnsOver(): number {
    return this.received.filter((message) => message.serverContent?.turnComplete).length;
  }

  hasSound(): boolean {
    return this.received.some((message) => message.serverContent?.modelTurn !== undefined);
  }

  async sound(): Promise<void> {
    await this.until((message) => message.serverContent?.modelTurn !== undefined);
  }

  /** The first call. Rejects where the turn ends without one: the model did not want to. */
  async call(): Promise<{ id?: string; name: string }> {
    const { toolCall } = await this.until(
      (message) => message.toolCall !== undefined || message.serverContent?.turnComplete === true,
    );
    const call = this.received.find((message) => message.toolCall)?.toolCall ?? toolCall;
    const [first] = call?.functionCalls ?? [];
    // The model that thinks long ends a turn before it calls.
    if (!first && this.received.some(isInProgress)) return this.laterCall();
    if (!first) throw new Error('it answered without calling the function');
    return first;
  }

  async laterCall(): Promise<{ id?: string; name: string }> {
    const { toolCall } = await this.until((message) => message.toolCall !== undefined);
    return toolCall?.functionCalls?.[0] ?? { name: '' };
  }

  result({ id, name }: { id?: string; name: string }, more: object = {}): void {
    const response = { output: 'four degrees, light rain' };
    this.do('result', {
      toolResponse: { functionResponses: [{ id, name, response, ...more }] },
    });
  }

  async handle(): Promise<string> {
    const { sessionResumptionUpdate: update } = await this.until(
      (message) => message.sessionResumptionUpdate?.newHandle !== undefined,
    );
    return update?.newHandle ?? '';
  }
}

const isInProgress = (message: Received): boolean =>
  message.serverContent?.interactionStatus === 'IN_PROGRESS';
