/** How an answer comes about: thought by the brain, spoken as it is thought, held up by calls. */
import type { ServerContent } from '../protocol/messages.ts';
import type { AnswerStream } from './answer.ts';
import type { BrainPiece } from './brain/brain.ts';
import { BUILT_IN } from './brain/builtIn.ts';
import type { CallResult, Calls, PendingCall } from './calls.ts';
import { messageOf, type Turn, type TurnsOptions } from './turn.ts';
import { NO_TOKENS, textTokens } from './usage.ts';

export type ThinkingHandlers = {
  /** What has been sent is part of the conversation, and so are these calls. */
  keepSent(turn: Turn, calls?: readonly PendingCall[]): void;
  tellOver(turn: Turn, content: ServerContent): void;
};

type Wanted = { name: string; args: Record<string, unknown> };

/** What a model that thinks long says before it calls. */
const FILLER = 'One moment. ';

export class Thinking {
  readonly #options: TurnsOptions;
  readonly #calls: Calls;
  readonly #handlers: ThinkingHandlers;

  constructor(options: TurnsOptions, calls: Calls, handlers: ThinkingHandlers) {
    this.#options = options;
    this.#calls = calls;
    this.#handlers = handlers;
  }

  /** Answers what the context ends with, again after each call that the answer had to wait for. */
  async answer(turn: Turn, stream: AnswerStream): Promise<void> {
    const { context, engines, setup, now } = this.#options;
    const { signal } = turn.abort;
    const brain = await engines.brain;
    signal.throwIfAborted();
    let goesOn = true;
    while (goesOn) {
      turn.prompt = context.tokens;
      const { system, turns, tools } = context;
      const temperature = setup.generationConfig?.temperature;
      const request = { system, turns: [...turns], tools, now: now(), temperature };
      const wanted: Wanted[] = [];
      const pieces = brain.think(request, signal);
      await stream.say(this.#wordsOf(pieces, wanted, stream, signal));
      signal.throwIfAborted();
      goesOn = await this.#call(turn, stream, wanted);
    }
  }

  /** What the context ends with in another language; in its own where nothing here knows another. */
  async translate(turn: Turn, stream: AnswerStream): Promise<void> {
    const { context, engines, setup, now } = this.#options;
    const { signal } = turn.abort;
    const brain = await engines.brain;
    signal.throwIfAborted();
    const last = context.turns.at(-1);
    if (last?.role !== 'user') return;
    turn.prompt = { ...NO_TOKENS, TEXT: textTokens(last.text) };
    const { translationConfig, temperature } = setup.generationConfig ?? {};
    const target = translationConfig?.targetLanguageCode;
    if (target === undefined || brain.name === BUILT_IN.name) {
      await stream.say(once(last.text));
      return;
    }
    const system = [context.system, instructionFor(target)].filter(Boolean).join('\n\n');
    const request = { system, turns: [last], tools: [], now: now(), temperature };
    await stream.say(this.#wordsOf(brain.think(request, signal), [], stream, signal));
  }

  /** What is to be said of what is thought. A brain that fails leaves a sentence. */
  async *#wordsOf(
    pieces: AsyncIterable<BrainPiece>,
    wanted: Wanted[],
    stream: AnswerStream,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    try {
      for await (const piece of pieces) {
        if ('text' in piece) yield piece.text;
        else if ('thought' in piece) stream.think(piece.thought);
        else wanted.push(piece.call);
      }
    } catch (error) {
      if (signal.aborted) throw error;
      this.#options.onFault(`the brain failed: ${messageOf(error)}`);
      yield ' I cannot answer: what thinks for me has failed.';
    }
  }

  /** True where the answer goes on, with the results. */
  async #call(turn: Turn, stream: AnswerStream, wanted: readonly Wanted[]): Promise<boolean> {
    const { profile, send, context, onFault } = this.#options;
    const known = wanted.filter(({ name }) => context.tools.some((tool) => tool.name === name));
    for (const { name } of wanted.filter((call) => !known.includes(call))) {
      onFault(`the brain called ${name}, which is not declared`);
    }
    if (known.length === 0) return false;
    const thinksLong = profile.endOfTurn.value === 'interactionIdle';
    if (thinksLong) await this.#fill(turn, stream);
    const calls = known.map(({ name, args }) =>
      this.#calls.open(name, args, this.#behaviorOf(name)),
    );
    this.#handlers.keepSent(turn, calls);
    turn.shown = true;
    send({
      toolCall: { functionCalls: calls.map(({ id, name, args }) => ({ id, name, args })) },
      ...(thinksLong && { interactionStatus: 'IN_PROGRESS' }),
    });
    if (!this.#calls.blocking) return false;
    for (const { call, response } of await resultsFor(turn)) {
      context.addResult(call.id, call.name, response);
    }
    return true;
  }

  /** Something is said, and the turn is over for now: what is called for takes its time. */
  async #fill(turn: Turn, stream: AnswerStream): Promise<void> {
    if (stream.tokens.audio === 0) await stream.say(once(FILLER));
    await stream.played();
    turn.abort.signal.throwIfAborted();
    const content: ServerContent = { turnComplete: true, interactionStatus: 'IN_PROGRESS' };
    this.#handlers.tellOver(turn, content);
  }

  #behaviorOf(name: string): PendingCall['behavior'] {
    const { context, profile } = this.#options;
    const declared = context.tools.find((tool) => tool.name === name)?.behavior;
    return declared ?? profile.defaultBehavior.value;
  }
}

function instructionFor(target: string): string {
  const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' });
  return `Translate what the user says into ${names.of(target)} (${target}). Answer with the translation and nothing else.`;
}

/** Rejects with the reason of the turn's signal. */
async function resultsFor(turn: Turn): Promise<readonly CallResult[]> {
  const results: CallResult[] = [];
  const { signal } = turn.abort;
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    const goOn = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    turn.held = { results, goOn };
  });
  turn.held = undefined;
  return results;
}

export async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
