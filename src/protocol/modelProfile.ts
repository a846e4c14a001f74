/** What is known of a Live model: the shape of the table in models.ts. Types only. */
import type { Fact } from './facts.ts';
import type { ThinkingLevel } from './messages.ts';

export type ModelStatus = 'current' | 'preview' | 'deprecated' | 'retired' | 'unknown';
export type Platform = 'gemini' | 'vertex';

export type ThinkingRule =
  /** No thinkingConfig at all: the model decides. */
  | { kind: 'omit' }
  | {
      kind: 'levels';
      levels: readonly ThinkingLevel[];
      /** What the model does when nothing is asked for. */
      defaultLevel?: ThinkingLevel;
      /** The model refuses a setup without a level or a budget. gemlive sends this level when the user asks for none. */
      requiredLevel?: ThinkingLevel;
      /** The model takes a budget in place of a level. */
      takesBudget?: boolean;
    }
  /** A number of tokens; 0 is off, -1 dynamic. */
  | { kind: 'budget' };

/**
 * `optional`: the model does it on request. `always`: the model does it anyway and takes the request. `builtIn`: the
 * model does it anyway, and the request is an error. `refused`: the model does not do it, and the request is an error.
 */
export type FlagRule = 'optional' | 'always' | 'builtIn' | 'refused';

/** What a model does with what it hears: answers it, says it in another language, or writes it down. */
export type Job = 'converse' | 'translate' | 'transcribe';

/**
 * How a language is asked for. `code`: `speechConfig.languageCode`. `words`: a sentence of system
 * instruction. `hint`: what is spoken, for the transcription. `target`: only as what is translated into.
 */
export type LanguageWay = 'code' | 'words' | 'hint' | 'target';

export type ModelFacts = {
  readonly job: Fact<Job>;
  /** What is typed is answered, too. */
  readonly takesText: Fact<boolean>;
  /** What a reply can be made of; the first is the default. */
  readonly modalities: Fact<readonly ('AUDIO' | 'TEXT')[]>;
  readonly thinking: Fact<ThinkingRule>;
  /**
   * How typed text goes out: `clientContent` all session long, or history as a seed first and then
   * `realtimeInput.text`.
   */
  readonly textPath: Fact<'clientContent' | 'seedThenRealtime'>;
  /** The roles that the turns of `clientContent` may have. `optional`: a turn without a role is the user's. */
  readonly contentRole: Fact<'required' | 'optional'>;
  /** What the model does with sound in the deprecated `mediaChunks`: hears the first chunk, or nothing. */
  readonly mediaChunks: Fact<'heard' | 'ignored'>;
  /** What makes the model idle again. */
  readonly endOfTurn: Fact<'turnComplete' | 'interactionIdle'>;
  /** The service's last word of a turn, or, of a job that has no turns, none. */
  readonly turnSignal: Fact<'turnComplete' | 'generationComplete' | 'none'>;
  readonly partsPerEvent: Fact<'one' | 'many'>;
  readonly affective: Fact<FlagRule>;
  /** How the service closes on `enableAffectiveDialog`, where the model refuses it: 1007 or 1011. */
  readonly affectiveRefusal: Fact<'argument' | 'internal'>;
  readonly proactive: Fact<FlagRule>;
  /** What the model does with temperature, topP, topK and candidateCount. */
  readonly sampling: Fact<'used' | 'ignored'>;
  /** What the model does with presencePenalty and frequencyPenalty. */
  readonly penalties: Fact<'used' | 'refused'>;
  readonly functions: Fact<'none' | 'blocking' | 'both' | 'nonBlocking'>;
  /** What happens when nothing is asked for. */
  readonly defaultBehavior: Fact<'BLOCKING' | 'NON_BLOCKING'>;
  readonly scheduling: Fact<boolean>;
  /** What realtime input does to a call that holds up the conversation. */
  readonly inputWhileCalling: Fact<'cancels' | 'refused'>;
  readonly search: Fact<boolean>;
  readonly codeExecution: Fact<boolean>;
  readonly language: Fact<LanguageWay>;
  /** Has the voices of the library (`en-us-…`) beside the thirty classic ones. */
  readonly libraryVoices: Fact<boolean>;
  readonly translation: Fact<boolean>;
  readonly turnCoverageDefault: Fact<'activity' | 'activityAndVideo'>;
  /** `audioStreamEnd` makes it answer at once. */
  readonly audioStreamEnd: Fact<boolean>;
  readonly contextTokens: Fact<number>;
  /** Transcription that comes even where it was not asked for. */
  readonly unaskedTranscription: Fact<'none' | 'input' | 'output'>;
  /** Resumption updates that come even where they were not asked for. */
  readonly unaskedResumption: Fact<boolean>;
  /** The service reports speech (`voiceActivity`) without being asked. */
  readonly unaskedVoiceActivity: Fact<boolean>;
  readonly contextUpdate: Fact<boolean>;
  /** Its words for TEXT where it only speaks: see the close reasons. */
  readonly textRefusal: Fact<'combination' | 'voices'>;
  /** A receipt for each turn with all of its context, or for each second what that second took. */
  readonly usage: Fact<'turn' | 'second'>;
  readonly price: Fact<Price> | undefined;
};

export type ModelProfile = ModelFacts & {
  readonly id: string;
  readonly status: ModelStatus;
  readonly since?: string;
  readonly platforms: readonly Platform[];
  readonly summary: string;
  /** What is different on Vertex AI. */
  readonly onVertex?: Partial<ModelFacts>;
};

/** USD per million tokens. */
export type Price = {
  textIn: number;
  audioIn: number;
  imageIn: number;
  textOut: number;
  audioOut: number;
};
