/**
 * The event unions everybody may import. A leaf: types only.
 *
 * LiveEvent: one server message becomes an ordered list of these (protocol/events.ts).
 * SessionEvent: what a LiveSession tells its owner: LiveEvents and the life of its connections.
 * ConversationEvent: what a user sees, hears or reads; with a time in front, a line of `--json`.
 */
import type { GemliveError, Warning } from './errors.ts';

export type Modality = 'TEXT' | 'AUDIO' | 'IMAGE' | 'VIDEO' | 'DOCUMENT';

/**
 * Tokens of one turn, whichever API spelled them (`response*` or Vertex' `candidates*`). Details need
 * not sum to the counts, and thoughts are not part of the total.
 */
export type Usage = {
  promptTokens: number;
  responseTokens: number;
  totalTokens: number;
  thoughtsTokens: number;
  cachedTokens: number;
  toolUsePromptTokens: number;
  promptByModality: Partial<Record<Modality, number>>;
  responseByModality: Partial<Record<Modality, number>>;
};

export type FunctionCall = { id?: string; name: string; args: Record<string, unknown> };

export type InteractionStatus = 'IN_PROGRESS' | 'IDLE' | 'REQUIRES_ACTION';

export type LiveEvent =
  | { type: 'setupComplete'; sessionId?: string }
  | {
      type: 'resumption';
      handle: string | undefined;
      resumable: boolean;
      lastConsumedIndex?: number;
    }
  | { type: 'goAway'; timeLeftMs: number }
  | { type: 'interrupted' }
  /** A delta to append; with `interim` a replaceable guess instead. */
  | { type: 'inputTranscription'; text: string; interim: boolean; languageCode?: string }
  | { type: 'text'; text: string }
  | { type: 'thought'; text: string }
  /** 16-bit little-endian mono. */
  | { type: 'audio'; pcm: Uint8Array; sampleRateHz: number }
  | { type: 'executableCode'; language: string; code: string }
  | { type: 'codeExecutionResult'; outcome: string; output: string }
  | { type: 'outputTranscription'; text: string; languageCode?: string }
  | { type: 'grounding'; queries: string[]; sources: { uri: string; title?: string }[] }
  | { type: 'toolCall'; calls: FunctionCall[] }
  | { type: 'toolCallCancellation'; ids: string[] }
  | { type: 'voiceActivity'; activity: 'start' | 'end'; offsetMs?: number }
  | { type: 'waitingForInput' }
  | { type: 'interactionStatus'; status: InteractionStatus }
  | { type: 'generationComplete' }
  | { type: 'turnComplete'; reason?: string }
  | { type: 'usage'; usage: Usage };

export type LiveEventType = LiveEvent['type'];

export type SessionEvent =
  | {
      type: 'state';
      state: SessionState;
      reason?: string;
      attempt?: number;
      gapMs?: number;
    }
  /** All events of one server message, in order. */
  | { type: 'live'; events: LiveEvent[] }
  | { type: 'warning'; warning: Warning }
  /** The session has ended and will not come back. `undefined` = it was closed by us. */
  | { type: 'ended'; error: GemliveError | undefined };

export type SessionState = 'connecting' | 'ready' | 'reconnecting' | 'closed';

/** Milliseconds from the end of the user's words (typed, or the last voiced frame). */
export type Latency = {
  firstTextMs?: number;
  firstAudioMs?: number;
  /** Only where the words were spoken. */
  endOfSpeechToAudioMs?: number;
};

/** One line of `--json` each, less its time. Field names are the command line's contract. */
export type ConversationEvent =
  | {
      type: 'session';
      state: SessionState;
      model: string;
      voice?: string;
      reason?: string;
      attempt?: number;
      gapMs?: number;
    }
  | { type: 'user'; turn: number; delta: string }
  | { type: 'user'; turn: number; text: string; final: true }
  | { type: 'model'; turn: number; delta: string }
  | {
      type: 'model';
      turn: number;
      text: string;
      final: true;
      interrupted?: true;
      /** How much of the reply's sound the user heard. */
      heardMs?: number;
      /** The cut of the line, or the position it rests on, is reckoned rather than reported. */
      estimated?: true;
    }
  | { type: 'thought'; text: string }
  | { type: 'audio'; bytes: number; ms: number }
  | { type: 'interrupted'; heardMs: number; droppedMs: number; silenceMs: number }
  | {
      type: 'turn';
      index: number;
      latency: Latency;
      usage?: Usage;
      costUsd?: number;
      reason?: string;
    }
  /**
   * What is done about the loudspeaker in the microphone: at the beginning, and after each answer how well. `echoDbfs`: what
   * the microphone hears of it; `returnLossDb`: how much of that is taken out; `delayMs`: from the loudspeaker to us;
   * `nearSpeech`: somebody speaks now, 0 to 1.
   */
  | {
      type: 'echo';
      mode: 'aec' | 'gate' | 'off';
      returnLossDb?: number;
      echoDbfs?: number;
      delayMs?: number;
      nearSpeech?: number;
    }
  | { type: 'tool_call'; id?: string; name: string; args: Record<string, unknown> }
  | { type: 'tool_cancelled'; id: string }
  | { type: 'goaway'; timeLeftMs: number }
  | ({ type: 'usage'; costUsd?: number } & Usage)
  | ({ type: 'warning' } & Warning);
