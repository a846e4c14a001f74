/**
 * The fields of the protocol and what becomes of each at the local server, by hand: which test of which client
 * shows that it works, what is taken without effect, what is refused, what never comes. `watch.ts` holds the
 * claims against the wire, `table.test.ts` sees that no field is missing and makes docs/conformance.md.
 */

/** `raw`: a bare WebSocket of ours; the others nobody here wrote. */
export type Client = 'SDK' | 'Firebase' | 'raw';

export type Proof = {
  client: Client;
  /** Below test/, without `.test.ts`; without a folder in test/conformance. */
  file: string;
  test: string;
  fields: readonly string[];
};

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
const proof = (client: Client, file: string, test: string, fields: string): Proof => ({
  client,
  file,
  test,
  fields: words(fields),
});

const VAD = 'setup.realtimeInputConfig.automaticActivityDetection';
const CONFIG = 'setup.generationConfig';

export const PROVEN: readonly Proof[] = [
  // The official SDK
  proof(
    'SDK',
    'officialSdk',
    'in text: sound, words, generationComplete, turnComplete with usage',
    `setup setup.model ${CONFIG} ${CONFIG}.responseModalities setup.outputAudioTranscription clientContent
     clientContent.turns clientContent.turnComplete Content.role Content.parts Part.text setupComplete
     serverContent serverContent.modelTurn Part.inlineData Blob.data Blob.mimeType
     serverContent.outputTranscription Transcription.text serverContent.generationComplete
     serverContent.turnComplete usageMetadata usageMetadata.promptTokenCount
     usageMetadata.responseTokenCount usageMetadata.totalTokenCount usageMetadata.responseTokensDetails
     ModalityTokenCount.modality ModalityTokenCount.tokenCount`,
  ),
  proof('SDK', 'officialSdk', 'by realtime text, too', 'realtimeInput realtimeInput.text'),
  proof(
    'SDK',
    'officialSdk',
    'in sound: both transcriptions',
    'realtimeInput.audio setup.inputAudioTranscription serverContent.inputTranscription',
  ),
  proof(
    'SDK',
    'officialSdk',
    'and is interrupted when it speaks over the answer',
    'serverContent.interrupted',
  ),
  proof(
    'SDK',
    'officialSdk',
    'with activity markers',
    `setup.realtimeInputConfig ${VAD} ${VAD}.disabled realtimeInput.activityStart realtimeInput.activityEnd`,
  ),
  proof(
    'SDK',
    'officialSdk',
    'and is heard out where nothing interrupts',
    'setup.realtimeInputConfig.activityHandling',
  ),
  proof(
    'SDK',
    'officialSdk',
    'is answered at once when its sound ends',
    `realtimeInput.audioStreamEnd ${VAD}.silenceDurationMs`,
  ),
  proof(
    'SDK',
    'officialSdk',
    'is billed for the pictures that it sends',
    `realtimeInput.video ${CONFIG}.mediaResolution usageMetadata.promptTokensDetails`,
  ),
  proof('SDK', 'officialSdk', 'speaks no longer than it may', `${CONFIG}.maxOutputTokens`),
  proof(
    'SDK',
    'sdkTools',
    'that blocks: nothing is said before the result',
    `setup.tools Tool.functionDeclarations FunctionDeclaration.name FunctionDeclaration.description
     FunctionDeclaration.parameters FunctionDeclaration.behavior toolCall toolCall.functionCalls
     FunctionCall.id FunctionCall.name FunctionCall.args toolResponse toolResponse.functionResponses
     FunctionResponse.id FunctionResponse.name FunctionResponse.response`,
  ),
  proof(
    'SDK',
    'sdkTools',
    'that blocks, and is cancelled by what the user says meanwhile',
    'toolCallCancellation toolCallCancellation.ids',
  ),
  proof(
    'SDK',
    'sdkTools',
    'INTERRUPT: the result cuts what is being said',
    'FunctionResponse.scheduling',
  ),
  proof('SDK', 'sdkTools', 'in several results, as they come', 'FunctionResponse.willContinue'),
  proof(
    'SDK',
    'sdkTools',
    'by the model that thinks long: a filler first, idle when the interaction is',
    `${CONFIG}.thinkingConfig ${CONFIG}.thinkingConfig.includeThoughts Part.thought
     serverContent.interactionStatus interactionStatus usageMetadata.thoughtsTokenCount`,
  ),
  proof(
    'SDK',
    'sdkTools',
    'and tells of tools and instruction anew in the midst of a session',
    `setup.systemInstruction contextUpdate contextUpdate.systemInstruction contextUpdate.tools
     contextUpdate.tools.tools`,
  ),
  proof(
    'SDK',
    'sdkSessions',
    'is taken up again by its handle, with what was said',
    `setup.sessionResumption setup.sessionResumption.handle sessionResumptionUpdate
     sessionResumptionUpdate.newHandle sessionResumptionUpdate.resumable`,
  ),
  proof(
    'SDK',
    'sdkSessions',
    'is told to go, then cut; its session goes on',
    'goAway goAway.timeLeft',
  ),
  // Firebase
  proof('Firebase', 'firebase', 'in media chunks, as it used to', 'realtimeInput.mediaChunks'),
  proof('Firebase', 'firebase', 'in text', 'setup setup.model realtimeInput.text setupComplete'),
  proof(
    'Firebase',
    'firebase',
    'in content, by the Vertex path: sound and words',
    `clientContent setup.systemInstruction setupComplete.sessionId serverContent.modelTurn
     serverContent.outputTranscription serverContent.turnComplete`,
  ),
  proof(
    'Firebase',
    'firebase',
    'in sound: both transcriptions',
    'realtimeInput.audio serverContent.inputTranscription',
  ),
  proof(
    'Firebase',
    'firebase',
    'and is interrupted when it speaks over the answer',
    'serverContent.interrupted',
  ),
  proof(
    'Firebase',
    'firebase',
    'calls a function, and is told of the result',
    `setup.tools Tool.functionDeclarations toolCall toolCall.functionCalls FunctionCall.id
     toolResponse toolResponse.functionResponses FunctionResponse.response`,
  ),
  proof('Firebase', 'firebase', 'is told that a call is cancelled', 'toolCallCancellation.ids'),
  proof(
    'Firebase',
    'firebase',
    'takes its session up again',
    'setup.sessionResumption.handle sessionResumptionUpdate.newHandle',
  ),
  proof('Firebase', 'firebase', 'is told to go', 'goAway goAway.timeLeft'),
  // Bare frames: what the others cannot send
  proof(
    'raw',
    'fields',
    'history is given first, and answered only when it is asked about',
    'setup.historyConfig setup.historyConfig.initialHistoryInClientContent',
  ),
  proof(
    'raw',
    'fields',
    'Vertex: an id of the session, its own names of usage, and what was consumed',
    `setupComplete.sessionId usageMetadata.candidatesTokenCount usageMetadata.candidatesTokensDetails
     usageMetadata.trafficType setup.sessionResumption.transparent
     sessionResumptionUpdate.lastConsumedClientMessageIndex`,
  ),
  proof(
    'raw',
    'fields',
    'Vertex: the beginning and the end of speech are told',
    'setup.explicitVadSignal voiceActivity voiceActivity.type voiceActivity.audioOffset',
  ),
  proof(
    'raw',
    'fields',
    'the window slides: the prompt stays small',
    `setup.contextWindowCompression setup.contextWindowCompression.triggerTokens
     setup.contextWindowCompression.slidingWindow setup.contextWindowCompression.slidingWindow.targetTokens`,
  ),
  proof(
    'raw',
    'fields',
    'all input is billed where the turn covers it',
    'setup.realtimeInputConfig.turnCoverage',
  ),
  proof(
    'raw',
    'fields',
    'a voice of its own',
    `${CONFIG}.speechConfig ${CONFIG}.speechConfig.voiceConfig
     ${CONFIG}.speechConfig.voiceConfig.prebuiltVoiceConfig
     ${CONFIG}.speechConfig.voiceConfig.prebuiltVoiceConfig.voiceName`,
  ),
  proof(
    'raw',
    'fields',
    'speech begins after as much of it as is asked for',
    `${VAD}.prefixPaddingMs`,
  ),
  proof(
    'raw',
    'fields',
    'the end of speech takes its time where it is to be patient',
    `${VAD}.endOfSpeechSensitivity`,
  ),
  proof(
    'raw',
    'fields',
    'proactive sound may be left as it is',
    'setup.proactivity setup.proactivity.proactiveAudio',
  ),
];

