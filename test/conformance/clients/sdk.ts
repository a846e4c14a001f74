/** `@google/genai`, the official SDK, as the conformance tests use it. 2.x is the newest that runs on Node 20. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  GoogleGenAI,
  Modality,
  type LiveConnectConfig,
  type LiveServerMessage,
  type Session,
} from '@google/genai';
import { until } from '../../support/until.ts';

export type SdkClient = { session: Session; messages: LiveServerMessage[]; closes: string[] };

export type SdkOptions = {
  url: string;
  model?: string;
  apiKey?: string;
  apiVersion?: string;
  /** By a key, without a project. */
  vertex?: boolean;
};

export const DEFAULT_MODEL = 'gemini-3.8-live';

/** A session that is set up; the first message is its setupComplete. */
export async function connectSdk(
  config: LiveConnectConfig,
  { url, model = DEFAULT_MODEL, apiKey = 'any', apiVersion, vertex = false }: SdkOptions,
): Promise<SdkClient> {
  const messages: LiveServerMessage[] = [];
  const closes: string[] = [];
  const httpOptions = { baseUrl: url, ...(apiVersion !== undefined && { apiVersion }) };
  const session = await new GoogleGenAI({ apiKey, vertexai: vertex, httpOptions }).live.connect({
    model,
    config,
    callbacks: {
      onmessage: (message) => messages.push(message),
      onclose: ({ code, reason }) => closes.push(`${code} ${reason}`),
    },
  });
  return { session, messages, closes };
}

/** Sound with both transcriptions. */
export const VOICE: LiveConnectConfig = {
  responseModalities: [Modality.AUDIO],
  inputAudioTranscription: {},
  outputAudioTranscription: {},
};

export const fixture = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'audio-fixtures', name));

type Heard = Pick<SdkClient, 'messages'>;

export const contents = ({ messages }: Heard) =>
  messages.flatMap((message) => message.serverContent ?? []);
export const spoken = (client: Heard): string =>
  contents(client)
    .map((content) => content.outputTranscription?.text ?? '')
    .join('');
export const heard = (client: Heard): string =>
  contents(client)
    .map((content) => content.inputTranscription?.text ?? '')
    .join('');
export const soundBytes = ({ messages }: Heard): number =>
  messages.reduce((sum, message) => sum + Buffer.from(message.data ?? '', 'base64').length, 0);
export const turnsOver = (client: Heard): number =>
  contents(client).filter((content) => content.turnComplete).length;

/** Milestones in the order they came. */
export const milestones = ({ messages }: Heard): string[] =>
  messages.flatMap((message) => [
    ...(message.toolCall ? ['call'] : []),
    ...(message.toolCallCancellation ? ['cancelled'] : []),
    ...(message.serverContent?.interrupted ? ['interrupted'] : []),
    ...(message.serverContent?.generationComplete ? ['generated'] : []),
    ...(message.serverContent?.turnComplete ? ['over'] : []),
  ]);

export const turn = (client: Heard, count = 1): Promise<void> =>
  until(`turn ${count}`, () => turnsOver(client) >= count);

/** 16 kHz mono in 40 ms pieces at the pace of speech, then silence for as long as `listening` says. */
export async function speak(
  { session }: SdkClient,
  pcm: Buffer,
  listening: () => boolean = () => false,
): Promise<void> {
  const piece = 1280;
  const startMs = performance.now();
  for (let index = 0; index * piece < pcm.length || listening(); index += 1) {
    const bytes = Buffer.alloc(piece);
    pcm.subarray(index * piece, (index + 1) * piece).copy(bytes);
    session.sendRealtimeInput({
      audio: { data: bytes.toString('base64'), mimeType: 'audio/pcm;rate=16000' },
    });
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, startMs + (index + 1) * 40 - performance.now())),
    );
    if (index > 1500) throw new Error('nobody answered for a minute');
  }
}
