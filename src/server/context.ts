/**
 * What the model has before it: instruction, tools and everything said, each with its tokens by modality.
 * Entries are never changed, so that a state kept for resumption costs a list.
 */
import type { BrainCall, BrainTurn } from './brain/brain.ts';
import type { FunctionDeclaration } from '../protocol/messages.ts';
import { addTokens, NO_TOKENS, sumOf, textTokens, type Tokens } from './usage.ts';

export type Entry = BrainTurn & { tokens: Tokens };

/** A context at one moment. */
export type ContextState = {
  system: string;
  tools: readonly FunctionDeclaration[];
  entries: readonly Entry[];
  /** So many entries were given as history at the beginning: compression leaves them. */
  seeded: number;
};

export const EMPTY_CONTEXT: ContextState = { system: '', tools: [], entries: [], seeded: 0 };

export class Context {
  system: string;
  tools: readonly FunctionDeclaration[];
  #entries: Entry[];
  #seeded: number;
  /** Of all entries. */
  #tokens: Tokens;

  constructor({ system, tools, entries, seeded }: ContextState) {
    this.system = system;
    this.tools = tools;
    this.#entries = [...entries];
    this.#seeded = seeded;
    this.#tokens = entries.reduce((sum, { tokens }) => addTokens(sum, tokens), NO_TOKENS);
  }

  get state(): ContextState {
    const { system, tools } = this;
    return { system, tools, entries: [...this.#entries], seeded: this.#seeded };
  }

  get turns(): readonly BrainTurn[] {
    return this.#entries;
  }

  /** What a turn that began now would be billed as its prompt. */
  get tokens(): Tokens {
    const declared = this.tools.length === 0 ? '' : JSON.stringify(this.tools);
    return addTokens(this.#tokens, { TEXT: textTokens(this.system) + textTokens(declared) });
  }

  /** The result takes it back. */
  add(entry: Entry): () => void {
    this.#entries.push(entry);
    this.#tokens = addTokens(this.#tokens, entry.tokens);
    return () => {
      const index = this.#entries.lastIndexOf(entry);
      if (index >= 0) this.#remove(index, 1);
    };
  }

  addUser(text: string, tokens: Partial<Tokens> = { TEXT: textTokens(text) }): () => void {
    return this.add({ role: 'user', text, tokens: addTokens(NO_TOKENS, tokens) });
  }

  addModel(text: string, tokens: Partial<Tokens>, calls: readonly BrainCall[] = []): () => void {
    const all = addTokens(NO_TOKENS, tokens);
    const called = calls.length === 0 ? {} : { calls };
    return this.add({ role: 'model', text, tokens: all, ...called });
  }

  addResult(id: string, name: string, response: Record<string, unknown>): () => void {
    const tokens = addTokens(NO_TOKENS, { TEXT: textTokens(JSON.stringify(response)) });
    return this.add({ role: 'tool', id, name, response, tokens });
  }

  /** What there is so far was given as history. */
  seed(): void {
    this.#seeded = this.#entries.length;
  }

  /**
   * Above `triggerTokens` the oldest turns go until `targetTokens` are left; what stays begins with the
   * user. Instruction and seeded history stay.
   */
  compress(triggerTokens: number, targetTokens: number): void {
    if (sumOf(this.tokens) <= triggerTokens) return;
    while (this.#entries.length > this.#seeded && sumOf(this.tokens) > targetTokens) {
      const next = this.#entries.findIndex(
        ({ role }, index) => index > this.#seeded && role === 'user',
      );
      this.#remove(this.#seeded, (next < 0 ? this.#entries.length : next) - this.#seeded);
    }
  }

  #remove(index: number, count: number): void {
    for (const { tokens } of this.#entries.splice(index, count)) {
      const { TEXT, AUDIO, VIDEO } = tokens;
      this.#tokens = addTokens(this.#tokens, { TEXT: -TEXT, AUDIO: -AUDIO, VIDEO: -VIDEO });
    }
  }
}
