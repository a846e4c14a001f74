/**
 * gemlive as a library: a Live session, a conversation around it, and the protocol as types and tables.
 * The one barrel. The local Live server is `gemlive/server`.
 */

export { LiveSession } from './live/session.ts';
export type { LiveSessionOptions } from './live/options.ts';
export type { FunctionResult } from './live/words.ts';
export type { Endpoint, EndpointSource } from './live/connection.ts';
export { ConnectionError } from './live/networkErrors.ts';
export type { CloseKind } from './protocol/closeReasons.ts';
export { toEndpoint, type Place, type Shown } from './config/endpoint.ts';

export { Conversation, type ConversationOptions, type Observer } from './conversation.ts';

// What a conversation listens to and speaks through.
export type { AudioSink, AudioSource, ClearResult, SinkPosition } from './audio/ports.ts';
export { FRAME_MS, INPUT_FORMAT, OUTPUT_FORMAT, type PcmFormat } from './audio/format.ts';
export {
  openPlayer,
  openRecorder,
  PLAYER_NAMES,
  RECORDER_NAMES,
  type OpenDeviceOptions,
} from './audio/backends.ts';
export { openRecording, type Recording, type RecordingOptions } from './audio/sources/file.ts';
export { pace, type PaceOptions } from './audio/sources/pace.ts';
export { silence } from './audio/sources/silence.ts';
export { openSoundFile, type SoundFileWriter } from './audio/fileWriters.ts';
export { FileSink } from './audio/sinks/file.ts';
export { NullSink } from './audio/sinks/null.ts';
export {
  createSpeechDetector,
  type SpeechDetector,
  type SpeechDetectorOptions,
} from './audio/speechDetector.ts';

// The protocol: messages as they are on the wire, and what they say.
export type * from './protocol/messages.ts';
export {
  audioBlob,
  decodeServerFrame,
  encodeClientMessage,
  type Decoded,
} from './protocol/codec.ts';
export { toEvents } from './protocol/events.ts';
export type * from './events.ts';
export {
  DEFAULT_MODEL,
  findModel,
  MODELS,
  profileOf,
  type ModelProfile,
} from './protocol/models.ts';
export { findVoice, LANGUAGES, LIBRARY_VOICES, VOICES, type Voice } from './protocol/voices.ts';

export { EXIT, GemliveError, type ErrorCode, type ExitCode, type Warning } from './errors.ts';