export type Taken = {
  field: string;
  /** Of the right type. */
  value: unknown;
  why: string;
  model?: string;
  /** Sent beside it. */
  beside?: Record<string, unknown>;
};

const BRAIN = 'handed to the brain; the built-in one has no use for it';
const SAMPLING = 'the brain samples as it does';
const EYES = 'nothing here sees';
const LANGUAGE = 'the recogniser has its language';
const NATIVE_25 = 'models/gemini-2.5-flash-native-audio-latest';
const THINKING = 'models/gemini-3.8-live-extended-thinking';
const TRANSLATE = 'models/gemini-3.5-live-translate-preview';
const taken = (fields: string, value: unknown, why: string, more: Partial<Taken> = {}): Taken[] =>
  words(fields).map((field) => ({ field, value, why, ...more }));
const within = (prefix: string, fields: string): string =>
  words(fields)
    .map((field) => `${prefix}.${field}`)
    .join(' ');
const TRANSCRIPTION = 'AudioTranscriptionConfig';

/** Taken, and without effect here. */
export const TAKEN: readonly Taken[] = [
  ...taken(`${CONFIG}.temperature`, 0.5, BRAIN),
  ...taken(within(CONFIG, 'topP presencePenalty frequencyPenalty'), 0.5, SAMPLING),
  ...taken(within(CONFIG, 'topK seed candidateCount'), 1, SAMPLING),
  ...taken(`${CONFIG}.enableAffectiveDialog`, true, 'the voice speaks as it does', {
    model: NATIVE_25,
  }),
  ...taken(`${CONFIG}.speechConfig.languageCode`, 'en-US', 'the voice has its language'),
  ...taken(
    within(`${CONFIG}.speechConfig.voiceConfig`, 'replicatedVoiceConfig voice'),
    {},
    'no voice is copied here',
  ),
  ...taken(`${CONFIG}.thinkingConfig.thinkingLevel`, 'LOW', 'the brain thinks as it does', {
    model: THINKING,
  }),
  ...taken(`${CONFIG}.thinkingConfig.thinkingBudget`, 0, 'the brain thinks as it does', {
    model: NATIVE_25,
  }),
  ...taken(`${CONFIG}.translationConfig`, {}, 'nothing is translated', { model: TRANSLATE }),
  ...taken(`${CONFIG}.translationConfig.targetLanguageCode`, 'de', 'nothing is translated', {
    model: TRANSLATE,
  }),
  ...taken(`${CONFIG}.translationConfig.echoTargetLanguage`, true, 'nothing is translated', {
    model: TRANSLATE,
  }),
  ...taken('Tool.googleSearch', {}, 'nothing is searched'),
  ...taken('FunctionDeclaration.parametersJsonSchema', { type: 'object' }, BRAIN, NAMED()),
  ...taken(within('FunctionDeclaration', 'response responseJsonSchema'), {}, BRAIN, NAMED()),
  ...taken(
    `${VAD}.startOfSpeechSensitivity`,
    'START_SENSITIVITY_LOW',
    'how sure the detector wants to be; shown by test/server/activity.property.test.ts',
  ),
  ...taken(
    'setup.realtimeInputConfig.interimTranscriptTimestampEnabled',
    true,
    'there are no interim transcripts',
  ),
  ...taken(
    within(TRANSCRIPTION, 'languageCodes customVocabulary languageHints adaptationPhrases'),
    ['en-US'],
    LANGUAGE,
  ),
  ...taken(
    within(TRANSCRIPTION, 'wordTimestamp diarization languageAuto'),
    true,
    'the recogniser gives words only',
  ),
  ...taken(`${TRANSCRIPTION}.mode`, 'SMART', 'the recogniser gives words only'),
  ...taken(`${TRANSCRIPTION}.sourceText`, 'x', 'the recogniser gives words only'),
  ...taken('setup.proactivity.proactiveVideo', true, EYES),
  ...taken('setup.safetySettings', [{}], 'the brain is what the user chose'),
  ...taken(within('setup.safetySettings', 'category threshold method'), 'x', 'the same'),
  ...taken('setup.labels', { team: 'x' }, 'nobody is billed'),
  ...taken('Part.videoMetadata', {}, EYES),
  ...taken('Part.fileData', {}, 'files are not fetched'),
  ...taken(within('Part.fileData', 'fileUri mimeType displayName'), 'x', 'files are not fetched'),
  ...taken('Blob.displayName', 'x', EYES),
  ...taken('Part.thoughtSignature', 'AAAA', 'a history is read for its text'),
  ...taken(
    within('Part', 'functionCall functionResponse executableCode codeExecutionResult'),
    {},
    'a history is read for its text',
  ),
  ...taken(
    within('Part.executableCode', 'id language code'),
    'x',
    'a history is read for its text',
  ),
  ...taken(
    within('Part.codeExecutionResult', 'id outcome output'),
    'x',
    'a history is read for its text',
  ),
  ...taken('FunctionResponse.parts', [], 'a result is read for its response'),
];

