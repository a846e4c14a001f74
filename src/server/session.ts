/**
 * One client of the local server, from its first frame to its last. Frames are handled strictly in order;
 * whatever is out of order is refused with the service's own code and words, and reported.
 */
import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { decodeFrame, encodeServerMessage } from '../protocol/codec.ts';
import type {
  Blob,
  Content,
  Part,
  ClientContent,
  ClientMessage,
  ContextUpdate,
  FunctionDeclaration,
  RealtimeInput,
  ServerMessage,
  Setup,
  Tool,
} from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import { createActivity, type Activity } from './activity.ts';
import type { Admission } from './admission.ts';
import { Consumed } from './consumed.ts';
import { Context, EMPTY_CONTEXT } from './context.ts';
import type { Engines } from './engines/find.ts';
import { Lifetime, SESSION_LIMIT_SECONDS, type LifetimeOptions } from './lifetime.ts';
import {
  closeReason,
  internalError,
  invalidArgument,
  misplacedMarker,
  Refusal,
} from './refusal.ts';
import type { Lineage, Resumption, SessionState } from './resumption.ts';
import { readClientMessage } from './schema.ts';
import { checkSetup, checkTools } from './setupRules.ts';
import { isVideo, SoundInput } from './soundInput.ts';
import { Turns } from './turns.ts';
import { sumOf, textTokens } from './usage.ts';

export type SessionOptions = {
  id: number;
  apiVersion: string;
  vertex: boolean;
  allowRetired: boolean;
  admission: Admission;
  engines: Engines;
  resumption: Resumption;
  limits: LifetimeOptions;
  now: () => Date;
  onReady: (model: string) => void;
  onFault: (message: string) => void;
};

