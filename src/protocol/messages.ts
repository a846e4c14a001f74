/**
 * The wire, as types: every message of the Live API in the spelling of its JSON. Client messages are a
 * union with exactly one key; an absent field is absent, never null. Server messages are wider than they
 * seem: several keys may come at once, and unknown ones do come, so nothing above `toEvents()` sees them.
 *
 * Source: Live API reference (ai.google.dev/api/live), @google/genai 3.1.0, recorded sessions.
 */

export type Duration = `${number}s`;
/** int64 travels as a JSON string; numbers are accepted. */
export type Int64 = string | number;

// ---- content ----------------------------------------------------------------------------------

export type Blob = { data: string; mimeType: string };

export type Part = {
  text?: string;
  /** With `text`: a summary of a thought. Never part of the answer, never spoken. */
  thought?: boolean;
  thoughtSignature?: string;
  inlineData?: Blob;
  fileData?: { fileUri: string; mimeType?: string };
  functionCall?: WireFunctionCall;
  functionResponse?: FunctionResponse;
  executableCode?: { language: string; code: string };
  codeExecutionResult?: { outcome: string; output?: string };
};

export type Content = { role?: 'user' | 'model'; parts: Part[] };

// ---- client → server ----------------------------------------------------------------------------

export type ResponseModality = 'AUDIO' | 'TEXT' | 'VIDEO';
export type ThinkingLevel = 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH';

export type SpeechConfig = {
  voiceConfig?: {
    prebuiltVoiceConfig?: { voiceName: string };
    replicatedVoiceConfig?: { mimeType?: string; voiceSampleAudio?: string };
    voice?: string;
  };
  languageCode?: string;
};

export type GenerationConfig = {
  responseModalities?: ResponseModality[];
  speechConfig?: SpeechConfig;
  temperature?: number;
  topP?: number;
  topK?: number;
  maxOutputTokens?: number;
  seed?: number;
  candidateCount?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  mediaResolution?: 'MEDIA_RESOLUTION_LOW' | 'MEDIA_RESOLUTION_MEDIUM' | 'MEDIA_RESOLUTION_HIGH';
  thinkingConfig?: {
    thinkingLevel?: ThinkingLevel;
    /** Tokens; 0 is off, -1 lets the model decide. */
    thinkingBudget?: number;
    includeThoughts?: boolean;
  };
  enableAffectiveDialog?: boolean;
  translationConfig?: { targetLanguageCode: string; echoTargetLanguage?: boolean };
};

export type AudioTranscriptionConfig = {
  languageCodes?: string[];
  customVocabulary?: string[];
  mode?: 'VERBATIM' | 'SMART';
  wordTimestamp?: boolean;
  diarization?: boolean;
  sourceText?: string;
  /** Deprecated spellings, still accepted. */
  languageAuto?: boolean;
  languageHints?: string[];
  adaptationPhrases?: string[];
};

export type FunctionBehavior = 'BLOCKING' | 'NON_BLOCKING';

export type FunctionDeclaration = {
  /** At most 128 characters of `[A-Za-z_][A-Za-z0-9_.:-]*`. */
  name: string;
  description?: string;
  /** OpenAPI subset, types in upper case. */
  parameters?: Record<string, unknown>;
  parametersJsonSchema?: unknown;
  response?: Record<string, unknown>;
  responseJsonSchema?: unknown;
  behavior?: FunctionBehavior;
};

export type Tool = {
  functionDeclarations?: FunctionDeclaration[];
  googleSearch?: Record<string, unknown>;
  codeExecution?: Record<string, never>;
  urlContext?: Record<string, unknown>;
  googleMaps?: Record<string, unknown>;
  retrieval?: Record<string, unknown>;
  mcpServers?: Record<string, unknown>[];
};

export type StartSensitivity = 'START_SENSITIVITY_HIGH' | 'START_SENSITIVITY_LOW';
export type EndSensitivity = 'END_SENSITIVITY_HIGH' | 'END_SENSITIVITY_LOW';
export type ActivityHandling = 'START_OF_ACTIVITY_INTERRUPTS' | 'NO_INTERRUPTION';
export type TurnCoverage =
  | 'TURN_INCLUDES_ONLY_ACTIVITY'
  | 'TURN_INCLUDES_ALL_INPUT'
  | 'TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO';

export type AutomaticActivityDetection = {
  disabled?: boolean;
  startOfSpeechSensitivity?: StartSensitivity;
  endOfSpeechSensitivity?: EndSensitivity;
  prefixPaddingMs?: number;
  silenceDurationMs?: number;
};

export type RealtimeInputConfig = {
  automaticActivityDetection?: AutomaticActivityDetection;
  activityHandling?: ActivityHandling;
  turnCoverage?: TurnCoverage;
  interimTranscriptTimestampEnabled?: boolean;
};

export type Setup = {
  /** `models/ID`, or Vertex' `projects/P/locations/L/publishers/google/models/ID`. */
  model: string;
  generationConfig?: GenerationConfig;
  systemInstruction?: Content;
  tools?: Tool[];
  realtimeInputConfig?: RealtimeInputConfig;
  /** Present: the server sends resumption updates. `transparent` on Vertex only. */
  sessionResumption?: { handle?: string; transparent?: boolean };
  contextWindowCompression?: {
    triggerTokens?: Int64;
    slidingWindow?: { targetTokens?: Int64 };
  };
  /** `{}` turns it on. */
  inputAudioTranscription?: AudioTranscriptionConfig;
  outputAudioTranscription?: AudioTranscriptionConfig;
  proactivity?: { proactiveAudio?: boolean; proactiveVideo?: boolean };
  historyConfig?: { initialHistoryInClientContent?: boolean };
  /** Vertex only. */
  explicitVadSignal?: boolean;
  /** Vertex only, with the VIDEO modality. */
  avatarConfig?: Record<string, unknown>;
  safetySettings?: { category: string; threshold: string }[];
  labels?: Record<string, string>;
};

