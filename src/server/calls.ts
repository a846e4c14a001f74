/** Calls of the model that the client has not answered yet. */
import { randomInt, randomUUID } from 'node:crypto';
import type { FunctionBehavior, FunctionResponse } from '../protocol/messages.ts';
import { ASSUMED } from '../protocol/openQuestions.ts';
import type { BrainCall } from './brain/brain.ts';
import { invalidArgument, Refusal } from './refusal.ts';

export type PendingCall = BrainCall & { behavior: FunctionBehavior };

/** A result in order: it belongs to a call, and more of it may follow. */
export type CallResult = {
  call: PendingCall;
  response: Record<string, unknown>;
  scheduling: NonNullable<FunctionResponse['scheduling']>;
  /** No more of it comes. */
  last: boolean;
};

const SCHEDULINGS: readonly string[] = ['SILENT', 'WHEN_IDLE', 'INTERRUPT'];
/** A client may answer a call while its cancellation is on the way. */
const MAX_CANCELLED = 1000;

export class Calls {
  readonly #vertex: boolean;
  readonly #pending = new Map<string, PendingCall>();
  readonly #cancelled = new Set<string>();

  constructor(vertex: boolean) {
    this.#vertex = vertex;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Some call holds up the conversation. */
  get blocking(): boolean {
    return [...this.#pending.values()].some(({ behavior }) => behavior === 'BLOCKING');
  }

  open(name: string, args: Record<string, unknown>, behavior: FunctionBehavior): PendingCall {
    const id = this.#vertex ? randomUUID() : `function-call-${randomInt(2 ** 47)}`;
    const call = { id, name, args, behavior };
    this.#pending.set(id, call);
    return call;
  }

  /** Undefined for a call that was cancelled. @throws Refusal where no such call was made */
  take({ id, name, response, scheduling, willContinue }: FunctionResponse): CallResult | undefined {
    if (id === undefined && !this.#vertex) throw invalidArgument();
    const call =
      id === undefined
        ? [...this.#pending.values()].find((pending) => pending.name === name)
        : this.#pending.get(id);
    if (!call) {
      if (id !== undefined && this.#cancelled.has(id)) return undefined;
      throw new Refusal(1008, 'Requested entity was not found.');
    }
    if (willContinue !== true) this.#pending.delete(call.id);
    const result = response ?? {};
    const inside = ASSUMED.schedulingInResponse ? result['scheduling'] : undefined;
    return {
      call,
      response: result,
      // Older pages put it into the response.
      scheduling: schedulingOf(scheduling) ?? schedulingOf(inside) ?? 'WHEN_IDLE',
      last: willContinue !== true,
    };
  }

  /** The ids of those that held up the conversation. */
  cancelBlocking(): string[] {
    const ids = [...this.#pending.values()]
      .filter(({ behavior }) => behavior === 'BLOCKING')
      .map(({ id }) => id);
    for (const id of ids) {
      this.#pending.delete(id);
      this.#cancelled.add(id);
    }
    for (const id of this.#cancelled) {
      if (this.#cancelled.size <= MAX_CANCELLED) break;
      this.#cancelled.delete(id);
    }
    return ids;
  }
}

const schedulingOf = (value: unknown): CallResult['scheduling'] | undefined =>
  typeof value === 'string' && SCHEDULINGS.includes(value)
    ? (value as CallResult['scheduling'])
    : undefined;
