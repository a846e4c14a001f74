/**
 * The fields of the protocol that have no test of their own, by hand: what is taken without effect, what is
 * refused, what never comes. `table.test.ts` sees that no field is missing and makes docs/conformance.md.
 */
import { ALPHA_PATH } from '../support/liveClient.ts';
import { CONFIG, VAD, words } from './proven.ts';

export type Taken = {
  field: string;
  /** Of the right type. */
  value: unknown;
  why: string;
  model?: string;
  /** Where other than on v1beta. */
  path?: string;
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
  ...taken(`${CONFIG}.topP`, 0.5, SAMPLING),
  ...taken(within(CONFIG, 'presencePenalty frequencyPenalty'), 0.5, SAMPLING, { model: NATIVE_25 }),
  ...taken(within(CONFIG, 'topK seed candidateCount'), 1, SAMPLING),
  ...taken(`${CONFIG}.enableAffectiveDialog`, true, 'the voice speaks as it does', {
    model: NATIVE_25,
    path: ALPHA_PATH,
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
  ...taken(`${CONFIG}.translationConfig`, {}, BRAIN, { model: TRANSLATE }),
  ...taken(`${CONFIG}.translationConfig.targetLanguageCode`, 'de', BRAIN, { model: TRANSLATE }),
  ...taken(
    `${CONFIG}.translationConfig.echoTargetLanguage`,
    true,
    'what is in that language is said again',
    {
      model: TRANSLATE,
    },
  ),
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
  ...taken('setup.proactivity.proactiveVideo', true, EYES, { path: ALPHA_PATH }),
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
  ...taken(
    within(
      'Tool',
      'googleSearchRetrieval urlContext googleMaps retrieval mcpServers computerUse fileSearch',
    ),
    {},
    'not of the current models; how the service refuses it is not known',
  ),
  ...taken('setup.avatarConfig', {}, 'of Vertex; how the Gemini API refuses it is not known'),
  ...taken(
    within('setup.avatarConfig', 'avatarName customizedAvatar audioBitrateBps videoBitrateBps'),
    {},
    'the same',
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
