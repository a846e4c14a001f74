/** One turn of the server, from what the user said to the last word of the answer. */
import { bytesOfMs, INPUT_FORMAT } from '../audio/format.ts';
import { concatBytes } from '../audio/pcm.ts';
import type { ServerMessage, Setup } from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import type { Utterance } from './activity.ts';
import type { AnswerStream } from './answer.ts';
import type { CallResult } from './calls.ts';
import type { Context } from './context.ts';
import type { Engines } from './engines/find.ts';
import type { Tokens } from './usage.ts';

export type TurnsOptions = {
  setup: Setup;
  profile: ModelProfile;
  vertex: boolean;
  engines: Engines;
  context: Context;
  now: () => Date;
  send: (message: ServerMessage) => void;
  /** Something broke that the client cannot help, or it did something that has no effect. */
  onFault: (message: string) => void;
  /** Nothing is being generated any more, or something begins to be. */
  onIdle: (idle: boolean) => void;
};

/** `content`: what is in the context already is to be answered. */
export type TurnInput =
  | ({ kind: 'speech' } & Utterance)
  | { kind: 'text'; text: string }
  | { kind: 'content' };

export type Turn = {
  /** Results: of calls that did not hold up the conversation. */
  input: TurnInput | { kind: 'results'; results: CallResult[] };
  abort: AbortController;
  /** What was said: looked for while the turn still waits. Undefined: nobody knows. */
  words: Promise<string | undefined>;
  /** What was heard, in words. */
  transcript: string;
  stream: AnswerStream | undefined;
  /** What it was billed for, once it has begun. */
  prompt: Tokens | undefined;
  /** Of what it has said, where receipts come while it goes on. */
  billed: { text: number; audio: number };
  /** Takes what was said out of the context again. */
  unsay: (() => void) | undefined;
  /** The client has seen something of this turn. */
  shown: boolean;
  /** The client has been told that it is over. */
  told: boolean;
  /** Calls that hold it up, and how it goes on. */
  held: { results: CallResult[]; goOn: () => void } | undefined;
};

export const newTurn = (input: Turn['input']): Turn => ({
  input,
  abort: new AbortController(),
  words: Promise.resolve(undefined),
  transcript: '',
  stream: undefined,
  prompt: undefined,
  billed: { text: 0, audio: 0 },
  unsay: undefined,
  shown: false,
  told: false,
  held: undefined,
});

/** A breath between two halves of a sentence that are heard as one. */
const JOIN_MS = 200;
/** Somebody who never waits for an answer is not remembered for ever. */
const MAX_JOINED_BYTES = bytesOfMs(INPUT_FORMAT, 60_000);
/** Two halves of a sentence, heard as one. */
export function join<T extends Utterance>(before: Utterance, input: T): T {
  if (before.pcm.byteLength + input.pcm.byteLength > MAX_JOINED_BYTES) return input;
  const breath = new Uint8Array(bytesOfMs(INPUT_FORMAT, JOIN_MS));
  return {
    ...input,
    pcm: concatBytes([before.pcm, breath, input.pcm]),
    speechMs: before.speechMs + input.speechMs,
  };
}

export function modalityOf(setup: Setup, profile: ModelProfile): 'AUDIO' | 'TEXT' {
  const [asked] = setup.generationConfig?.responseModalities ?? [];
  return asked === 'TEXT' || (asked === undefined && profile.modalities.value[0] === 'TEXT')
    ? 'TEXT'
    : 'AUDIO';
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
