/** Which test of which client shows that a field works, by hand; `watch.ts` holds it against the wire. */

/** `raw`: a bare WebSocket of ours; the others nobody here wrote. */
export type Client = 'SDK' | 'Firebase' | 'raw';

export type Proof = {
  client: Client;
  /** Below test/, without `.test.ts`; without a folder in test/conformance. */
  file: string;
  test: string;
  fields: readonly string[];
};

export const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
const proof = (client: Client, file: string, test: string, fields: string): Proof => ({
  client,
  file,
  test,
  fields: words(fields),
});

export const VAD = 'setup.realtimeInputConfig.automaticActivityDetection';
export const CONFIG = 'setup.generationConfig';

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
  proof(
    'SDK',
    'sdkVertex',
    'has an id of its session, and reads usage by its other names',
    `setupComplete.sessionId usageMetadata.candidatesTokenCount usageMetadata.candidatesTokensDetails
     usageMetadata.trafficType`,
  ),
  proof(
    'SDK',
    'sdkVertex',
    'is told when somebody speaks',
    'setup.explicitVadSignal voiceActivity voiceActivity.type voiceActivity.audioOffset',
  ),
  proof(
    'SDK',
    'sdkVertex',
    'is told what was consumed where its resumption is transparent',
    'setup.sessionResumption.transparent sessionResumptionUpdate.lastConsumedClientMessageIndex',
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
