/** A bare client of the Live protocol, for tests of the server: it says what it is told and keeps what comes. */
import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import type { ServerMessage } from '../../src/protocol/messages.ts';

export const GEMINI_PATH =
  '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
export const ALPHA_PATH = GEMINI_PATH.replace('v1beta', 'v1alpha');
export const VERTEX_PATH = '/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent';

/** `at`: milliseconds of `performance.now()`. */
export type Received = ServerMessage & { at: number };

/** Undefined for a frame that a server made wrong. */
function messageIn(data: Buffer): ServerMessage | undefined {
  try {
    return JSON.parse(data.toString('utf8')) as ServerMessage;
  } catch {
    return undefined;
  }
}

export type LiveClient = {
  readonly socket: WebSocket;
  readonly received: Received[];
  /** Frames as they came. */
  readonly frames: { data: Buffer; isBinary: boolean }[];
  readonly closed: Promise<{ code: number; reason: string }>;
  send(message: unknown): void;
  sendRaw(frame: string | Uint8Array): void;
  /** The first message at or after `from` that fits; waits for it. Rejects when the socket closes before. */
  until(fits: (message: Received) => boolean, from?: number): Promise<Received>;
  /** Messages up to and with the n-th turnComplete (1 is the first). */
  turn(count?: number): Promise<Received[]>;
  close(): Promise<void>;
};

export async function openClient(
  url: string,
  path: string = GEMINI_PATH,
  options: ClientOptions = {},
): Promise<LiveClient> {
  const socket = new WebSocket(url.replace(/^http/, 'ws') + path, {
    perMessageDeflate: false,
    ...options,
  });
  const received: Received[] = [];
  const frames: { data: Buffer; isBinary: boolean }[] = [];
  const watchers = new Set<() => void>();
  let end: { code: number; reason: string } | undefined;
  const look = (): void => watchers.forEach((watch) => watch());
  socket.on('message', (data: Buffer, isBinary) => {
    frames.push({ data, isBinary });
    const message = messageIn(data);
    if (message) received.push({ ...message, at: performance.now() });
    look();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      end = { code, reason: reason.toString('utf8') };
      resolve(end);
      look();
    });
  });
  await once(socket, 'open');
  socket.on('error', () => {});
  const until: LiveClient['until'] = (fits, from = 0) =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        const found = received.slice(from).find(fits);
        if (found === undefined && end === undefined) return;
        watchers.delete(watch);
        if (found) resolve(found);
        else reject(new Error(`closed with ${end?.code}: ${end?.reason}`));
      };
      watchers.add(watch);
      watch();
    });
  return {
    socket,
    received,
    frames,
    closed,
    send: (message) => socket.send(JSON.stringify(message)),
    sendRaw: (frame) => socket.send(frame),
    until,
    async turn(count = 1) {
      const isOver = (message: Received): boolean => message.serverContent?.turnComplete === true;
      const last = await until((message) => received.filter(isOver)[count - 1] === message);
      const before = received.filter(isOver)[count - 2];
      const from = before === undefined ? 0 : received.indexOf(before) + 1;
      return received.slice(from, received.indexOf(last) + 1);
    },
    async close() {
      socket.close();
      await closed;
    },
  };
}

export const DEFAULT_MODEL = 'models/gemini-3.8-live';
/** The model that thinks long refuses a setup without a level. */
export const EXTENDED_THINKING = {
  model: 'models/gemini-3.8-live-extended-thinking',
  generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } },
};

/** Opened and set up. */
export async function openSession(
  url: string,
  setup: Record<string, unknown> = {},
  path: string = GEMINI_PATH,
): Promise<LiveClient> {
  const client = await openClient(url, path);
  client.send({ setup: { model: DEFAULT_MODEL, ...setup } });
  await client.until((message) => message.setupComplete !== undefined);
  return client;
}

/** All sound of some messages, in order. */
export function soundOf(messages: readonly Received[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) =>
      (message.serverContent?.modelTurn?.parts ?? []).flatMap((part) =>
        part.inlineData ? [Buffer.from(part.inlineData.data, 'base64')] : [],
      ),
    ),
  );
}

/** The words of the model: its transcription, or its text parts. */
export function wordsOf(messages: readonly Received[]): string {
  return messages
    .map(
      ({ serverContent: content }) =>
        (content?.modelTurn?.parts ?? []).map((part) => part.text ?? '').join('') +
        (content?.outputTranscription?.text ?? ''),
    )
    .join('');
}

export function heardIn(messages: readonly Received[]): string[] {
  return messages.flatMap((message) => message.serverContent?.inputTranscription?.text ?? []);
}

/** Sends sound as fast as the socket takes it, in frames of 100 ms. */
export function sendSound(client: LiveClient, pcm: Uint8Array, rateHz = 16_000): void {
  const size = (rateHz / 10) * 2;
  for (let at = 0; at < pcm.byteLength; at += size) {
    const data = Buffer.from(pcm.subarray(at, at + size)).toString('base64');
    client.send({ realtimeInput: { audio: { data, mimeType: `audio/pcm;rate=${rateHz}` } } });
  }
}

/** 16 kHz mono zeros. */
export const quiet = (ms: number): Uint8Array => new Uint8Array(Math.round(ms) * 32);
