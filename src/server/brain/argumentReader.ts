/** Arguments of a function out of a sentence, by its schema (JSON Schema, or the OpenAPI subset). */
import { digitsForWords } from './numbers.ts';

type Schema = {
  type?: unknown;
  enum?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: unknown;
};

/** What stands before the words that a function is about. */
const MARK = /\b(?:in|at|for|to|of|about|named|called|from|on|with)\b/gi;
const ON = /\b(?:on|yes|true|enabled?|start)\b/i;
const OFF = /\b(?:off|no|not|false|disabled?|stop)\b/i;
/** Words that carry no meaning of their own. */
const STOP_WORDS = new Set(
  (
    'please can could would will you i me my we us is are was be what whats which how s like want need to of for in at on ' +
    'with about and it its this that now today turn switch using use named called from'
  ).split(' '),
);

export class ArgumentReader {
  /** Required, and not found. */
  readonly missing: string[] = [];
  readonly #text: string;
  readonly #skip: ReadonlySet<string>;
  readonly #stem: (word: string) => string;
  readonly #numbers: number[];
  readonly #phrases: string[];

  /** `skip`: words, stemmed, that belong to the name of the function. */
  constructor(text: string, skip: ReadonlySet<string>, stem: (word: string) => string) {
    this.#text = text.trim();
    this.#skip = skip;
    this.#stem = stem;
    const digits = digitsForWords(this.#text.replace(/[?!,;]|\.(?!\d)/g, ' '));
    this.#numbers = (digits.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
    this.#phrases = this.#phrasesIn();
  }

  read(schema: unknown): Record<string, unknown> {
    const { properties = {}, required } = (schema ?? {}) as Schema;
    const args: Record<string, unknown> = {};
    const needed = Array.isArray(required) ? required : [];
    for (const [name, property] of Object.entries(properties)) {
      const value = this.#value(property ?? {});
      if (value !== undefined) args[name] = value;
      else if (needed.includes(name)) this.missing.push(name);
    }
    return args;
  }

  #value(schema: Schema): unknown {
    if (Array.isArray(schema.enum)) return this.#enumValue(schema.enum);
    const type = String(Array.isArray(schema.type) ? schema.type[0] : schema.type).toLowerCase();
    if (type === 'number') return this.#numbers.shift();
    if (type === 'integer') return this.#integer();
    if (type === 'boolean') {
      if (OFF.test(this.#text)) return false;
      return ON.test(this.#text) ? true : undefined;
    }
    if (type === 'string') return this.#phrases.shift();
    if (type === 'array') return this.#list(schema.items ?? {});
    return type === 'object' ? this.read(schema) : undefined;
  }

  #integer(): number | undefined {
    const at = this.#numbers.findIndex(Number.isInteger);
    return at === -1 ? undefined : this.#numbers.splice(at, 1)[0];
  }

  #enumValue(values: readonly unknown[]): unknown {
    const said = ` ${this.#text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
    return values.find((value) => {
      const words = String(value)
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, ' ')
        .trim();
      return words !== '' && said.includes(` ${words} `);
    });
  }

  #list(items: Schema): unknown[] | undefined {
    const type = String(items.type).toLowerCase();
    if (type === 'number' || type === 'integer') {
      return this.#numbers.length === 0 ? undefined : this.#numbers.splice(0);
    }
    const phrase = this.#phrases.shift();
    return phrase?.split(/\s*,\s*(?:and\s+)?|\s+and\s+/).filter((word) => word !== '');
  }

  /** What stands after `in`, `for` and the like, in order; else what is left of the sentence. */
  #phrasesIn(): string[] {
    const [rest = '', ...marked] = this.#text.replace(/[?!.]+(?=\s|$)/g, '').split(MARK);
    const phrases = marked.map((part) => this.#meaning(part)).filter((phrase) => phrase !== '');
    // `for two at Luigi's`: a number is no name where there is another.
    const names = phrases.filter((phrase) => !/^[\d\s.]+$/.test(digitsForWords(phrase)));
    if (phrases.length > 0) return names.length > 0 ? names : phrases;
    const left = this.#meaning(rest);
    return left === '' ? [] : [left];
  }

  /** Without the words at its ends that mean nothing here. */
  #meaning(part: string): string {
    const words = part.trim().split(/\s+/);
    const isEmpty = (word: string): boolean => {
      const plain = word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
      return plain === '' || STOP_WORDS.has(plain) || this.#skip.has(this.#stem(plain));
    };
    while (words.length > 0 && isEmpty(words[0] ?? '')) words.shift();
    while (words.length > 0 && isEmpty(words.at(-1) ?? '')) words.pop();
    return words.join(' ').replace(/[,;:]+$/, '');
  }
}
