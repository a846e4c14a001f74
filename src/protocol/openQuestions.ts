/**
 * What nobody outside Google knows for sure about the Live API, with what is assumed until somebody asks the
 * service: `npm run conformance -- --real` puts each of these questions to it. An answer is a change of
 * data, here or at the fact that `usedIn` names; no code knows of the question.
 *
 * State of knowledge: 2026-11-30.
 */

export type OpenQuestion = {
  /** Names its probe. */
  readonly id: string;
  readonly question: string;
  /** What both the client and the local server go by, in the words of the probe's answer. */
  readonly assumed: string;
  /** `disputed`: sources differ, and the better one won. `uncertain`: one weak source, or none. */
  readonly confidence: 'disputed' | 'uncertain';
  /** Where the assumption stands: a file below src/, and the fact in it. */
  readonly usedIn: string;
};

/** Answers that are no fact of one model: the server reads them here. */
export const ASSUMED = {
  /** `{voice}` stands for its name. */
  unknownVoice: { code: 1007, reason: 'There is no matching speaker voice for "{voice}".' },
  markersUnderAutoVad: { code: 1007, reason: 'Request contains an invalid argument.' },
  /** A scheduling inside `response` counts, too. */
  schedulingInResponse: true,
  /** Of one frame of video. */
  imageTokens: {
    MEDIA_RESOLUTION_LOW: 64,
    MEDIA_RESOLUTION_MEDIUM: 256,
    MEDIA_RESOLUTION_HIGH: 256,
  },
} as const;

const closeText = ({ code, reason }: { code: number; reason: string }): string =>
  `${code} ${reason}`;

