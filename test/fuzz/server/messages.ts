/** Messages by the server's own schema, right ones and ones with a single thing wrong. */
import { CLIENT_SCHEMA, type Shape } from '../../../src/server/schema.ts';
import type { Chance } from './random.ts';

type Fields = { readonly [field: string]: Shape };
type Site = { holder: Record<string, unknown>; key: string; shape: Shape };

/** A value that the schema takes, and its places. */
export class Message {
  readonly value: Record<string, unknown> = {};
  /** Fields with a type of their own. */
  readonly #sites: Site[] = [];
  /** Objects whose fields are all known. */
  readonly #objects: Record<string, unknown>[] = [this.value];
  readonly #chance: Chance;

  /** `key`: of the five kinds of message. */
  constructor(chance: Chance, key: string) {
    this.#chance = chance;
    this.#put(this.value, key, fieldsOf(CLIENT_SCHEMA)[key] ?? 'any', 0);
  }

  #put(holder: Record<string, unknown>, key: string, shape: Shape, depth: number): void {
    const name = this.#chance.is(0.2) ? snakeCase(key) : key;
    holder[name] = this.#make(shape, depth);
    if (shape !== 'any') this.#sites.push({ holder, key: name, shape });
  }

  #make(shape: Shape, depth: number): unknown {
    const chance = this.#chance;
    if (shape instanceof Set) return chance.one([...(shape as ReadonlySet<string>)]);
    if (Array.isArray(shape)) {
      const [item] = shape as readonly [Shape];
      return Array.from({ length: chance.below(3) }, () => this.#make(item, depth + 1));
    }
    if (typeof shape === 'object') {
      const object: Record<string, unknown> = {};
      this.#objects.push(object);
      for (const [key, inner] of Object.entries(shape as Fields)) {
        if (inner === 'refused' || !chance.is(depth === 0 ? 0.4 : 0.3)) continue;
        if (inner !== 'struct' && chance.is(0.05)) object[key] = null;
        else this.#put(object, key, inner, depth + 1);
      }
      return object;
    }
    return this.#scalar(shape);
  }

  #scalar(shape: Extract<Shape, string>): unknown {
    const chance = this.#chance;
    switch (shape) {
      case 'string':
        return chance.text(20);
      case 'bool':
        return chance.is(0.5);
      case 'int':
        return chance.one([0, 1, -1, 20, 800, '17', 2 ** 31, '9007199254740991']);
      case 'float':
        return chance.one([0, 0.5, -1.5, '0.25', 1e300]);
      case 'bytes':
        return chance.bytes(chance.below(40)).toString(chance.is(0.5) ? 'base64' : 'base64url');
      case 'struct':
        return { [chance.text(5)]: this.#anything(2) };
      case 'openApi':
        return this.#openApi(2);
      default:
        return this.#anything(3);
    }
  }

  /** The schema of a value, as `parameters` has it. */
  #openApi(depth: number): unknown {
    const chance = this.#chance;
    const inner = (): unknown => this.#openApi(depth - 1);
    return {
      type: chance.one(['OBJECT', 'STRING', 'integer']),
      ...(chance.is(0.3) && { enum: [chance.text(5)] }),
      ...(chance.is(0.3) && { max_items: '3', nullable: true }),
      ...(chance.is(0.2) && { default: this.#anything(1) }),
      ...(depth > 0 && chance.is(0.5) && { properties: { [chance.text(5)]: inner(), b: inner() } }),
      ...(depth > 0 && chance.is(0.3) && { items: inner(), anyOf: [inner()] }),
    };
  }

  #anything(depth: number): unknown {
    const chance = this.#chance;
    if (depth === 0 || chance.is(0.4)) return chance.one<unknown>([true, null, 0, 'x', -1e9, '']);
    if (chance.is(0.3)) return [this.#anything(depth - 1), this.#anything(depth - 1)];
    return { [chance.text(5)]: this.#anything(depth - 1), __proto: 1 };
  }

  /** A name that nobody knows, anywhere. */
  addUnknown(): string {
    const name = this.#chance.one(['unknown', 'toString', 'model_', 'Setup', 'constructor', 'é']);
    this.#chance.one(this.#objects)[name] = this.#anything(2);
    return name;
  }

  /** A value of another type, anywhere. */
  breakOne(): void {
    const { holder, key, shape } = this.#chance.one(this.#sites);
    holder[key] = this.#chance.one(wrongFor(shape));
  }
}

const fieldsOf = (shape: Shape): Fields => shape as Fields;
const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What proto3's JSON takes for nothing of this type. */
function wrongFor(shape: Shape): readonly unknown[] {
  if (shape instanceof Set) return ['NOPE', 5, true, {}, [], ''];
  if (Array.isArray(shape)) return [{}, 'x', 5, true, ...(shape[0] === 'any' ? [] : [[null]])];
  if (typeof shape === 'object') return ['x', 5, true, [], [{}]];
  switch (shape) {
    case 'string':
      return [5, true, {}, []];
    case 'bool':
      return ['true', 1, 0, {}, []];
    case 'int':
      return ['x', 1.5, {}, true, '', ' ', [], '1e999', 2 ** 60];
    case 'float':
      return ['x', {}, true, '', [], '1e999', 'NaN'];
    case 'bytes':
      return ['no base64!', 5, {}, true, 'AAAA=A', []];
    case 'struct':
      return ['x', 5, true, [], [{}], null];
    case 'openApi':
      return ['x', 5, [], { additionalProperties: false }, { items: { $ref: 'x' } }, { enum: [1] }];
    default:
      return [5];
  }
}