const MAX_QUEUED_BYTES = 1024 * 1024;
/** A client that reads more slowly than the server speaks is let go before it fills our memory. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
type Ready = {
  setup: Setup;
  profile: ModelProfile;
  activity: Activity;
  turns: Turns;
  context: Context;
  lifetime: Lifetime;
};

export class Session {
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  readonly #input = new SoundInput();
  #chain: Promise<void> = Promise.resolve();
  #queuedBytes = 0;
  #ready: Ready | undefined;
  /** `historyConfig`: content is history until a turn is complete. */
  #seeding = false;
  #seeded = false;
  #over = false;
  #lineage: Lineage | undefined;
  /** As the client was last told. */
  #resumable = false;
  readonly #consumed = new Consumed();
  /** Sound has come in `mediaChunks`, where nobody hears it, and has been reported. */
  #ignores = false;

  constructor(socket: WebSocket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data: Buffer) => this.#queue(data));
    socket.on('error', (error) => options.onFault(`protocol violation: ${error.message}`));
    socket.on('close', () => this.#end());
  }

  /** A client that sends more than can be handled is read from more slowly. */
  #queue(data: Buffer): void {
    this.#queuedBytes += data.byteLength;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#socket.pause();
    this.#chain = this.#chain.then(async () => {
      await this.#socketOnMessage(data);
      this.#queuedBytes -= data.byteLength;
      if (this.#queuedBytes <= MAX_QUEUED_BYTES && this.#socket.isPaused) this.#socket.resume();
    });
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
      this.#refuse(error instanceof Refusal ? error : internalError());
    }
  }

  async #handle(message: ClientMessage): Promise<void> {
    this.#consumed.next();
    if ('setup' in message) {
      if (this.#ready) throw invalidArgument();
      await this.#setUp(message.setup);
      return;
    }
    const ready = this.#ready;
    if (!ready) throw new Refusal(1007, 'setup must be the first message and only the first');
    if (!('realtimeInput' in message) || 'text' in message.realtimeInput) this.#consumed.entered();
    if ('clientContent' in message) this.#clientContent(message.clientContent, ready);
    else if ('realtimeInput' in message) await this.#realtimeInput(message.realtimeInput, ready);
    else if ('toolResponse' in message) {
      ready.turns.toolResponse(message.toolResponse.functionResponses ?? []);
    } else this.#contextUpdate(message.contextUpdate, ready);
    this.#checkSize(ready);
  }

  async #setUp(asked: Setup): Promise<void> {
    const { admission, vertex, engines, now, onReady, onFault } = this.#options;
    const setup = admission.admit(asked);
    const profile = checkSetup(setup, this.#options);
    const resumed = this.#resume(setup, profile);
    const context = new Context(resumed?.context ?? EMPTY_CONTEXT);
    context.system = textOf(setup.systemInstruction?.parts) || context.system;
    context.tools = functionsOf(setup.tools) ?? context.tools;
    const turns = new Turns({
      setup,
      profile,
      vertex,
      engines,
      context,
      now,
      onFault,
      onIdle: (idle) => this.#tellResumable(idle),
      send: (m) => this.#send(m),
    });
    const interrupts = setup.realtimeInputConfig?.activityHandling !== 'NO_INTERRUPTION';
    const activity = await createActivity(
      setup.realtimeInputConfig?.automaticActivityDetection ?? {},
      {
        onStart: (atMs) => {
          this.#signal('ACTIVITY_START', atMs);
          this.#consumed.utteranceBegan(activity.heldFromMs);
          turns.userOnStart(interrupts);
        },
        onEnd: (utterance, atMs) => {
          this.#signal('ACTIVITY_END', atMs);
          turns.userOnEnd(utterance);
        },
      },
    );
    if (this.#over) {
      activity.close();
      return;
    }
    const { expiresAtMs } = admission;
    const lifetime = new Lifetime(
      {
        ...this.#options.limits,
        ageMs: resumed?.ageMs ?? 0,
        compresses: setup.contextWindowCompression?.slidingWindow !== undefined,
        ...(expiresAtMs !== undefined && { expiresInMs: expiresAtMs - now().getTime() }),
      },
      { send: (m) => this.#send(m), refuse: (refusal) => this.#refuse(refusal) },
    );
    this.#seeding = setup.historyConfig?.initialHistoryInClientContent === true && !resumed;
    this.#ready = { setup, profile, activity, turns, context, lifetime };
    this.#send({ setupComplete: vertex ? { sessionId: randomUUID() } : {} });
    onReady(profile.id);
    if (resumed) this.#tellResumable(true);
  }

  /** What was detected: on Vertex where it was asked for, and unasked by models that are known to tell. */
  #signal(type: 'ACTIVITY_START' | 'ACTIVITY_END', atMs: number): void {
    const { setup, profile } = this.#ready ?? {};
    if (!setup?.explicitVadSignal && !profile?.unaskedVoiceActivity.value) return;
    this.#send({ voiceActivity: { type, audioOffset: `${atMs / 1000}s` } });
  }

  /** The state that a handle stands for. @throws Refusal for one that is stale */
  #resume(setup: Setup, profile: ModelProfile): SessionState | undefined {
    const { resumption, limits } = this.#options;
    const { handle } = setup.sessionResumption ?? {};
    const found = handle ? resumption.resume(handle) : undefined;
    const limitSeconds = limits.sessionLimitSeconds ?? SESSION_LIMIT_SECONDS;
    const isSpent = (found?.state.ageMs ?? 0) >= limitSeconds * 1000;
    if (handle && (!found || (isSpent && !setup.contextWindowCompression?.slidingWindow))) {
      throw new Refusal(1008, 'BidiGenerateContent session expired');
    }
    if (found && found.state.modelId !== profile.id) throw invalidArgument();
    this.#lineage = found?.lineage ?? resumption.begin();
    this.#lineage.end = () => this.#refuse(new Refusal(1008, 'The operation was aborted.'));
    return found?.state;
  }

  /** A handle is good between turns only: while something is being said there is none. */
  #tellResumable(idle: boolean): void {
    if (!this.#ready || !this.#lineage) return;
    const { setup, profile, context, lifetime } = this.#ready;
    if (!setup.sessionResumption && !profile.unaskedResumption.value) return;
    if (!idle && !this.#resumable) return;
    this.#resumable = idle;
    const state = { modelId: profile.id, context: context.state, ageMs: lifetime.ageMs };
    this.#send({
      sessionResumptionUpdate: {
        ...(idle && {
          newHandle: this.#options.resumption.issue(this.#lineage, state),
          resumable: true,
        }),
        ...(setup.sessionResumption?.transparent === true && {
          lastConsumedClientMessageIndex: String(this.#lastConsumed(this.#ready)),
        }),
      },
    });
  }

  #lastConsumed({ activity: { speaking }, turns }: Ready): number {
    return this.#consumed.lastIndex({ speaking, joins: turns.joins });
  }

  #clientContent({ turns = [], turnComplete = false }: ClientContent, ready: Ready): void {
    const { context, profile } = ready;
    const seedsOnly = profile.textPath.value === 'seedThenRealtime';
    const { value, confidence } = profile.contentRole;
    if (value === 'required' && confidence === 'sure' && !turns.every(hasRole)) {
      throw invalidArgument();
    }
    if (seedsOnly && (!this.#seeding || this.#seeded)) throw invalidArgument();
    const texts = turns.map(({ role = 'user', parts }) => ({
      role,
      text: textOf(parts),
    }));
    const remember = (): void => {
      for (const { role, text } of texts) {
        if (role === 'user') context.addUser(text);
        else context.addModel(text, { TEXT: textTokens(text) });
      }
    };
    if (this.#seeding && !this.#seeded) {
      remember();
      context.seed();
      this.#seeded = turnComplete;
      return;
    }
    ready.turns.interrupt();
    remember();
    if (turnComplete) ready.turns.take({ kind: 'content' });
  }

  #contextUpdate({ systemInstruction, tools }: ContextUpdate, { context, profile }: Ready): void {
    if (!profile.contextUpdate.value) throw invalidArgument();
    if (systemInstruction) context.system = textOf(systemInstruction.parts);
    if (tools === undefined) return;
    checkTools(tools.tools ?? [], profile);
    context.tools = functionsOf(tools.tools) ?? [];
  }

  async #realtimeInput(input: RealtimeInput, ready: Ready): Promise<void> {
    const { activity, turns, setup } = ready;
    if (Object.keys(input).length !== 1) throw invalidArgument();
    if (turns.held && ready.profile.inputWhileCalling.value === 'refused') {
      throw new Refusal(1008, 'Operation is not implemented, or supported, or enabled.');
    }
    if ('audio' in input) await this.#audio(input.audio, ready);
    else if ('mediaChunks' in input) {
      const [first] = input.mediaChunks;
      if (first) await this.#mediaChunk(first, ready);
    } else if ('text' in input) {
      if (typeof input.text !== 'string') throw invalidArgument();
      if (setup.realtimeInputConfig?.activityHandling !== 'NO_INTERRUPTION') turns.interrupt();
      turns.take({ kind: 'text', text: input.text });
    } else if ('audioStreamEnd' in input) {
      if (!activity.automatic) throw invalidArgument();
      activity.flush();
    } else if ('activityStart' in input) {
      if (!activity.markStart()) throw misplacedMarker();
    } else if ('activityEnd' in input) {
      if (!activity.markEnd()) throw misplacedMarker();
    } else if ('video' in input) this.#video(ready);
  }

  /** Deprecated; newer models do not hear what comes so, and say nothing of it. */
  async #mediaChunk(blob: Blob, ready: Ready): Promise<void> {
    if (isVideo(blob) || ready.profile.mediaChunks.value === 'heard') {
      return this.#audio(blob, ready);
    }
    if (this.#ignores) return;
    this.#ignores = true;
    this.#options.onFault(
      `${ready.profile.id} ignores sound in mediaChunks: send it as realtimeInput.audio`,
    );
  }

  async #audio(blob: Blob, ready: Ready): Promise<void> {
    if (isVideo(blob)) return this.#video(ready);
    await this.#input.push(blob, (pcm) => {
      if (this.#over) return;
      ready.turns.hear(pcm.byteLength);
      ready.activity.push(pcm);
    });
    const { speaking, receivedMs, heldFromMs } = ready.activity;
    if (!speaking) this.#consumed.heard(receivedMs, heldFromMs);
  }

  /** Taken, counted and not looked at: this server has no eyes. */
  #video({ turns, lifetime }: Ready): void {
    lifetime.sees();
    turns.see();
  }

  /** Without compression a context that is full ends the session. */
  #checkSize({ context, profile, turns }: Ready): void {
    turns.compress();
    if (sumOf(context.tokens) > profile.contextTokens.value) throw invalidArgument();
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
    this.#ready?.lifetime.end();
    if (this.#lineage) this.#options.resumption.ended(this.#lineage);
    this.#input.close();
  }
}

const hasRole = ({ role }: Content): boolean => role === 'user' || role === 'model';

/** What was sent may lack what the type promises. */
const textOf = (parts: Part[] | undefined): string =>
  (parts ?? []).map((part) => part.text ?? '').join('');

const functionsOf = (tools: readonly Tool[] | undefined): FunctionDeclaration[] | undefined =>
  tools?.flatMap((tool) => tool.functionDeclarations ?? []);
