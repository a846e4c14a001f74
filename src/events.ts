/**
 * The two event unions everybody may import. A leaf: types only.
 *
 * LiveEvent: one server message becomes an ordered list of these (protocol/events.ts).
 * SessionEvent: what a LiveSession tells its owner: LiveEvents and the life of its connections.
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
      state: 'connecting' | 'ready' | 'reconnecting' | 'closed';
      reason?: string;
      attempt?: number;
      gapMs?: number;
    }
  /** All events of one server message, in order. */
  | { type: 'live'; events: LiveEvent[] }
  | { type: 'warning'; warning: Warning }
  /** The session has ended and will not come back. `undefined` = it was closed by us. */
  | { type: 'ended'; error: GemliveError | undefined };
