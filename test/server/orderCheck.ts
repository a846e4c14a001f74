/** The rules of live-api.md §4 for what a server sends, checked message by message. */
import type { Received } from '../support/liveClient.ts';

export type OrderOptions = { compresses: boolean; thinksLong: boolean };

export class OrderCheck {
  readonly wrong: string[] = [];
  readonly #messages: readonly Received[];
  readonly #options: OrderOptions;
  #read = 0;
  /** Something of a turn has been said or called, and its `turnComplete` has not come. */
  #open = false;
  #generated = false;
  #interrupted = false;
  #promptTokens = 0;
  /** Calls that wait for an answer, as far as the server has told: it never says that one has been answered. */
  readonly #called = new Set<string>();
  /** As last told; undefined: nothing has been. */
  #resumable: boolean | undefined;

  constructor(messages: readonly Received[], options: OrderOptions) {
    this.#messages = messages;
    this.#options = options;
  }

  /** As the client sees it: the last that came was a handle, or nothing has begun. */
  get idle(): boolean {
    return this.#resumable !== false && !this.#open;
  }

  readOn(): void {
    for (; this.#read < this.#messages.length; this.#read++) {
      const message = this.#messages[this.#read];
      if (message) this.#look(message);
    }
  }

  /** What came, in short. */
  story(): string {
    return this.#messages.map((message) => kindsOf(message).join('+')).join(' ');
  }

  #fail(what: string): void {
    this.wrong.push(`message ${this.#read}: ${what}`);
  }

  #look(message: Received): void {
    const { serverContent, toolCall, toolCallCancellation, sessionResumptionUpdate } = message;
    if (serverContent) this.#lookAtContent(message);
    for (const { id = '' } of toolCall?.functionCalls ?? []) {
      if (this.#interrupted) this.#fail('a call between interrupted and turnComplete');
      if (this.#called.has(id)) this.#fail(`${id} is called again`);
      this.#called.add(id);
      this.#open ||= !this.#options.thinksLong;
    }
    for (const id of toolCallCancellation?.ids ?? []) {
      if (!this.#called.delete(id)) this.#fail(`${id} is cancelled and was not called`);
    }
    if (!sessionResumptionUpdate) return;
    const { resumable = false, newHandle = '' } = sessionResumptionUpdate;
    if (resumable !== (newHandle !== '')) this.#fail('a handle that is none');
    if (resumable && this.#open) this.#fail('resumable in the midst of a turn');
    this.#resumable = resumable;
  }

  #lookAtContent({ serverContent = {}, usageMetadata }: Received): void {
    const { modelTurn, outputTranscription, inputTranscription } = serverContent;
    const says = modelTurn !== undefined || outputTranscription !== undefined;
    if (says || serverContent.generationComplete || inputTranscription) {
      if (this.#interrupted) this.#fail('content between interrupted and turnComplete');
      if (this.#generated) this.#fail('content between generationComplete and turnComplete');
      if (this.#resumable) this.#fail('content while the client may think that nothing goes on');
      this.#open = true;
    }
    if (serverContent.generationComplete) this.#generated = true;
    if (serverContent.interrupted) {
      if (this.#interrupted) this.#fail('interrupted twice');
      if (!this.#open) this.#fail('interrupted where nothing was said');
      this.#interrupted = true;
    }
    if (serverContent.turnComplete) this.#endTurn(serverContent.interactionStatus, usageMetadata);
    else if (usageMetadata) this.#fail('usage in the midst of a turn');
  }

  #endTurn(status: string | undefined, usage: Received['usageMetadata']): void {
    if (!this.#open) this.#fail('turnComplete of nothing');
    if (this.#options.thinksLong !== (status !== undefined)) this.#fail(`status ${status}`);
    const inProgress = status === 'IN_PROGRESS';
    if (!this.#generated && !this.#interrupted && !inProgress)
      this.#fail('turnComplete without generationComplete or interrupted');
    if (!usage) return this.#fail('turnComplete without usage');
    const { promptTokenCount: prompt = 0, totalTokenCount: total = 0 } = usage;
    const response = usage.responseTokenCount ?? usage.candidatesTokenCount ?? 0;
    if (total !== prompt + response) this.#fail(`${prompt} + ${response} tokens are not ${total}`);
    if (prompt < this.#promptTokens && !this.#options.compresses)
      this.#fail(`a prompt of ${prompt} tokens after one of ${this.#promptTokens}`);
    this.#promptTokens = prompt;
    this.#open = false;
    this.#generated = false;
    this.#interrupted = false;
  }
}

function kindsOf({ serverContent, at: _at, ...others }: Received): string[] {
  return [...Object.keys(others), ...Object.keys(serverContent ?? {})].filter(
    (key) => key !== 'usageMetadata',
  );
}
