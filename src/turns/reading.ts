/** The server's events as a conversation takes them: where models and services differ, it is settled here. */
import type { LiveEvent } from '../events.ts';
import type { ModelProfile } from '../protocol/models.ts';

export class Reading {
  readonly #profile: ModelProfile;
  /** How a model that writes down what it hears tells it: the first way counts, any other is a copy. */
  #written: 'text' | 'inputTranscription' | undefined;
  /** `generationComplete` has ended the turn whose `turnComplete` may follow. */
  #ended = false;

  /** Text parts of a turn whose sound or transcription may still come. */
  #texts: LiveEvent[] = [];
  /** What this turn says has come as a transcription. */
  #isSpoken = false;
  #hasSound = false;
  /** This service answers with text parts only, so that they need not wait. */
  #writes: boolean;

  constructor(profile: ModelProfile) {
    this.#profile = profile;
    this.#writes = profile.modalities.value.includes('TEXT');
  }

  /** Of one message, in order. */
  read(events: readonly LiveEvent[]): LiveEvent[] {
    return events.flatMap((event) => this.#one(event) ?? []);
  }

  #one(event: LiveEvent): LiveEvent | LiveEvent[] | undefined {
    const { job, endOfTurn } = this.#profile;
    switch (event.type) {
      case 'generationComplete':
        if (job.value !== 'converse') {
          this.#ended = true;
          return [...this.#takeTexts(), event, { type: 'turnComplete' }];
        }
        // Of a filler: more is being thought of.
        return endOfTurn.value === 'interactionIdle'
          ? this.#takeTexts()
          : [...this.#takeTexts(), event];
      case 'interrupted':
      case 'turnComplete': {
        const texts = this.#takeTexts();
        this.#isSpoken = false;
        this.#hasSound = false;
        const isSecond = this.#ended && event.type === 'turnComplete' && event.reason === undefined;
        this.#ended = false;
        return isSecond ? texts : [...texts, event];
      }
      case 'audio':
        this.#hasSound = true;
        return event;
      case 'outputTranscription':
        // A text part beside it is the same words, or words that nobody says.
        this.#isSpoken = true;
        this.#writes = false;
        this.#texts = [];
        return event;
      case 'inputTranscription':
        if (job.value !== 'transcribe' || event.interim) return event;
        this.#written ??= 'inputTranscription';
        return this.#written === 'text' ? undefined : { type: 'text', text: event.text };
      case 'text':
        if (job.value !== 'transcribe') return this.#text(event);
        this.#written ??= 'text';
        return this.#written === 'text' ? event : undefined;
      default:
        return event;
    }
  }

  /** Text parts are what the model says only where nothing is spoken, which shows at the end of the turn. */
  #text(event: LiveEvent): LiveEvent | undefined {
    if (this.#isSpoken) return undefined;
    if (this.#writes) return event;
    this.#texts.push(event);
    return undefined;
  }

  #takeTexts(): LiveEvent[] {
    const texts = this.#texts;
    this.#texts = [];
    if (texts.length > 0 && !this.#hasSound) this.#writes = true;
    return texts;
  }
}
