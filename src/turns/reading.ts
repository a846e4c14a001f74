/** The server's events as a conversation takes them: where models differ, their profile settles it here. */
import type { LiveEvent } from '../events.ts';
import type { ModelProfile } from '../protocol/models.ts';

export class Reading {
  readonly #profile: ModelProfile;
  /** How a model that writes down what it hears tells it: the first way counts, any other is a copy. */
  #written: 'text' | 'inputTranscription' | undefined;
  /** `generationComplete` has ended the turn whose `turnComplete` may follow. */
  #ended = false;

  constructor(profile: ModelProfile) {
    this.#profile = profile;
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
          return [event, { type: 'turnComplete' }];
        }
        // Of a filler: more is being thought of.
        return endOfTurn.value === 'interactionIdle' ? undefined : event;
      case 'turnComplete': {
        const isSecond = this.#ended && event.reason === undefined;
        this.#ended = false;
        return isSecond ? undefined : event;
      }
      case 'inputTranscription':
        if (job.value !== 'transcribe' || event.interim) return event;
        this.#written ??= 'inputTranscription';
        return this.#written === 'text' ? undefined : { type: 'text', text: event.text };
      case 'text':
        if (job.value !== 'transcribe') return event;
        this.#written ??= 'text';
        return this.#written === 'text' ? event : undefined;
      default:
        return event;
    }
  }
}