export const OPEN_QUESTIONS = [
  {
    id: 'keyOnV1alpha',
    question: 'Does v1alpha take a plain API key?',
    assumed: 'setupComplete',
    confidence: 'disputed',
    usedIn: 'server/doors.ts: any version',
  },
  {
    id: 'modelsOnV1',
    question: 'Is every current Live model served on v1?',
    assumed: 'all',
    confidence: 'uncertain',
    usedIn: 'config/endpoint.ts: v1beta is the default',
  },
  {
    id: 'keyInQueryOfTokens',
    question: 'Does auth_tokens take the key as ?key=?',
    assumed: '200',
    confidence: 'uncertain',
    usedIn: 'server/admission.ts',
  },
  {
    id: 'transcriptionFields',
    question: 'Do plain Live models take more than {} as AudioTranscriptionConfig?',
    assumed: 'setupComplete',
    confidence: 'uncertain',
    usedIn: 'server/schema.ts: TRANSCRIPTION',
  },
  {
    id: 'schedulingWord',
    question: 'Is the scheduling spelled INTERRUPT, not INTERRUPTED as in the prose?',
    assumed: 'INTERRUPT taken, INTERRUPTED 1007',
    confidence: 'disputed',
    usedIn: 'server/schema.ts: FUNCTION_RESPONSE',
  },
  {
    id: 'schedulingInResponse',
    question: 'Does scheduling count inside `response`, where older pages had it?',
    assumed: ASSUMED.schedulingInResponse ? 'counts' : 'does not count',
    confidence: 'uncertain',
    usedIn: 'server/calls.ts: ASSUMED',
  },
  {
    id: 'contextUpdateModels',
    question: 'Which models take contextUpdate?',
    assumed: 'all',
    confidence: 'uncertain',
    usedIn: 'protocol/models.ts: contextUpdate',
  },
  {
    id: 'contextUpdateAck',
    question: 'Is contextUpdate acknowledged?',
    assumed: 'no message',
    confidence: 'uncertain',
    usedIn: 'server/session.ts',
  },
  {
    id: 'statusPlace',
    question: 'Where does interactionStatus stand beside a toolCall?',
    assumed: 'beside toolCall',
    confidence: 'disputed',
    usedIn: 'protocol/events.ts: both are read',
  },
  {
    id: 'statusOnPlain38',
    question: 'Does plain 3.8 send interactionStatus with turnComplete?',
    assumed: 'absent',
    confidence: 'uncertain',
    usedIn: 'protocol/models.ts: endOfTurn',
  },
  {
    id: 'usagePerTurn',
    question: 'Is usageMetadata that of the turn, with the whole context as its prompt?',
    assumed: 'of the turn',
    confidence: 'disputed',
    usedIn: 'server/usage.ts',
  },
  {
    id: 'unaskedTranscription',
    question: 'Which transcriptions come unasked on 3.8?',
    assumed: 'outputTranscription',
    confidence: 'uncertain',
    usedIn: 'protocol/models.ts: unaskedTranscription',
  },
  {
    id: 'markersUnderAutoVad',
    question: 'How is activityStart refused under automatic detection?',
    assumed: closeText(ASSUMED.markersUnderAutoVad),
    confidence: 'uncertain',
    usedIn: 'server/refusal.ts: ASSUMED',
  },
  {
    id: 'idleTimeout',
    question: 'When is a session without a turn closed, and how?',
    assumed: 'not within the time of the probe',
    confidence: 'uncertain',
    usedIn: 'server/lifetime.ts: no idle timeout',
  },
  {
    id: 'unknownVoice',
    question: 'How is an unknown voice refused?',
    assumed: closeText(ASSUMED.unknownVoice).replace('{voice}', 'Nobody'),
    confidence: 'uncertain',
    usedIn: 'server/setupRules.ts: ASSUMED',
  },
  {
    id: 'defaultVoice',
    question: 'Which voice speaks when none is named?',
    assumed: 'not told on the wire',
    confidence: 'uncertain',
    usedIn: 'protocol/voices.ts: the server decides',
  },
  {
    id: 'libraryVoice',
    question: 'Does 3.8 take the library voices other than en-us-tavi?',
    assumed: 'setupComplete',
    confidence: 'uncertain',
    usedIn: 'protocol/voices.ts: LIBRARY_VOICES',
  },
  {
    id: 'permissionTexts',
    question: 'What does a close for want of permission say?',
    assumed: 'cannot be provoked with a good key',
    confidence: 'uncertain',
    usedIn: 'protocol/closeReasons.ts: permission',
  },
  {
    id: 'vertexBearer',
    question: 'Is a bad Bearer on Vertex refused at the upgrade?',
    assumed: '101',
    confidence: 'uncertain',
    usedIn: 'server/doors.ts: every upgrade is let in, and refused after setup',
  },
  {
    id: 'videoTokens',
    question: 'How many tokens is a frame of video on 3.x at low resolution?',
    assumed: String(ASSUMED.imageTokens.MEDIA_RESOLUTION_LOW),
    confidence: 'uncertain',
    usedIn: 'server/usage.ts: ASSUMED',
  },
  {
    id: 'oldModels',
    question: 'Are the models of 2.5 native audio still served?',
    assumed: 'all',
    confidence: 'uncertain',
    usedIn: 'protocol/models.ts: status',
  },
  {
    id: 'transcribeWay',
    question: 'How does the transcribing model tell the words?',
    assumed: 'inputTranscription',
    confidence: 'disputed',
    usedIn: 'server/turns.ts: so it does; turns/reading.ts takes either',
  },
  {
    id: 'turnsOfJobs',
    question: 'Do turns of the translating and of the transcribing model end?',
    assumed: 'neither',
    confidence: 'disputed',
    usedIn: 'protocol/models.ts: turnSignal',
  },
  {
    id: 'translationTarget',
    question: 'Must the translating model be told a language?',
    assumed: 'setupComplete without one',
    confidence: 'uncertain',
    usedIn: 'config/refuse.ts: a warning',
  },
  {
    id: 'translatedText',
    question: 'Does the translating model take what is typed?',
    assumed: 'answered',
    confidence: 'uncertain',
    usedIn: 'protocol/models.ts: takesText',
  },
  {
    id: 'undocumentedSettings',
    question: 'Which settings do models refuse whose pages say nothing of them?',
    assumed: 'none',
    confidence: 'uncertain',
    usedIn: 'server/setupRules.ts: taken; config/refuse.ts sends them',
  },
] as const satisfies readonly OpenQuestion[];

export type OpenQuestionId = (typeof OPEN_QUESTIONS)[number]['id'];