export type ClientContent = { turns?: Content[]; turnComplete?: boolean };

/** One inner field per message. */
export type RealtimeInput =
  | { audio: Blob }
  | { video: Blob }
  | { text: string }
  | { audioStreamEnd: true }
  | { activityStart: Record<string, never> }
  | { activityEnd: Record<string, never> }
  /** Deprecated: only the first chunk counts. */
  | { mediaChunks: Blob[] };

export type FunctionResponse = {
  id?: string;
  name: string;
  response: Record<string, unknown>;
  scheduling?: 'SILENT' | 'WHEN_IDLE' | 'INTERRUPT';
  willContinue?: boolean;
  parts?: Part[];
};

export type ContextUpdate = { systemInstruction?: Content; tools?: { tools: Tool[] } };

export type ClientMessage =
  | { setup: Setup }
  | { clientContent: ClientContent }
  | { realtimeInput: RealtimeInput }
  | { toolResponse: { functionResponses: FunctionResponse[] } }
  | { contextUpdate: ContextUpdate };

export type ClientMessageKey =
  | 'setup'
  | 'clientContent'
  | 'realtimeInput'
  | 'toolResponse'
  | 'contextUpdate';

// ---- server → client ----------------------------------------------------------------------------

export type Transcription = {
  text?: string;
  /** Often absent: never waited for. */
  finished?: boolean;
  languageCode?: string;
  speakerLabel?: string;
  words?: { word?: string; startOffset?: Duration; endOffset?: Duration }[];
  startOffset?: Duration;
  endOffset?: Duration;
};

export type TurnCompleteReason =
  | 'NEED_MORE_INPUT'
  | 'MALFORMED_FUNCTION_CALL'
  | 'RESPONSE_REJECTED'
  | 'PROHIBITED_INPUT_CONTENT'
  | 'INPUT_OTHER'
  | 'INPUT_IP_PROHIBITED'
  | 'BLOCKLIST'
  | 'GENERATED_AUDIO_SAFETY'
  | 'GENERATED_CONTENT_SAFETY'
  | 'GENERATED_OTHER'
  | 'MAX_REGENERATION_REACHED';

export type WireInteractionStatus = 'IN_PROGRESS' | 'IDLE' | 'REQUIRES_ACTION';

export type ServerContent = {
  modelTurn?: { role?: string; parts?: Part[] };
  generationComplete?: boolean;
  turnComplete?: boolean;
  /** Newer reasons (image and video variants) come as other strings. */
  turnCompleteReason?: TurnCompleteReason | (string & {});
  interrupted?: boolean;
  waitingForInput?: boolean;
  interactionStatus?: WireInteractionStatus;
  inputTranscription?: Transcription;
  outputTranscription?: Transcription;
  interimInputTranscription?: Transcription;
  groundingMetadata?: {
    webSearchQueries?: string[];
    groundingChunks?: { web?: { uri?: string; title?: string } }[];
    searchEntryPoint?: { renderedContent?: string };
  };
  urlContextMetadata?: Record<string, unknown>;
  /** Vertex only, on change. */
  speechState?: 'SPEECH' | 'NON_SPEECH';
};

export type WireFunctionCall = { id?: string; name: string; args?: Record<string, unknown> };

export type ModalityTokenCount = { modality?: string; tokenCount?: number };

/** Both spellings: the Gemini API's `response*` and Vertex' `candidates*`. */
export type UsageMetadata = {
  promptTokenCount?: number;
  cachedContentTokenCount?: number;
  responseTokenCount?: number;
  candidatesTokenCount?: number;
  toolUsePromptTokenCount?: number;
  thoughtsTokenCount?: number;
  totalTokenCount?: number;
  promptTokensDetails?: ModalityTokenCount[];
  cacheTokensDetails?: ModalityTokenCount[];
  responseTokensDetails?: ModalityTokenCount[];
  candidatesTokensDetails?: ModalityTokenCount[];
  toolUsePromptTokensDetails?: ModalityTokenCount[];
  /** Vertex. */
  trafficType?: string;
  /** Gemini API. */
  serviceTier?: string;
};

export type ServerMessage = {
  setupComplete?: { sessionId?: string; voiceConsentSignature?: { signature?: string } };
  serverContent?: ServerContent;
  toolCall?: { functionCalls?: WireFunctionCall[] };
  toolCallCancellation?: { ids?: string[] };
  goAway?: { timeLeft?: Duration };
  sessionResumptionUpdate?: {
    newHandle?: string;
    resumable?: boolean;
    lastConsumedClientMessageIndex?: Int64;
  };
  /** The Vertex wire says `type`, the SDK's shape `voiceActivityType`. */
  voiceActivity?: {
    type?: 'ACTIVITY_START' | 'ACTIVITY_END';
    voiceActivityType?: 'ACTIVITY_START' | 'ACTIVITY_END';
    audioOffset?: Duration;
  };
  /** Older Vertex spelling of the same. */
  voiceActivityDetectionSignal?: { vadSignalType?: 'VAD_SIGNAL_TYPE_SOS' | 'VAD_SIGNAL_TYPE_EOS' };
  usageMetadata?: UsageMetadata;
  /** Some pages show it beside `toolCall`; its place is inside serverContent. Both are read. */
  interactionStatus?: WireInteractionStatus;
};
