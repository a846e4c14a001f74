/**
 * Whether the user speaks, from two detectors: the local one is quick, and the server's is the one that counts. Where
 * the server reports nothing, the local detector decides alone.
 */
import type { LiveEvent } from '../events.ts';

export type UserActivityHandlers = {
  onChange(speaking: boolean): void;
  /** The server has heard the end. False: the local detector hears a voice now, which is another utterance. */
  endUtterance(): boolean;
};

export class UserActivity {
  readonly #handlers: UserActivityHandlers;
  #local = false;
  #server = false;
  #speaking = false;

  constructor(handlers: UserActivityHandlers) {
    this.#handlers = handlers;
  }

  local(speaking: boolean): void {
    this.#local = speaking;
    this.#settle();
  }

  server(event: LiveEvent): void {
    switch (event.type) {
      case 'voiceActivity':
        this.#server = event.activity === 'start';
        if (event.activity === 'end' && this.#handlers.endUtterance()) this.#local = false;
        break;
      // The server answers, or is a new one: an end that it has not reported will not come.
      case 'setupComplete':
      case 'audio':
      case 'text':
      case 'outputTranscription':
      case 'turnComplete':
        this.#server = false;
        break;
      default:
        return;
    }
    this.#settle();
  }

  #settle(): void {
    const speaking = this.#local || this.#server;
    if (speaking === this.#speaking) return;
    this.#speaking = speaking;
    this.#handlers.onChange(speaking);
  }
}