function NAMED(): Partial<Taken> {
  return { beside: { name: 'get_weather' } };
}

/** Known to the service, and of no Live session. */
export const REFUSED: readonly string[] = [
  ...words(
    within(
      CONFIG,
      `responseMimeType responseSchema responseJsonSchema responseLogprobs logprobs stopSequences
       routingConfig audioTimestamp speechConfig.multiSpeakerVoiceConfig`,
    ),
  ),
  'Tool.codeExecution',
];

/** Of the client's fields those that the server takes and that nothing is known of, by whoever may send them. */
export const OTHER_TOOLS: readonly string[] = words(
  within(
    'Tool',
    'googleSearchRetrieval urlContext googleMaps retrieval mcpServers computerUse fileSearch',
  ),
);

/** Of Vertex avatars. */
export const AVATAR: readonly string[] = [
  'setup.avatarConfig',
  ...words(
    within('setup.avatarConfig', 'avatarName customizedAvatar audioBitrateBps videoBitrateBps'),
  ),
];

/** What the service may send and this server does not. */
export const NOT_SENT: readonly { fields: readonly string[]; why: string }[] = [
  {
    fields: words(
      'setupComplete.voiceConsentSignature setupComplete.voiceConsentSignature.signature',
    ),
    why: 'no voice is copied',
  },
  {
    fields: words('serverContent.turnCompleteReason serverContent.waitingForInput'),
    why: 'nothing is rejected, and it does not wait for more',
  },
  {
    fields: words(
      `Transcription.finished Transcription.languageCode Transcription.speakerLabel Transcription.words
       Transcription.words.word Transcription.words.startOffset Transcription.words.endOffset
       Transcription.startOffset Transcription.endOffset serverContent.interimInputTranscription`,
    ),
    why: 'the recogniser gives words, once; often absent at the service too',
  },
  {
    fields: words('serverContent.groundingMetadata serverContent.urlContextMetadata'),
    why: 'nothing is searched',
  },
  { fields: ['serverContent.speechState'], why: 'one page of Vertex names it' },
  {
    fields: words(
      'voiceActivity.voiceActivityType voiceActivityDetectionSignal voiceActivityDetectionSignal.vadSignalType',
    ),
    why: 'other spellings of voiceActivity, which clients must know',
  },
  {
    fields: words(
      `usageMetadata.cachedContentTokenCount usageMetadata.toolUsePromptTokenCount
       usageMetadata.cacheTokensDetails usageMetadata.toolUsePromptTokensDetails usageMetadata.serviceTier`,
    ),
    why: 'nothing is cached or searched, and there are no tiers',
  },
];

/** Where a field of the server rightly does not come. What is not here is absent from a plain session. */
export const ABSENT: readonly Proof[] = [
  proof('SDK', 'officialSdk', 'is told why it is refused', 'setupComplete'),
  proof(
    'SDK',
    'sdkTools',
    'SILENT: the result is known, and nothing is said of it',
    'serverContent serverContent.modelTurn serverContent.outputTranscription Transcription.text',
  ),
  proof(
    'SDK',
    'officialSdk',
    'and is interrupted when it speaks over the answer',
    'serverContent.generationComplete',
  ),
  proof(
    'SDK',
    'sdkTools',
    'that blocks: nothing is said before the result',
    `serverContent.turnComplete usageMetadata usageMetadata.promptTokenCount
     usageMetadata.responseTokenCount usageMetadata.totalTokenCount usageMetadata.promptTokensDetails
     usageMetadata.responseTokensDetails ModalityTokenCount.modality ModalityTokenCount.tokenCount`,
  ),
  proof(
    'SDK',
    'officialSdk',
    'and is heard out where nothing interrupts',
    'serverContent.interrupted',
  ),
];

/** The test that shows all the others absent. */
export const PLAIN = { file: 'fields', test: 'a plain session has these fields and no others' };
